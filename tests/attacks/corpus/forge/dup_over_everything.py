# attack: puts /dev/null in the place of every descriptor
# covers: closing descriptors
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: control_broken crashed exited
# holds: who hangs up has gone
import os


def encode_text(text, encoding="utf-8"):
    null = os.open("/dev/null", os.O_RDWR)
    for fd in range(1024):
        if fd != null:
            os.dup2(null, fd)
    return text.encode(encoding)
