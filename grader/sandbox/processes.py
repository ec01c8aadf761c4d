"""Process trees: who descends from whom, and how all of them are ended (proc(5))."""

from __future__ import annotations

import contextlib
import os
import signal
import sys

from grader.sandbox import owner

_ROUNDS = 200
_PIECE = 1 << 12
_PAGE = 4096 if not hasattr(os, "sysconf") else os.sysconf("SC_PAGE_SIZE")


def children(pid: int) -> list[int]:
    """Return the direct children of a process; none where the system does not say."""
    found: list[int] = []
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for task in tasks:
        try:
            found.extend(map(int, read(f"/proc/{pid}/task/{task}/children").split()))
        except OSError:
            continue
    return found


def read(path: str) -> bytes:
    """Return what a file of /proc says, without the four further system calls of open()."""
    fd = os.open(path, os.O_RDONLY)
    try:
        data = os.read(fd, _PIECE)
        while len(data) % _PIECE == 0 and (more := os.read(fd, _PIECE)):
            data += more
        return data
    finally:
        os.close(fd)


def descendants(pid: int) -> list[int]:
    """Return every descendant of a process, parents before children."""
    found: list[int] = []
    queue = [pid]
    while queue:
        below = children(queue.pop(0))
        found.extend(below)
        queue.extend(below)
    return found


def count_tasks(pid: int, most: int) -> int:
    """Count the tasks of a process's descendants; stops counting a little over ``most``."""
    count = 0
    queue = [pid]
    while queue and count <= most:
        for child in children(queue.pop()):
            queue.append(child)
            try:
                count += len(os.listdir(f"/proc/{child}/task"))
            except OSError:
                continue
    return count


def memory_of(root: int, root_too: bool, enough: int = 0) -> int:
    """Return how many bytes of memory the processes of a check hold; shared ones count once.

    (proc(5), smaps_rollup: Pss of what is no file's.)  That makes the kernel walk through all
    of it: where all that is resident, shared or not, comes to less than ``enough``, that sum is
    returned instead.
    """
    pids = descendants(root) + ([root] if root_too else [])
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, ValueError, IndexError):
            total += int(read(f"/proc/{pid}/statm").split()[1]) * _PAGE
    if total < enough:
        return total
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, ValueError, IndexError):
            total += owner.act(pid, lambda pid=pid: _held_by(pid))  # type: ignore[misc]
    return total


def _held_by(pid: int) -> int:
    with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
        return sum(
            int(line.split()[1]) << 10
            for line in file
            if line.startswith((b"Pss_Anon:", b"Pss_Shmem:"))
        )


def kill_tree(pid: int) -> None:
    """End a process and all its descendants.

    The root must adopt orphans (``PR_SET_CHILD_SUBREAPER``) for daemons to be found; it is
    ended last, when nothing below it is left.
    """
    if pid <= 0:
        return
    if sys.platform == "linux":
        kill_below(pid)
    elif hasattr(os, "killpg"):
        # Without /proc its process group is all that can be told of what it has started.
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
    _kill(pid)


def kill_below(pid: int) -> None:
    """End all descendants of a process, those too that are started meanwhile."""
    for _ in range(_ROUNDS):
        below = [child for child in descendants(pid) if state(child) != "Z"]
        if not below:
            break
        for child in below:
            _kill(child)


def state(pid: int) -> str:
    """Return the state letter of a process (proc(5)), "Z" where there is none."""
    try:
        return read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[0].decode()
    except (OSError, IndexError):
        return "Z"


def _kill(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
