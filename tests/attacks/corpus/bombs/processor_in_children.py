# attack: spends processor time in children, one after the other, each below the limit
# covers: limits
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: spinning cpu_limit
# holds: whoever of its processes runs and runs is seen
import os
import time


def encode_text(text, encoding="utf-8"):
    for _ in range(10):
        if os.fork() == 0:
            while time.process_time() < 2:
                pass
            os._exit(0)
        os.wait()
    return text.encode(encoding)
