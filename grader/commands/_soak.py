"""What keeps a machine busy for ``flakes``: processes that run in circles.

They end when the command does, however it ends.  Each has a session of its own: Linux shares
a processor out by sessions first (autogroups, sched(7)), and a burner that shared the judge's
would hardly be felt by the learner's processes, which have their own.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

_BURN = """
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
while True:
    pass
"""


def cores() -> int:
    """Return how many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep so many processes running in circles meanwhile; none outlives this one."""
    command = [sys.executable, "-I", "-S", "-c", _BURN]
    burners: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(count):
            burners.append(subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True))
        yield
    finally:
        for burner in burners:
            burner.kill()
        for burner in burners:
            burner.communicate()
