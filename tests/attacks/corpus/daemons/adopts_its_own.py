# attack: makes itself the adopter of orphans, clears its parent-death signal, then ends
# covers: daemons; prctl games
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: exited sleeps_too_long stuck
# holds: its orphans go to the supervisor, and end with the check
import ctypes
import os
import time

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
prctl = ctypes.CDLL(None).prctl


def encode_text(text, encoding="utf-8"):
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for _ in range(3):
        if os.fork() == 0:
            prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0)
            os.setsid()
            if os.fork() == 0:
                time.sleep(60)
            os._exit(0)
    os._exit(0)
