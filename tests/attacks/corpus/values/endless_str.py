# attack: raises an exception whose text never comes to an end
# covers: hostile exceptions
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: spinning
# holds: it is the learner's processor time that goes by, and it is seen
import time


class Endless(Exception):
    def __str__(self):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            pass
        return ""


def encode_text(text, encoding="utf-8"):
    raise Endless
