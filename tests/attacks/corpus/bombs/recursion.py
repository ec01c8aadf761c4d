# attack: calls itself for ever, with Python's own limit out of the way
# covers: deep recursion
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: crashed raised_unexpectedly
# holds: only the learner's own stack overflows
import sys

sys.setrecursionlimit(10**9)


class Deep:
    def __repr__(self):
        return repr([self])


def encode_text(text, encoding="utf-8"):
    return repr(Deep()).encode()
