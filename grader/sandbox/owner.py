"""Looking into a process with the eyes of the user who owns it.

What ``/proc`` shows of a process's calls, memory and descriptors is for its owner, and for
whoever has CAP_SYS_PTRACE (ptrace(2), "access mode checking").  Root in a container often
lacks that, while learners there run as another user: so the thread that looks takes on that
user for its file accesses alone (setfsuid(2)).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


def act(pid: int, look: Callable[[], _T]) -> _T:
    """Return ``look()``; where it is refused and we are root, as the owner of ``pid``."""
    try:
        return look()
    except PermissionError:
        if os.geteuid() != 0:
            raise
        status = os.stat(f"/proc/{pid}")
        if status.st_uid == 0:
            raise
    return _as(status.st_uid, status.st_gid, look)


def _as(user: int, group: int, look: Callable[[], _T]) -> _T:
    import ctypes

    libc = ctypes.PyDLL(None)
    libc.setfsgid(group)
    libc.setfsuid(user)
    try:
        return look()
    finally:
        libc.setfsuid(0)
        libc.setfsgid(0)
