"""What a learner process is doing, as the kernel tells it (proc(5), Linux).

For each thread ``/proc/PID/task/TID/syscall`` shows the system call it is blocked in, and
``schedstat`` its processor time and the time it waited for a processor, in nanoseconds.
That tells blocked for ever, blocked for a while, and spinning apart without guessing.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import struct
import sys
import time
from dataclasses import dataclass
from typing import Literal

from grader.sandbox import owner, processes

Mode = Literal["running", "blocked", "timed", "unknown"]

_X86 = {
    0: "read", 1: "write", 7: "poll", 19: "readv", 20: "writev", 23: "select", 34: "pause",
    35: "nanosleep", 42: "connect", 43: "accept", 44: "send", 45: "recv", 46: "send",
    47: "recv", 61: "wait", 73: "flock", 202: "futex", 219: "restart", 230: "sleep",
    232: "epoll_wait", 247: "wait", 270: "select", 271: "poll", 281: "epoll_wait",
    288: "accept", 441: "epoll_wait", 130: "pause", 128: "sigwait",
}  # fmt: skip
_ARM = {
    63: "read", 64: "write", 65: "readv", 66: "writev", 72: "select", 73: "poll", 101: "nanosleep",
    203: "connect", 202: "accept", 206: "send", 207: "recv", 211: "send", 212: "recv",
    260: "wait", 95: "wait", 32: "flock", 98: "futex", 128: "restart", 115: "sleep",
    22: "epoll_wait", 242: "accept", 441: "epoll_wait", 133: "pause", 137: "sigwait",
}  # fmt: skip
_MACHINE = os.uname().machine if hasattr(os, "uname") else ""
_CALLS = {"x86_64": _X86, "aarch64": _ARM}.get(_MACHINE, {})
# The number of the call, where a millisecond count and not a pointer bounds the wait.
_MILLISECONDS = {"x86_64": {7: 2, 232: 3, 281: 3}, "aarch64": {22: 3}}.get(_MACHINE, {})
_POINTERS = {
    "x86_64": {271: 2, 23: 4, 270: 4, 441: 3, 202: 3, 128: 2},
    "aarch64": {73: 2, 72: 4, 441: 3, 98: 3, 137: 2},
}.get(_MACHINE, {})
_SLEEPS = {"x86_64": {35: 0, 230: 2}, "aarch64": {101: 0, 115: 2}}.get(_MACHINE, {})
SOCKET_CALLS = ("recv", "send", "accept", "connect")
_FILE_CALLS = ("read", "write", "readv", "writev")
_MICROSECONDS = {"x86_64": {23}}.get(_MACHINE, set())
_FUTEX = {"x86_64": 202, "aarch64": 98}.get(_MACHINE, -1)
_CLOCK_SLEEP = {"x86_64": 230, "aarch64": 115}.get(_MACHINE, -1)
_FUTEX_WAIT, _FUTEX_WAIT_BITSET, _FUTEX_CLOCK_REALTIME = 0, 9, 256
_TIMER_ABSTIME = 1
_TGKILL = {"x86_64": 234, "aarch64": 131}.get(_MACHINE, -1)
_NEVER = float("inf")
_HIDDEN = "hidden"
_SIGALRM_BIT = 1 << 13

supported = sys.platform == "linux" and bool(_CALLS) and os.path.exists("/proc/self/syscall")


@dataclass(frozen=True)
class Thread:
    """One thread at one moment.

    ``wakes_in`` is how long the kernel will wait at the most, in seconds: from now on where
    the limit is a point in time (``absolute``), else from whenever the call began; infinity
    where the call has no limit.  ``run_ns`` and ``queue_ns`` are the processor time and the
    time in the run queue since the thread began.
    """

    pid: int
    tid: int
    mode: Mode
    call: str
    fd: int
    wakes_in: float
    run_ns: int
    queue_ns: int
    raw: str
    absolute: bool = False


def call_name(number: int) -> str:
    """Return what a system call is called here; "" for one that no wait is made of."""
    return _CALLS.get(number, "")


def threads(root: int, root_is_learner: bool) -> list[Thread]:
    """Return every thread of every process of a check."""
    pids = processes.descendants(root)
    if root_is_learner:
        pids.insert(0, root)
    found = []
    for pid in pids:
        try:
            tids = os.listdir(f"/proc/{pid}/task")
        except OSError:
            continue
        for tid in tids:
            thread = _thread(pid, int(tid))
            if thread is not None:
                found.append(thread)
    return found


def _thread(pid: int, tid: int) -> Thread | None:
    folder = f"/proc/{pid}/task/{tid}"
    try:
        syscall = _syscall(folder, pid)
        run_ns, queue_ns = (int(word) for word in _read(f"{folder}/schedstat").split()[:2])
    except (OSError, ValueError):
        return None
    # "-1": it stands still, but in no call: a page is fetched, or it is stopped (proc(5)).
    if syscall.startswith(("running", "-1 ")) or not syscall:
        return Thread(pid, tid, "running", "", -1, 0.0, run_ns, queue_ns, "")
    if syscall == _HIDDEN:
        return Thread(pid, tid, "unknown", "", -1, 0.0, run_ns, queue_ns, "")
    words = syscall.split()
    number = int(words[0])
    arguments = [int(word, 16) for word in words[1:7]]
    call = _CALLS.get(number, "")
    mode, wakes_in, absolute = _classify(pid, number, call, arguments)
    fd = arguments[0] if call in (*SOCKET_CALLS, *_FILE_CALLS) and arguments else -1
    name = call or str(number)
    return Thread(pid, tid, mode, name, fd, wakes_in, run_ns, queue_ns, syscall, absolute)


def _syscall(folder: str, pid: int) -> str:
    """Return the line of a thread; _HIDDEN where this kernel keeps it from us (ptrace(2))."""
    try:
        return owner.act(pid, lambda: _read(f"{folder}/syscall"))
    except PermissionError:
        return _HIDDEN


def _classify(pid: int, number: int, call: str, arguments: list[int]) -> tuple[Mode, float, bool]:
    if not call or number < 0 or len(arguments) < 6 or call == "restart":
        return "unknown", 0.0, False
    if number in _MILLISECONDS:
        milliseconds = arguments[_MILLISECONDS[number]] & 0xFFFFFFFF
        if milliseconds >= 0x80000000:
            return "blocked", _NEVER, False
        return "timed", milliseconds / 1000, False
    absolute, real = False, False
    if number in _SLEEPS:
        pointer = arguments[_SLEEPS[number]]
        if number == _CLOCK_SLEEP:
            absolute, real = bool(arguments[1] & _TIMER_ABSTIME), arguments[0] == 0
    elif number in _POINTERS:
        pointer = arguments[_POINTERS[number]]
        if number == _FUTEX:
            if arguments[1] & 0x7F not in (_FUTEX_WAIT, _FUTEX_WAIT_BITSET):
                return "unknown", 0.0, False
            absolute = arguments[1] & 0x7F == _FUTEX_WAIT_BITSET
            real = bool(arguments[1] & _FUTEX_CLOCK_REALTIME)
    else:
        return "blocked", _NEVER, False
    if pointer == 0:
        return "blocked", _NEVER, False
    limit: float = _limit_at(pid, pointer, number in _MICROSECONDS)
    if absolute:
        limit -= time.clock_gettime(time.CLOCK_REALTIME if real else time.CLOCK_MONOTONIC)
    return "timed", max(0.0, limit), absolute


def _limit_at(pid: int, pointer: int, micro: bool) -> float:
    """Read a time limit from the process's memory; 0.0 where that is not possible."""
    try:
        fd = owner.act(pid, lambda: os.open(f"/proc/{pid}/mem", os.O_RDONLY))
        with open(fd, "rb", buffering=0) as memory:
            memory.seek(pointer)
            seconds, fraction = struct.unpack("qq", memory.read(16))
    except (OSError, ValueError, OverflowError, struct.error):
        return 0.0
    return int(seconds) + int(fraction) / (1e6 if micro else 1e9)


