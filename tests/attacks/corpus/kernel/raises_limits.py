# attack: raises every limit, its own and its supervisor's, and becomes another user
# covers: limits
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: passed
# holds: limits are hard, and no privilege is left that could lift them
import os
import resource

won = []
for name in ("AS", "CPU", "NOFILE", "FSIZE", "CORE"):
    kind = getattr(resource, f"RLIMIT_{name}")
    soft, hard = resource.getrlimit(kind)
    for pid in (0, os.getppid()):
        for wanted in (resource.RLIM_INFINITY, hard + 1):
            try:
                resource.prlimit(pid, kind, (wanted, wanted))
                if pid == 0:
                    won.append(name)
            except (OSError, ValueError):
                continue
for user in (0, 1000, 65534):
    for change in (os.setuid, os.setgid):
        try:
            before = os.getuid(), os.getgid()
            change(user)
            if (os.getuid(), os.getgid()) != before:
                won.append((change.__name__, user))
        except OSError:
            continue


def encode_text(text, encoding="utf-8"):
    return repr(won).encode() if won else text.encode(encoding)
