# attack: is well-behaved where it is looked at first, and ends itself in the processes that count
# covers: ending at import; ending in a call
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: exited control_broken crashed
# holds: each check sees the process that it asks
import gc
import os

child = next(found for found in gc.get_objects() if type(found).__name__ == "Child")
kind = type(child)
genuine = kind._do_load


def encode_text(text, encoding="utf-8"):
    return text.encode(encoding)


def call(self, order):
    os._exit(0)


kind._do_call = call
