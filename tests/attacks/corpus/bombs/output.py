# attack: writes 100 MB to both of its outputs in the call, then answers
# covers: 100 MB of output
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none spawn
# verdict: passed
# proves: memory
# holds: what is over the limit is counted, not kept; nobody waits for it either
import os

written = False


def encode_text(text, encoding="utf-8"):
    global written
    if not written:
        written = True
        for number in range(100):
            os.write(1 + number % 2, b"all work and no play\n" * 50_000)
    return text.encode(encoding)
