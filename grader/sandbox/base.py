"""What every sandbox gives the judge: learner processes, and sockets in their network."""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import selectors
import shutil
import signal
import socket
import stat
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.model import Isolation, Limits
from grader.sandbox import processes

LEARNER_FOLDER = Path(__file__).resolve().parent.parent / "learner"
RUNNER_FILES = ("runner.py", "child.py", "kernel.py", "plain.py", "rights.py")
DUMP_SIGNAL = getattr(signal, "SIGRTMAX", 64) - 3 if hasattr(signal, "SIGRTMAX") else 0
DUMP_BYTES = 1 << 16
_STACK_RESERVE = 8 << 20
_SANDBOX_PROCESSES = 200
_CHECKS_AT_ONCE = 8
# A killed process is gone in a moment, unless the machine has no processor for it.
_GONE_BOUND, _GONE_LOOK = 30.0, 0.002


class SandboxError(Exception):
    """A sandbox could not be set up, or broke: the grader's fault, never the learner's."""


class UnavailableError(SandboxError):
    """A rung that this machine does not have.

    ``reasons`` are entries of ``Isolation.missing``: a key of ``texts/*/isolation.json``,
    and after ": " a detail, where there is one.
    """

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True)
class Submission:
    """The bytes that are graded, and the name that their file had."""

    name: str
    source: bytes
    slug: str
    sha256: str = ""


GAVE_UP = "gave up"


@dataclass
class CompileReport:
    """Whether Python could compile the submission: ``error`` is "" or an exception's name.

    ``GAVE_UP`` where the compiler crashed over it, or did not come to an end.
    """

    error: str = ""
    text: str = ""
    line: int = 0


class Output:
    """What a learner process printed: the first ``limit`` bytes; the rest is only counted."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.data = bytearray()
        self.total = 0
        self.ended = threading.Event()

    def feed(self, piece: bytes) -> None:
        """Take the next bytes; none at all means that the output has ended."""
        if not piece:
            self.ended.set()
        self.total += len(piece)
        self.data += piece[: self.limit - len(self.data)]

    def text(self) -> str:
        """Return what was kept, as text."""
        shown = bytes(self.data).decode("utf-8", "backslashreplace")
        return shown + "…" if self.total > len(self.data) else shown


class Drain:
    """One thread that reads every learner's output pipe, so that no print ever blocks."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._wake_r, self._wake_w = socket.socketpair()
        self._selector.register(self._wake_r, selectors.EVENT_READ)
        self._fresh: list[tuple[int, Output]] = []
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="drain", daemon=True)
        self._thread.start()

    def add(self, fd: int, output: Output) -> None:
        """Read ``fd`` into ``output`` until it ends; the descriptor is ours from now on."""
        self._fresh.append((fd, output))
        self._wake_w.send(b"+")

    def close(self) -> None:
        """Stop reading and close what is still open."""
        if self._closed:
            return
        self._closed = True
        self._wake_w.send(b"-")
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            if key.data is not None:
                os.close(key.fd)
                key.data.feed(b"")
        self._selector.close()
        self._wake_r.close()
        self._wake_w.close()

    def _run(self) -> None:
        while not self._closed:
            for key, _ in self._selector.select():
                if key.data is None:
                    self._wake_r.recv(4096)
                    while self._fresh:
                        fd, output = self._fresh.pop()
                        self._selector.register(fd, selectors.EVENT_READ, output)
                    continue
                try:
                    piece = os.read(key.fd, 65536)
                except OSError:
                    piece = b""
                key.data.feed(piece)
                if not piece:
                    self._selector.unregister(key.fd)
                    os.close(key.fd)


@dataclass
class Child:
    """The judge's end of one learner process.

    ``root`` is the process (in the judge's numbering) whose descendants all belong to the
    check, and ``root_is_learner`` says whether it runs the learner's code itself.  ``dump``
    is a file that ``faulthandler`` writes to, ``status`` a pipe that tells how the process
    ended; both are -1 where the platform has none.  ``overflowed``: it was ended because it
    had started too many processes; ``filled``: because it had filled its folder;
    ``exhausted``: because its processes together held too much memory.
    """

    control: socket.socket
    output: Output
    root: int
    root_is_learner: bool = False
    dump: int = -1
    status: int = -1
    pidfd: int = -1
    namespaces: bool = False
    overflowed: bool = False
    filled: bool = False
    exhausted: bool = False
    _closed: bool = field(default=False, repr=False)

    @property
    def closed(self) -> bool:
        """Whether ``close`` has been called."""
        return self._closed

    def kill(self) -> None:
        """End every process of the check."""
        if self.namespaces and self.pidfd >= 0:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        else:
            processes.kill_tree(self.root)

    def close(self, *, gone: bool = False) -> None:
        """End the processes and give back what the judge holds of them.

        ``gone``: come back only when they are no more, and what they had open is closed: a
        listener whose port another process is to have.
        """
        if self._closed:
            return
        self._closed = True
        below = [] if self.namespaces or not gone else processes.descendants(self.root)
        self.kill()
        if gone:
            self._await_end(below)
        self.control.close()
        for fd in (self.dump, self.status, self.pidfd):
            if fd >= 0:
                os.close(fd)

    def _await_end(self, below: Sequence[int]) -> None:
        if self.namespaces and self.pidfd >= 0:
            # Of a namespace's first process that is told when all others in it have ended.
            await_readable(self.pidfd, _GONE_BOUND)
            return
        end = time.monotonic() + _GONE_BOUND
        for pid in (*below, self.root):
            while processes.state(pid) != "Z" and time.monotonic() < end:
                select.select([], [], [], _GONE_LOOK)

    def end_status(self) -> str:
        """Return "exit N" or "signal N", or "" where it is not known."""
        if self.status < 0:
            return ""
        try:
            return os.read(self.status, 64).decode("ascii", "replace")
        except OSError:
            return ""


