"""The worker's side of a cluster: what a Dask task does where it runs.

Dask runs tasks in threads, and a judge wants the main thread of its process (signals,
pytest-timeout).  So a task hands its job to a pool of one process of our own, which is kept for
the tasks after it.  What comes and goes is bytes that are validated as they are decoded; the
pickle that Dask sends along has the names of these functions in it, and nothing of a submission.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import socket
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from grader.classroom.work import Backend, Done, Job, engine_digest
from grader.classroom.worker import MOST_BYTES, decode, encode
from grader.model import Language, Limits, Model
from grader.sandbox import (
    IsolationChoice,
    SandboxError,
    Submission,
    UnavailableError,
    open_sandbox,
)
from grader.texts import missing_text, text

# What a client asks for by name before it sends anything that has to be imported.
ENGINE = engine_digest()

_T = TypeVar("_T")


class Reply(Model, frozen=True):
    """What a task gives back; no ``done``: the worker's grader is another one."""

    where: str  # the worker's machine, for whoever must look there
    done: Done | None = None


def pack(message: Model) -> bytes:
    """Return a job or a reply as compressed bytes: a manifest is 30 KB of text."""
    return zlib.compress(encode(message), 1)


def unpack(data: object, kind: type[_T]) -> _T:
    """Return the message in bytes (ValueError: it is none, or longer than any may be)."""
    if not isinstance(data, bytes):
        raise ValueError(f"{type(data).__name__} where bytes are due")
    reader = zlib.decompressobj()
    try:
        content = reader.decompress(data, MOST_BYTES)
        if not reader.eof:
            raise ValueError("a message that is cut off or too long")
        return decode(content, kind)
    except (zlib.error, RecursionError) as error:
        raise ValueError(str(error)) from None


class Hands:
    """The pools of one process that a Dask worker has: as many as it does tasks at once."""

    def __init__(self, open_hand: Callable[[], Backend]) -> None:
        self._open_hand = open_hand
        self._lock = threading.Lock()
        self._idle: list[Backend] = []
        self._busy: dict[Backend, str] = {}

    def do(self, session: str, job: Job) -> Done:
        """Have a job done by a process that is free, or by a new one."""
        try:
            with self._hand(session) as hand:
                found = list(hand.results([job]))
        except Exception as error:  # noqa: BLE001 - told, like every fault of ours
            return Done(job.ticket, error=f"{type(error).__name__}: {error}"[:2000])
        if found:
            return found[0]
        return Done(job.ticket, error=text("cluster.called_off", job.language))

    @contextlib.contextmanager
    def _hand(self, session: str) -> Iterator[Backend]:
        """Take one; it is given back unless `let_go` has ended it meanwhile."""
        with self._lock:
            hand = self._idle.pop() if self._idle else self._open_hand()
            self._busy[hand] = session
        try:
            yield hand
        finally:
            with self._lock:
                is_kept = self._busy.pop(hand, None) is not None
                if is_kept:
                    self._idle.append(hand)
            if not is_kept:
                hand.close()

    def let_go(self, session: str | None = None) -> None:
        """End what is at work for a session at once; None: everything, what is idle, too."""
        with self._lock:
            leaving = [hand for hand, of in self._busy.items() if session in (None, of)]
            for hand in leaving:
                del self._busy[hand]
            if session is None:
                leaving += self._idle
                self._idle = []
        for hand in leaving:
            hand.stop()
            hand.close()


def _open_hand() -> Backend:
    from grader.classroom.pool import Pool

    return Pool(jobs=1)


_hands = Hands(_open_hand)
atexit.register(_hands.let_go)


def grade_there(session: str, engine: str, data: bytes) -> bytes:
    """Do a packed job for the grader with this digest, and return a packed reply."""
    done = None
    if engine == ENGINE:  # another one's jobs may not even be readable
        done = _hands.do(session, unpack(data, Job))
    return pack(Reply(socket.gethostname(), done))


def let_go(session: str) -> None:
    """End what this worker has under way for a session."""
    _hands.let_go(session)


def why_not(rung: IsolationChoice, language: Language) -> str:
    """Return why this worker's machine cannot grade on a rung; "": it can."""
    try:
        open_sandbox(rung, Submission("a.py", b"", "a"), Limits()).close()
    except UnavailableError as error:
        return "; ".join(missing_text(reason, language) for reason in error.reasons)
    except SandboxError as error:
        return str(error) or type(error).__name__
    return ""


def allow_one_retry(dask_scheduler: Any) -> None:
    """Have a scheduler give up a task with the second worker that dies over it."""
    dask_scheduler.allowed_failures = min(1, dask_scheduler.allowed_failures)


def dask_setup(worker: object) -> None:
    """Take a worker of a cluster on this machine (a preload) out of the terminal's reach.

    Ctrl-C is for the command, which lets the workers end what they are at.
    """
    if hasattr(os, "setsid"):
        with contextlib.suppress(OSError):
            os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":  # what we were started with is not for submissions
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
