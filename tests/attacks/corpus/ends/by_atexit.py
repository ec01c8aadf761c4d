# attack: registers an atexit function that ends with success, then leaves by SystemExit
# covers: ending by atexit
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none spawn
# verdict: failed
# diagnosis: exited
# holds: SystemExit in a call is what the call came to; atexit functions get no say
import atexit
import os
import sys

atexit.register(print, "100 points, all checks passed")
atexit.register(os._exit, 0)


def encode_text(text, encoding="utf-8"):
    sys.exit(0)
