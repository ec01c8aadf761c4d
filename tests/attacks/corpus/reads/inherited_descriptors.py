# attack: tries every descriptor that it was born with: as a folder, a file, a socket with a past
# covers: inherited descriptors
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: passed
# holds: there is standard input (nothing), the output, the control socket, and the file for stacks
import os
import stat

kinds = {}
for fd in range(1024):
    try:
        status = os.fstat(fd)
    except OSError:
        continue
    kinds[fd] = stat.S_IFMT(status.st_mode)
folders = [fd for fd, kind in kinds.items() if kind == stat.S_IFDIR]
sockets = [fd for fd, kind in kinds.items() if kind == stat.S_IFSOCK]
files = [fd for fd, kind in kinds.items() if kind == stat.S_IFREG]
won = folders or len(sockets) > 1 or len(files) > 1 or len(kinds) > 6


def encode_text(text, encoding="utf-8"):
    return repr(kinds).encode() if won else text.encode(encoding)
