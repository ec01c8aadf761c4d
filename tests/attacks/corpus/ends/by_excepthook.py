# attack: puts hooks that end with success where unhandled exceptions go, then raises in a call
# covers: ending in a call; hostile exceptions
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: raised_unexpectedly
# holds: the exception crosses before any hook is asked
import os
import sys
import threading


def leave(*_):
    os._exit(0)


sys.excepthook = sys.unraisablehook = threading.excepthook = leave


def encode_text(text, encoding="utf-8"):
    raise ZeroDivisionError("whoever handles this leaves with 0")
