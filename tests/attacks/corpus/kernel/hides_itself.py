# attack: makes itself unreadable for the judge (PR_SET_DUMPABLE, another name), then never answers
# covers: prctl games
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# limits: check_s=3
# holds: the deadline needs no look inside
import ctypes
import signal

prctl = ctypes.CDLL(None).prctl


def encode_text(text, encoding="utf-8"):
    prctl(4, 0, 0, 0, 0)
    prctl(15, b"init) R 1 1 1\n", 0, 0, 0)
    while True:
        signal.sigtimedwait([signal.SIGUSR1], 30)
