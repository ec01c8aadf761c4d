"""The process that zygotes come from: bubblewrap and an interpreter, started once.

A judge that grades one submission after the other keeps one.  Nothing of a submission is ever in
it: each gets a zygote of its own, forked into network, IPC, PID and mount namespaces that end
with it (clone(2)).  A start costs some 40 ms of processor time, such a fork a few.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress

from grader.learner import plain, rights
from grader.sandbox.base import SandboxError, await_readable

_START_BOUND = 20.0
_END_BOUND = 0.5
_KILLED_BOUND = 10.0


class Nursery:
    """One long-lived ``runner.py nursery``; started when it is needed, and again if it has gone.

    ``command`` makes the command line and the descriptors that it names, which are closed once
    it runs; ``{fd}`` in it stands for the runner's end of the socket.  For one thread.
    """

    def __init__(self, command: Callable[[], tuple[Sequence[str], Sequence[int]]]) -> None:
        self._command = command
        self._socket: socket.socket | None = None
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process, unless it runs (OSError, SandboxError)."""
        if self.process is not None and self.process.poll() is None:
            return
        self.close()
        command, fds = self._command()
        ours, theirs = socket.socketpair()
        try:
            self.process = subprocess.Popen(
                [word.replace("{fd}", str(theirs.fileno())) for word in command],
                pass_fds=(theirs.fileno(), *fds),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
                env={},
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
            for fd in fds:
                os.close(fd)
        ours.settimeout(_START_BOUND)
        self._socket = ours

    def order(self, remote: socket.socket) -> None:
        """Ask for a zygote that has ``remote`` as its socket; `born` tells what came of it."""
        assert self._socket is not None
        with suppress(OSError):  # it has gone: `born` says so
            rights.send_all(self._socket, plain.encode({"op": "zygote"}), (remote.fileno(),))

    def born(self) -> int:
        """Return a pidfd of the zygote that was ordered last (SandboxError: there is none)."""
        assert self._socket is not None
        fds: list[int] = []
        try:
            header = rights.receive_exactly(self._socket, 4, fds)
            body = rights.receive_exactly(self._socket, plain.frame_size(header), fds)
            reply = plain.decode(body)
        except (OSError, EOFError, plain.PlainError) as error:
            raise SandboxError(f"the sandbox does not answer: {error!r}") from None
        if not fds:
            error_text = reply.get("error") if isinstance(reply, dict) else reply
            raise SandboxError(f"no namespaces: {error_text}")
        return fds[0]

    def complaint(self) -> str:
        """End the process; return the last line that it wrote before, "" where there is none."""
        process = self.process
        if process is None or process.stderr is None:
            return ""
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_BOUND)
        process.kill()
        lines = process.stderr.read().decode("utf-8", "replace").strip().splitlines()
        self.close()
        return lines[-1][:300] if lines else ""

    def close(self) -> None:
        """End the process and all zygotes; a later `start` begins anew."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self.process is not None:
            # Hung up on, it ends by itself.
            try:
                self.process.wait(_END_BOUND)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            if self.process.stderr is not None:
                self.process.stderr.close()
            self.process = None


def await_end(pidfd: int, bound_s: float) -> None:
    """Wait until a process has ended, and end it after so many seconds (pidfd_open(2))."""
    if not await_readable(pidfd, bound_s):
        with suppress(OSError):
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        await_readable(pidfd, _KILLED_BOUND)
