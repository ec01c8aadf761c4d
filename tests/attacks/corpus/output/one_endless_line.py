# attack: prints one line of 5 MB that never ends, in characters that are three columns of nothing
# covers: 100 MB of output
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# holds: what a report shows of a line is short
import sys


def encode_text(text, encoding="utf-8"):
    for _ in range(50):
        sys.stdout.write("\u0301\u200d\u3164\x1b" * 10_000)
    sys.stdout.flush()
    return b""
