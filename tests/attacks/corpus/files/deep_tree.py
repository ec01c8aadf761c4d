# attack: leaves folders nested eleven hundred deep, some without permissions, and names that are no text
# covers: files left behind
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none spawn
# verdict: passed
# holds: the folder is gone with the check, however deep it is
import os

start = os.getcwd()
for name in (b"\xff\n\x1b[2J", b"a\nb", b"x" * 250, b"-rf"):
    open(os.path.join(os.fsencode(start), name), "w").close()
os.mkdir("closed")
open("closed/file", "w").close()
os.chmod("closed", 0)
for _ in range(1100):
    os.mkdir("deep")
    os.chdir("deep")
os.chmod(".", 0)


def encode_text(text, encoding="utf-8"):
    return text.encode(encoding)
