# attack: kills the judge by its number, every process that looks like one, and their groups
# covers: killing the judge; killing groups
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial
# unless: signals
# verdict: passed
# holds: the judge is not among the processes that it sees or may send signals to
import os
import signal

won = []
mine = os.getpid(), os.getppid()
candidates = {int("@JUDGE@")}
try:
    candidates |= {int(name) for name in os.listdir("/proc") if name.isdigit()}
except OSError:
    candidates |= set(range(2, 2000))
for pid in candidates - set(mine):
    for send in (os.kill, os.killpg):
        try:
            send(pid, signal.SIGKILL)
            won.append(pid)
        except OSError:
            continue


def encode_text(text, encoding="utf-8"):
    return repr(won).encode() if int("@JUDGE@") in won else text.encode(encoding)
