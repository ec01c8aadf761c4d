# attack: asks for more than its share: nice, real time, one processor for itself, I/O classes
# covers: scheduling
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: passed
# holds: it may only ask for less
import os

won = []
for what, ask in {
    "nice": lambda: os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) - 5),
    "fifo": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50)),
    "rr": lambda: os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1)),
    "parent": lambda: os.sched_setscheduler(os.getppid(), os.SCHED_FIFO, os.sched_param(1)),
}.items():
    try:
        ask()
        won.append(what)
    except OSError:
        continue
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def encode_text(text, encoding="utf-8"):
    return repr(won).encode() if won else text.encode(encoding)
