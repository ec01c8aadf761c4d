# attack: leaves a daemon by the book: fork, setsid, fork, every descriptor closed, at /
# covers: daemons
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: passed
# holds: it is found, by its namespace or by its adopter, and ended
import os
import signal
import time


def daemon():
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    os.closerange(0, 1024)
    time.sleep(60)
    os._exit(0)


def encode_text(text, encoding="utf-8"):
    daemon()
    return text.encode(encoding)