def _read(path: str) -> str:
    return processes.read(path).decode("ascii", "replace").strip()


def has_hidden_limit(thread: Thread) -> bool:
    """Say whether a call without a visible time limit may end by itself all the same.

    That is so where SIGALRM is handled (``signal.alarm``), where the socket has a timeout of
    the kernel's own (``SO_RCVTIMEO``, ``SO_SNDTIMEO``), and for a file on a disk, which answers
    however slow it is.
    """
    try:
        for line in _read_long(f"/proc/{thread.pid}/status").splitlines():
            if line.startswith("SigCgt:") and int(line.split()[1], 16) & _SIGALRM_BIT:
                return True
    except (OSError, ValueError):
        return True
    if thread.call in SOCKET_CALLS:
        return _socket_has_timeout(thread.pid, thread.fd)
    return thread.call in _FILE_CALLS and _is_regular(thread.pid, thread.fd)


def _is_regular(pid: int, fd: int) -> bool:
    try:
        return stat.S_ISREG(os.stat(f"/proc/{pid}/fd/{fd}").st_mode)
    except OSError:
        return False


def _read_long(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _socket_has_timeout(pid: int, fd: int) -> bool:
    """Fetch a copy of another process's socket and look (pidfd_getfd(2))."""
    import ctypes
    import socket

    libc = ctypes.CDLL(None, use_errno=True)
    try:
        pidfd = os.pidfd_open(pid)
    except (OSError, AttributeError):
        return True
    try:
        copy = libc.syscall(438, pidfd, fd, 0)
        if copy < 0:
            return ctypes.get_errno() == errno.EPERM  # not to be seen is not to be without
        # Its kind is not asked for: what is no socket any more would not be closed then.
        try:
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, copy)
        except OSError:
            os.close(copy)  # it is no socket any more
            return False
        with sock:
            for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                if any(struct.unpack("qq", sock.getsockopt(socket.SOL_SOCKET, option, 16))):
                    return True
    except OSError:
        return False
    finally:
        os.close(pidfd)
    return False


def signal_thread(pid: int, tid: int, number: int) -> None:
    """Send a signal to one thread of a process (tgkill(2); OSError)."""
    import ctypes

    if _TGKILL < 0 or tid == pid:
        os.kill(pid, number)
    elif ctypes.CDLL(None, use_errno=True).syscall(_TGKILL, pid, tid, number):
        raise OSError(ctypes.get_errno(), "tgkill")


def cpu_seconds(root: int, root_is_learner: bool) -> float:
    """Return the processor time of a check's processes (clock_getcpuclockid(3)), in seconds."""
    total = 0.0
    for pid in processes.descendants(root) + ([root] if root_is_learner else []):
        try:
            total += time.clock_gettime((~pid << 3) | 2)
        except OSError:
            continue
    return total


def descriptors(root: int, root_is_learner: bool) -> dict[int, dict[int, str]]:
    """Return the open descriptors of each process of a check: pid to fd to target."""
    pids = processes.descendants(root)
    if root_is_learner:
        pids.insert(0, root)
    found: dict[int, dict[int, str]] = {}
    for pid in pids:
        try:
            found[pid] = owner.act(pid, lambda pid=pid: _targets(pid))  # type: ignore[misc]
        except OSError:
            continue
    return found


def _targets(pid: int) -> dict[int, str]:
    found: dict[int, str] = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
    return found
