"""A sandbox made of one zygote: a runner that forks the learner processes of a submission."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

from grader.learner import plain, rights
from grader.model import Isolation, Limits
from grader.sandbox import processes
from grader.sandbox.base import (
    DUMP_BYTES,
    GAVE_UP,
    Child,
    CompileReport,
    Drain,
    Output,
    Sandbox,
    SandboxError,
    UnavailableError,
)
from grader.sandbox.guard import Guard

_START_BOUND = 20.0
END_BOUND = 0.5
_TASKS_GRACE = 40
# Most checks want some TCP sockets: a round trip for each costs more than a few that are not used.
_COMMON = (int(socket.AF_INET), int(socket.SOCK_STREAM))
_AHEAD = rights.MAX_FDS
_PASSING = (errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM, errno.ENOSPC)


class ZygoteSandbox(Sandbox):
    """Speaks with ``runner.py zygote``; a subclass says where that process runs."""

    def __init__(self, isolation: Isolation, limits: Limits, work: Path | None = None) -> None:
        self.isolation = isolation
        self.limits = limits
        self._lock = threading.Lock()
        # Sockets that have been made, but that nobody has asked for yet, by what they are.
        self._stock: dict[tuple[int, int, int], list[int]] = {}
        self._stock_lock = threading.Lock()
        self._drain = Drain()
        memory, files = limits.memory_mb << 20, limits.file_mb << 20
        self._guard = Guard(limits.processes + _TASKS_GRACE, memory, work, files)
        self._report: CompileReport | None = None
        self._alive = False
        self._zygote_pid = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._judge, self._remote = socket.socketpair()

    def _launch(
        self, command: Sequence[str], config: dict[str, object], fds: Sequence[int]
    ) -> None:
        """Start the runner; ``{fd}`` in the command stands for its end of the socket."""
        fd = self._remote.fileno()
        try:
            self._process = subprocess.Popen(
                [word.replace("{fd}", str(fd)) for word in command],
                pass_fds=(fd, *fds),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
                env={"MALLOC_ARENA_MAX": "4"},
            )
        except OSError as error:
            raise self._refusal(str(error)) from None
        finally:
            self._remote.close()
        self._hand_over(config)

    def _hand_over(self, config: dict[str, object]) -> None:
        """Tell the zygote what it is for; where it has gone, its first answer is missing."""
        self._judge.settimeout(_START_BOUND)
        with contextlib.suppress(OSError):
            self._judge.sendall(plain.encode(config))

    def check_alive(self) -> None:
        """Wait until the zygote answers; SandboxError with its complaint if it never does.

        UnavailableError, which lets another rung be tried, only where it would say the same
        tomorrow: a machine that is short of something for the moment must not talk ``auto``
        down the ladder.
        """
        with self._lock:
            try:
                self._await_hello()
            except UnavailableError:
                raise
            except SandboxError:
                assert self._process is not None
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(END_BOUND)
                if self._process.poll() is None:
                    raise SandboxError(f"no answer within {_START_BOUND:g} s") from None
                raise self._refusal(self.complaint() or "the sandbox did not start") from None

    def _refusal(self, complaint: str) -> SandboxError:
        if any(os.strerror(number) in complaint for number in _PASSING):
            return SandboxError(complaint)
        return UnavailableError(f"{self.isolation.backend}_refused: {complaint}")

    def _await_hello(self) -> None:
        """Wait for the first frame, which comes before the submission is even looked at."""
        if not self._alive:
            hello, _ = self._receive()
            self._alive = True
            self._find_zygote()
            self._take_hello(hello)

    def _take_hello(self, hello: dict[str, object]) -> None:
        """Subclasses learn here what holds, and refuse what is too little (UnavailableError)."""

    def compiled(self) -> CompileReport:
        with self._lock:
            self._await_hello()
            if self._report is None:
                # From here on whatever goes wrong is the submission's doing.
                try:
                    reply, _ = self._receive()
                except SandboxError:
                    reply = {"compiled": {"error": GAVE_UP}}
                report = reply.get("compiled")
                found = report if isinstance(report, dict) else {}
                self._report = CompileReport(
                    str(found.get("error", "")),
                    str(found.get("text", "")),
                    int(found.get("line", 0)),
                )
        return self._report

    def _find_zygote(self) -> None:
        """Subclasses learn here which process (in the judge's numbering) the zygote is."""

    def fork(self, *, raw: bool = False) -> Child:
        self.compiled()
        with contextlib.ExitStack() as made:  # given back where there is none left of the next
            control, remote = socket.socketpair()
            made.callback(control.close)
            made.callback(remote.close)
            output_r, output_w = _pipe(made)
            status_r, status_w = _pipe(made)
            dump = _sealed_file()
            made.pop_all()
        given = (remote.fileno(), output_w, dump, status_w)
        try:
            reply, fds = self._ask({"op": "fork", "raw": raw}, given)
        except SandboxError:
            for fd in (output_r, status_r, dump):
                os.close(fd)
            control.close()
            raise
        finally:
            remote.close()
            os.close(output_w)
            os.close(status_w)
        if self.isolation.level == "full" and not reply.get("namespaces"):
            for fd in (output_r, status_r, dump, *fds):
                os.close(fd)
            control.close()
            raise UnavailableError("no_process_namespace")
        output = Output(self.limits.output_kb << 10)
        self._drain.add(output_r, output)
        pidfd = fds[0] if fds else -1
        root = pid_of(pidfd) if fds else int(str(reply["pid"]))
        child = Child(
            control, output, root, False, dump, status_r, pidfd, bool(reply.get("namespaces"))
        )
        self._guard.watch(child)
        return child

    def socket(self, family: int, kind: int, proto: int = 0) -> socket.socket:
        spec = (int(family), int(kind), int(proto))
        with self._stock_lock:
            stock = self._stock.setdefault(spec, [])
            if not stock:
                count = _AHEAD if spec[:2] == _COMMON else 1
                reply, fds = self._ask({"op": "socket", "spec": list(spec), "count": count}, ())
                if not fds:
                    raise OSError(int(str(reply.get("error", 0))), str(reply.get("text", "")))
                stock.extend(fds)
            return socket.socket(fileno=stock.pop())

    def close(self) -> None:
        if self._process is not None and self.isolation.level != "full":
            # Left over where a learner's process has ended the one that looked after it.
            processes.kill_below(self._process.pid)
        self._judge.close()
        self._remote.close()
        with self._stock_lock:
            while self._stock:
                for fd in self._stock.popitem()[1]:
                    os.close(fd)
        self._end()
        self._guard.close()
        self._drain.close()

    def _end(self) -> None:
        """Hung up on, the zygote ends by itself, and its processor time is accounted for."""
        if self._process is not None:
            try:
                self._process.wait(END_BOUND)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            if self._process.stderr is not None:
                self._process.stderr.close()

    def complaint(self) -> str:
        """Return the last line that the runner's process wrote before it ended."""
        if self._process is None or self._process.stderr is None:
            return ""
        self._process.kill()
        lines = self._process.stderr.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:300] if lines else ""

    @property
    def network_pid(self) -> int:
        return self._zygote_pid

    def _ask(
        self, request: dict[str, object], fds: tuple[int, ...]
    ) -> tuple[dict[str, object], list[int]]:
        self.compiled()
        with self._lock:
            try:
                rights.send_all(self._judge, plain.encode(request), fds)
            except OSError as error:
                raise SandboxError(f"the zygote is gone: {error}") from None
            return self._receive()

    def _receive(self) -> tuple[dict[str, object], list[int]]:
        fds: list[int] = []
        try:
            header = rights.receive_exactly(self._judge, 4, fds)
            body = rights.receive_exactly(self._judge, plain.frame_size(header), fds)
            reply = plain.decode(body)
        except (OSError, EOFError, plain.PlainError) as error:
            raise SandboxError(f"the zygote does not answer: {error!r}") from None
        if not isinstance(reply, dict):
            raise SandboxError("the zygote answered something else")
        return reply, fds


def _pipe(made: contextlib.ExitStack) -> tuple[int, int]:
    reading, writing = os.pipe()
    made.callback(os.close, reading)
    made.callback(os.close, writing)
    return reading, writing


def _sealed_file() -> int:
    """Return a file in memory for stack dumps, of a size that nobody can change (memfd_create(2)).

    The learner's process has it, too, and would else have a store that no limit counts.
    """
    fd = os.memfd_create("dump", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, DUMP_BYTES)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL)
    return fd


def pid_of(pidfd: int) -> int:
    """Return the process of a pidfd in the judge's own numbering (proc(5), fdinfo)."""
    with open(f"/proc/self/fdinfo/{pidfd}", encoding="ascii") as file:
        for line in file:
            if line.startswith("Pid:"):
                return int(line.split()[1])
    return 0
