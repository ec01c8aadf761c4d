# attack: kills its own process group and session in the call
# covers: killing groups
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: killed
# holds: the group is the learner's alone
import os
import signal


def encode_text(text, encoding="utf-8"):
    os.killpg(0, signal.SIGKILL)
