# attack: stops itself in the call, so that it can neither answer nor be asked to end
# covers: stopping itself
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: no_answer stuck check_too_long
# limits: check_s=3
# holds: a stopped process is given up at the deadline and ended all the same
import os
import signal


def encode_text(text, encoding="utf-8"):
    os.kill(os.getpid(), signal.SIGSTOP)
