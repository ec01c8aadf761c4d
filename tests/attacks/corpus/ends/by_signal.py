# attack: kills itself with SIGKILL in the call
# covers: ending by signal
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: killed
# holds: the kernel says by which signal the process ended
import os
import signal


def encode_text(text, encoding="utf-8"):
    os.kill(os.getpid(), signal.SIGKILL)
