# attack: makes namespaces, mounts, new roots, and joins those of others
# covers: forbidden system calls
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial
# verdict: passed
# proves: secrets
# holds: it is root nowhere, and can't become it
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
won = []
FLAGS = {"mount": 0x20000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000,
         "pid": 0x20000000, "net": 0x40000000, "cgroup": 0x2000000}
for name, flag in FLAGS.items():
    if libc.unshare(flag) == 0:
        won.append(f"unshare {name}")
    pid = ctypes.PyDLL(None).syscall(56 if os.uname().machine == "x86_64" else 220, flag | 17, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    if pid > 0:
        won.append(f"clone {name}")
for arguments in ((b"none", b"/work", b"tmpfs", 0, None), (b"/", b"/work", None, 4096, None),
                  (None, b"/proc", None, 32, None), (b"proc", b"/work", b"proc", 0, None)):
    if libc.mount(*arguments) == 0:
        won.append(f"mount {arguments}")
if libc.umount2(b"/proc", 2) == 0:
    won.append("umount")
for pid in ("1", str(os.getppid()), "@JUDGE@"):
    for name in ("user", "mnt", "net", "pid"):
        try:
            fd = os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY)
        except OSError:
            continue
        if libc.setns(fd, 0) == 0:
            won.append(f"setns {name}")


def encode_text(text, encoding="utf-8"):
    return repr(won).encode() if won else text.encode(encoding)
