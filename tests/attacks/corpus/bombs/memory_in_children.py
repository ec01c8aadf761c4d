# attack: takes memory in many children, each of which stays below the limit
# covers: 4 GB of memory; fork bombs
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# limits: memory_mb=200
# holds: the limit is for all processes of a check together
import os
import time


def encode_text(text, encoding="utf-8"):
    for _ in range(8):
        if os.fork() == 0:
            held = b"x" * (150 << 20)
            time.sleep(2)
            os._exit(len(held) & 1)
    for _ in range(8):
        os.wait()
    return text.encode(encoding)
