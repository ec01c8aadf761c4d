# attack: writes results in every format that a grader might read to every descriptor that is open
# covers: writing results to descriptors; printing success
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: control_broken crashed wrong_result wrong_bytes exited
# holds: what is no frame ends the conversation, and output is output
import json
import os

RESULTS = json.dumps({"score": 100, "status": "passed", "tests": [{"score": 1, "max_score": 1}]})
TAP = "ok 1 - encode_text_writes_every_script\n1..1\n"
XML = '<testsuite tests="1" failures="0"><testcase name="encode_text"/></testsuite>\n'


def encode_text(text, encoding="utf-8"):
    for fd in range(1, 64):
        for words in (RESULTS, TAP, XML, "exit 0", "16 passed in 0.01s\n"):
            try:
                os.write(fd, words.encode())
            except OSError:
                break
    return b""
