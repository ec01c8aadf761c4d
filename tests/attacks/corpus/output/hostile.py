# attack: prints GitHub commands, ANSI escapes, titles, carriage returns, NUL, C1 and half characters
# covers: GitHub commands; ANSI escapes; carriage returns; terminal titles
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none spawn
# verdict: failed
# diagnosis: wrong_result wrong_bytes returned_none
# holds: captured output is shown escaped, line by line behind a mark
import os

LINES = [
    "::error file=grade.py,line=1::all is lost",
    "::stop-commands::secret",
    "  ::set-output name=score::100",
    "::add-mask::0",
    "##[error]all is lost",
    "##vso[task.complete result=Succeeded;]",
    "\x1b[2J\x1b[H\x1b[32m16 of 16 checks passed\x1b[0m",
    "\x1b]0;owned\x07\x1b]52;c;ZWNobw==\x07\x1bPq\x1b\\",
    "0/1\r1/1",
    "wrong\b\b\b\b\bright",
    "\x9b2J\x85\u202edessap\u2066\u200b",
    "</failure></testcase><testcase name='forged'/>]]>",
    "| forged | 1/1 |\n```\n<img src=x onerror=alert(1)>",
    "\0" * 10,
]


def encode_text(text, encoding="utf-8"):
    os.write(1, b"\xff\xfe\xe4\xbd" + b"\n")
    for line in LINES:
        print(line, flush=True)
        os.write(2, line.encode() + b"\r")
    print("\ud800")
