"""What a thread that runs in circles calls, and how often (ptrace(2), Linux).

``recv() called 812 times in 0.02 s, and each time it returned nothing`` teaches more than
"spinning" does.  It is looked at from outside, after the verdict on the thread is known, for
a moment; where the kernel does not allow it nothing is said.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass

from grader.learner import watch

MOMENT = 0.02
_GIVE_UP = 0.2
_MOST_STOPS = 4000
_LEAST = 5
_SEIZE, _INTERRUPT, _SYSCALL, _DETACH, _GET_INFO = 0x4206, 0x4207, 24, 17, 0x420E
_MARK_SYSCALLS = 1
_SYSCALL_STOP = 0x85  # SIGTRAP, with the bit that _MARK_SYSCALLS asks for
_SIGTRAP = 5
_WALL = 0x40000000
_ENTRY, _EXIT = 1, 2
_INFO = struct.Struct("=B3xIQQ7Q")  # struct ptrace_syscall_info, as far as an entry goes
_RESULT = struct.Struct("=q?")

supported = watch.supported and platform.architecture()[0] == "64bit"


@dataclass(frozen=True)
class Calls:
    """The call that a thread makes most (recv first), and how often in ``seconds``.

    ``empty`` counts those that returned 0 (for recv: the end of data).
    """

    name: str
    count: int
    empty: int
    seconds: float


def commonest_call(tid: int) -> Calls | None:
    """Trace one thread for a moment; None where nothing can be said.

    The thread goes on afterwards.  A tracer that ends lets go of its tracees, so it is a
    thread of its own.
    """
    if not supported or sys.platform != "linux":
        return None
    found: list[Calls | None] = [None]

    def trace() -> None:
        with contextlib.suppress(OSError, ValueError):
            found[0] = _trace(tid)

    tracer = threading.Thread(target=trace, name="tracer")
    tracer.start()
    tracer.join()
    return found[0]


def _trace(tid: int) -> Calls | None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    libc.ptrace.restype = ctypes.c_long

    def ptrace(request: int, address: int | None = None, data: int | None = None) -> int:
        answer: int = libc.ptrace(request, tid, address, data)
        if answer < 0:
            raise OSError(ctypes.get_errno(), "ptrace")
        return answer

    ptrace(_SEIZE, None, _MARK_SYSCALLS)
    ptrace(_INTERRUPT)
    signal = _stop(tid, _GIVE_UP)
    if signal is None:
        return None
    made: Counter[int] = Counter()
    empty: Counter[int] = Counter()
    number = -1
    buffer = ctypes.create_string_buffer(_INFO.size)
    began = time.monotonic()
    for _ in range(_MOST_STOPS):
        spent = time.monotonic() - began
        if spent > (_GIVE_UP if 0 < made.total() < 2 * _LEAST else MOMENT):
            break
        if signal == _SYSCALL_STOP:
            ptrace(_GET_INFO, len(buffer), ctypes.addressof(buffer))
            kind = buffer.raw[0]
            if kind == _ENTRY:
                number = _INFO.unpack(buffer.raw)[4]
            elif kind == _EXIT and number >= 0:
                result, failed = _RESULT.unpack_from(buffer.raw, 24)
                made[number] += 1
                empty[number] += result == 0 and not failed
            signal = 0
        ptrace(_SYSCALL, None, 0 if signal in (_SIGTRAP, _SYSCALL_STOP) else signal)
        signal = _stop(tid, _GIVE_UP if made else MOMENT)
        if signal is None:
            break
    seconds = time.monotonic() - began
    if signal is not None:
        with contextlib.suppress(OSError):
            ptrace(_DETACH)
    names = {call: watch.call_name(call) for call in made}
    # recv() on a socket with a time limit is poll(2) and recv(2): the learner wrote recv.  And
    # of what a loop receives and sends again, the receiving is what keeps it going.
    ranks = {name: rank for rank, name in enumerate((*watch.SOCKET_CALLS, ""))}
    calls = [call for call in made if names[call]]
    if not calls:
        return None
    often = max(made[call] for call in calls) // 2
    if often < _LEAST:
        return None  # it got too little of a processor for a number that says something
    call = min(
        (call for call in calls if made[call] >= often),
        key=lambda call: (ranks.get(names[call], len(ranks)), -made[call]),
    )
    return Calls(names[call], made[call], empty[call], seconds)


def _stop(tid: int, bound: float) -> int | None:
    """Wait until the thread stands still and return the signal; None where it does not."""
    until = time.monotonic() + bound
    while True:
        pid, status = os.waitpid(tid, os.WNOHANG | _WALL)
        if pid and os.WIFSTOPPED(status):
            # A stop that PTRACE_INTERRUPT asked for carries its event above the signal.
            return os.WSTOPSIG(status) if status >> 16 == 0 else _SIGTRAP
        if pid or time.monotonic() > until:
            return None
        os.sched_yield()
