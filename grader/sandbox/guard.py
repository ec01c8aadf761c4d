"""Keeps a learner's code from filling the machine: with processes, with memory, with files.

Where the judge is not root the kernel has a limit for that (RLIMIT_NPROC, counted per user
namespace from Linux 5.14 on).  Root is exempt from it, so the guard looks: one cheap number
a hundred times a second, and closely only where many tasks have appeared.

The kernel bounds the memory of each process (RLIMIT_AS), not of all together: the guard adds
up what each check's processes hold (Pss: what they share counts once), ten times a second.

A folder that is not a file system of its own has no size limit, only each file in it has:
there the guard adds up what is in each check's folder, ten times a second.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from grader.sandbox import processes

if TYPE_CHECKING:
    from grader.sandbox.base import Child

_TICK_S = 0.01
_RARELY = 10
_ENTRY_BYTES = 4096  # what a name takes at the most: empty files are not free


class Guard:
    """Ends every learner process that has more than ``most`` tasks (threads, all in all).

    ``memory`` is how many bytes the processes of a check may hold together.  ``folder`` is
    where each check has its own, named after its root process (None: nowhere), ``files``
    how many bytes may be in one.
    """

    def __init__(self, most: int, memory: int, folder: Path | None = None, files: int = 0) -> None:
        self._most = most
        self._memory = memory
        self._folder = folder
        self._most_bytes = files
        self._ticks = 0
        self._floor = total_tasks()
        self._children: list[Child] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="guard", daemon=True)
        self._thread.start()

    def watch(self, child: Child) -> None:
        """Watch one more learner process; those that have ended are forgotten."""
        with self._lock:  # checks begin side by side
            self._children = [known for known in self._children if not known.closed]
            self._children.append(child)

    def watched(self) -> list[Child]:
        """Return the learner processes that have not ended."""
        with self._lock:
            return [known for known in self._children if not known.closed]

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_TICK_S):
            self._ticks += 1
            if self._ticks % _RARELY == 0:
                if self._folder is not None:
                    self._look_at_files(self._folder)
                self._look_at_memory()
            total = total_tasks()
            self._floor = min(self._floor, total)
            if total - self._floor < self._most // 2:
                continue
            for child in self.watched():
                if processes.count_tasks(child.root, self._most) > self._most:
                    child.overflowed = True
                    child.kill()

    def _look_at_files(self, folder: Path) -> None:
        for child in self.watched():
            if child.filled:
                continue
            if bytes_in(folder / str(child.root), self._most_bytes) > self._most_bytes:
                child.filled = True
                child.kill()

    def _look_at_memory(self) -> None:
        for child in self.watched():
            if child.exhausted:
                continue
            # The kernel's count of resident pages is late by some; half is far enough away.
            enough = self._memory // 2
            if processes.memory_of(child.root, child.root_is_learner, enough) > self._memory:
                child.exhausted = True
                child.kill()


def bytes_in(folder: Path, most: int) -> int:
    """Return how many bytes the files below a folder take; stops counting over ``most``."""
    total, queue = 0, [str(folder)]
    while queue and total <= most:
        try:
            with os.scandir(queue.pop()) as entries:
                for entry in entries:
                    total += _ENTRY_BYTES
                    if entry.is_dir(follow_symlinks=False):
                        queue.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
                    if total > most:
                        break
        except OSError:
            continue  # closed to us, or gone meanwhile
    return total


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
