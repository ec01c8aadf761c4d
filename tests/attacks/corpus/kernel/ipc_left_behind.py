# attack: leaves shared memory, semaphores and message queues that outlive every process
# covers: sockets left behind; files left behind
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial
# verdict: passed
# proves: ipc disk
# holds: they are in a namespace of the sandbox, or refused
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
libc.shmget(0x6A6F, 4096, 0o1666)
libc.semget(0x6A6F, 1, 0o1666)
libc.msgget(0x6A6F, 0o1666)
libc.mq_open(b"/left-@TOKEN@", os.O_CREAT | os.O_RDWR, 0o666, None)
try:
    os.close(os.open("/dev/shm/left-@TOKEN@", os.O_CREAT | os.O_RDWR))
except OSError:
    pass


def encode_text(text, encoding="utf-8"):
    return text.encode(encoding)