class Sandbox(ABC):
    """A place for the learner processes of one submission."""

    isolation: Isolation
    # The TCP ports that a learner may use; None where it may use any.
    ports: range | None = None

    @abstractmethod
    def compiled(self) -> CompileReport:
        """Wait until the sandbox stands and say whether the submission compiles."""

    @abstractmethod
    def fork(self, *, raw: bool = False) -> Child:
        """Start one learner process; ``raw`` lets it open raw sockets, where possible."""

    @abstractmethod
    def socket(self, family: int, kind: int, proto: int = 0) -> socket.socket:
        """Make a socket in the learner's network."""

    @abstractmethod
    def close(self) -> None:
        """End everything that the sandbox has started."""

    @property
    @abstractmethod
    def network_pid(self) -> int:
        """A process whose ``/proc/PID/net`` shows the learner's network; 0 where none does."""


def await_readable(fd: int, bound_s: float) -> bool:
    """Wait until a descriptor, of any number, can be read, or the time is up; say which."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(bound_s * 1000))


def executable() -> str:
    """Return the real interpreter that runs the grader, outside any virtual environment."""
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


def rlimits(limits: Limits) -> dict[str, int]:
    """Return the resource limits of one learner process, by their names in ``resource``."""
    memory = (limits.memory_mb << 20) + limits.processes * _STACK_RESERVE
    return {
        "RLIMIT_CPU": max(1, round(limits.cpu_s)),
        "RLIMIT_AS": memory,
        "RLIMIT_FSIZE": limits.file_mb << 20,
        "RLIMIT_NOFILE": limits.open_files,
        "RLIMIT_CORE": 0,
    }


def process_limit(limits: Limits, *, user: int = 0, namespace: bool = False) -> dict[str, int]:
    """Return the limit of processes where the kernel counts them for the sandbox alone.

    That is so for a ``user`` of its own and, from Linux 5.14 on, in a user ``namespace``;
    else it would count whatever the grading user runs.  It holds for a whole sandbox, in
    which many checks run at once, so it only slows a bomb down: ``Guard`` holds each check
    to its own number.  Root is exempt.
    """
    wanted = {"RLIMIT_NPROC": limits.processes * _CHECKS_AT_ONCE + _SANDBOX_PROCESSES}
    if user:
        return wanted
    if not namespace or sys.platform != "linux" or os.geteuid() == 0:
        return {}
    major, minor = (int(word) for word in os.uname().release.split(".")[:2])
    return wanted if (major, minor) >= (5, 14) else {}


def remove_tree(folder: Path) -> None:
    """Remove a folder in which strangers have written: closed, nested without end, full of links.

    What is below is moved up first, so that no path gets long and nothing recurses.
    """
    with contextlib.suppress(OSError):
        os.chmod(folder, 0o700)
    try:
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except (OSError, AttributeError):  # nothing there; or no O_DIRECTORY: Windows
        shutil.rmtree(folder, ignore_errors=True)
        return
    token, count = secrets.token_hex(8), 0
    try:
        names = os.listdir(top)
        while names:
            name = names.pop()
            with contextlib.suppress(OSError):
                if not _is_folder(name, top):
                    os.unlink(name, dir_fd=top)
                    continue
                inner = _opened(name, top)
                try:
                    for entry in os.listdir(inner):
                        with contextlib.suppress(OSError):
                            if not _is_folder(entry, inner):
                                os.unlink(entry, dir_fd=inner)
                                continue
                            os.chmod(entry, 0o700, dir_fd=inner)
                            count += 1
                            moved = f"{token}{count}"
                            os.rename(entry, moved, src_dir_fd=inner, dst_dir_fd=top)
                            names.append(moved)
                finally:
                    os.close(inner)
                os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)
    with contextlib.suppress(OSError):
        os.rmdir(folder)


def _is_folder(name: str, at: int) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode)


def _opened(name: str, at: int) -> int:
    os.chmod(name, 0o700, dir_fd=at)  # it is no link, and nobody is left to make it one
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)


def config_for(
    submission: Submission,
    limits: Limits,
    path: str,
    work: str,
    *,
    namespaces: bool = False,
    processes: Mapping[str, int] | None = None,
    **more: object,
) -> dict[str, object]:
    """Return what the runner is told first; ``processes``: what ``process_limit`` said."""
    return {
        "path": path,
        "slug": submission.slug,
        "work": work,
        "namespaces": namespaces,
        "file_mb": limits.file_mb,
        "rlimits": {**rlimits(limits), **(processes or {})},
        "dump_signal": DUMP_SIGNAL,
        **more,
    }
