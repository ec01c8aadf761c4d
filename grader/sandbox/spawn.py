"""The ``none`` rung without fork: a new interpreter for each check (macOS, Windows)."""

from __future__ import annotations

import contextlib
import os
import secrets
import selectors
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import IO

from grader.learner import plain
from grader.model import Isolation, Limits
from grader.sandbox.base import (
    LEARNER_FOLDER,
    Child,
    CompileReport,
    Output,
    Sandbox,
    SandboxError,
    Submission,
    config_for,
    executable,
    remove_tree,
)

_START_BOUND = 30.0
Socket = socket.socket


class SpawnSandbox(Sandbox):
    """A plain process per check, spoken to over a loopback connection."""

    def __init__(
        self, submission: Submission, limits: Limits, missing: tuple[str, ...] = ()
    ) -> None:
        self.isolation = Isolation(level="none", backend="spawn", missing=missing)
        self.limits = limits
        self._folder = Path(tempfile.mkdtemp(prefix="dojo-"))
        self._path = self._folder / "submission" / f"{submission.slug}.py"
        self._path.parent.mkdir()
        self._path.write_bytes(submission.source)
        self._submission = submission
        self._processes: list[subprocess.Popen[bytes]] = []
        self._count = 0
        self._lock = threading.Lock()

    def compiled(self) -> CompileReport:
        """Nothing is compiled ahead: each process does it, and says so when it loads."""
        return CompileReport()

    def fork(self, *, raw: bool = False) -> Child:
        with self._lock:
            self._count += 1
            work = self._folder / f"work{self._count}"
        work.mkdir()
        token = secrets.token_hex(16)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            host, port = listener.getsockname()
            runner = str(LEARNER_FOLDER / "runner.py")
            command = [executable(), "-I", "-S", "-X", "utf8", runner, "spawned"]
            process = subprocess.Popen(
                [*command, host, str(port), token],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            with self._lock:
                self._processes.append(process)
            output = Output(self.limits.output_kb << 10)
            assert process.stdout is not None
            threading.Thread(target=_drain, args=(process.stdout, output), daemon=True).start()
            listener.settimeout(_START_BOUND)
            control = self._accept(listener, token)
        control.sendall(
            plain.encode(config_for(self._submission, self.limits, str(self._path), str(work)))
        )
        return Child(control, output, process.pid, True)

    def socket(self, family: int, kind: int, proto: int = 0) -> socket.socket:
        return socket.socket(family, kind, proto)

    def close(self) -> None:
        for process in self._processes:
            with contextlib.suppress(OSError):
                process.kill()
            process.wait()
        remove_tree(self._folder)

    @property
    def network_pid(self) -> int:
        return os.getpid()

    def _accept(self, listener: Socket, token: str) -> Socket:
        """Accept the runner's own connection; anybody else who calls keeps nobody waiting."""
        wanted = token.encode()
        end = time.monotonic() + _START_BOUND
        heard: dict[Socket, bytes] = {}
        listener.setblocking(False)
        with selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            try:
                while (left := end - time.monotonic()) > 0:
                    for key, _ in selector.select(left):
                        sock = key.fileobj
                        assert isinstance(sock, Socket)
                        if sock is listener:
                            with contextlib.suppress(OSError):
                                caller, _ = listener.accept()
                                caller.setblocking(False)
                                heard[caller] = b""
                                selector.register(caller, selectors.EVENT_READ)
                            continue
                        piece = b""
                        with contextlib.suppress(OSError):
                            piece = sock.recv(len(wanted) - len(heard[sock]))
                        heard[sock] += piece
                        if piece and len(heard[sock]) < len(wanted):
                            continue
                        selector.unregister(sock)
                        if secrets.compare_digest(heard.pop(sock), wanted):
                            sock.settimeout(_START_BOUND)
                            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                            return sock
                        sock.close()
            finally:
                for caller in heard:
                    caller.close()
        raise SandboxError("the learner process did not start")


def _drain(stream: IO[bytes], output: Output) -> None:
    with stream:
        while True:
            piece = stream.read1(65536)  # type: ignore[attr-defined]
            output.feed(piece)
            if not piece:
                return
