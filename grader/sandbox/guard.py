"""Keeps a learner's code from filling the machine with processes.

Where the judge is not root the kernel has a limit for that (RLIMIT_NPROC, counted per user
namespace from Linux 5.14 on).  Root is exempt from it, so the guard looks: one cheap number
a hundred times a second, and closely only where many tasks have appeared.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from grader.sandbox import processes

if TYPE_CHECKING:
    from grader.sandbox.base import Child

_TICK_S = 0.01


class Guard:
    """Ends every learner process that has more than ``most`` tasks (threads, all in all)."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._floor = total_tasks()
        self._children: list[Child] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="guard", daemon=True)
        self._thread.start()

    def watch(self, child: Child) -> None:
        """Watch one more learner process; those that have ended are forgotten."""
        self._children = [known for known in self._children if not known.closed]
        self._children.append(child)

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_TICK_S):
            total = total_tasks()
            self._floor = min(self._floor, total)
            if total - self._floor < self._most // 2:
                continue
            for child in list(self._children):
                if not child.closed and processes.count_tasks(child.root, self._most) > self._most:
                    child.overflowed = True
                    child.kill()


def total_tasks() -> int:
    """Return how many tasks there are on the machine (proc(5), loadavg); 0 where unknown."""
    try:
        fd = os.open("/proc/loadavg", os.O_RDONLY)
    except OSError:
        return 0
    try:
        return int(os.read(fd, 128).split()[3].partition(b"/")[2])
    except (OSError, ValueError, IndexError):
        return 0
    finally:
        os.close(fd)
