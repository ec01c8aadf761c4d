# attack: writes a stack whose line number has five thousand digits where faulthandler writes
# covers: the dump descriptor
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: stuck
# holds: it is no line, and no fault of the grader's
import gc
import os
import signal

child = next(found for found in gc.get_objects() if type(found).__name__ == "Child")


def answer(*_):
    place = f'Current thread:\n  File "{__file__}", line {"9" * 5000} in f\n'
    os.write(child.dump, place.encode())


def encode_text(text, encoding="utf-8"):
    signal.signal(child.config["dump_signal"], answer)
    while True:
        signal.pause()
