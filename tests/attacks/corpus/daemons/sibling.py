# attack: makes a process that is its sibling and not its child (CLONE_PARENT)
# covers: daemons
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: passed
# holds: the sibling's parent is the supervisor, whose descendants all end with the check
import ctypes
import os
import signal
import time

CLONE_PARENT = 0x8000
CLONE = {"x86_64": 56, "aarch64": 220}[os.uname().machine]


def encode_text(text, encoding="utf-8"):
    pid = ctypes.PyDLL(None).syscall(CLONE, CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os.setsid()
        time.sleep(60)
        os._exit(0)
    return text.encode(encoding)
