# attack: returns a value whose finalizer ends the process when the runner lets go of it
# covers: ending in a call; hostile results
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: exited
# holds: the next call of the same process finds nobody, and says so
import os


class Last(bytes):
    def __del__(self):
        os._exit(0)


def encode_text(text, encoding="utf-8"):
    return Last(text.encode(encoding))
