"""The servers of ex03 and ex07, reference and variants, against real clients: nc and socat.

A server runs in a process group of its own; a client's standard input is what it sends, and
the end of that input makes it half-close.
"""

from __future__ import annotations

import contextlib
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

SOLUTIONS = Path(__file__).parents[1] / "solutions"
ECHO = SOLUTIONS / "ex03_tcp_echo"
MANY = SOLUTIONS / "ex07_multi_client"
ECHO_SERVERS = [ECHO / "tcp_echo.py", *sorted((ECHO / "variants").glob("*.py"))]
LINE_SERVERS = [MANY / "multi_client.py", *sorted((MANY / "variants").glob("*.py"))]
PATIENCE = 60.0
BIG = 16 << 20
DRAWN = random.Random(7)
SERVER = "import runpy, sys; runpy.run_path(sys.argv[1])['serve'](sys.argv[2], int(sys.argv[3]))"

pytestmark = pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")


@dataclass(frozen=True)
class Address:
    """Where a solution's server listens."""

    host: str
    port: int

    def client(self, name: str) -> list[str]:
        """Return the command of a client that half-closes at the end of its input."""
        if name == "nc":
            return ["nc", "-N", self.host, str(self.port)]
        return ["socat", "-t", f"{PATIENCE:g}", "-", f"TCP:{self.host}:{self.port}"]


@cache
def why_not(name: str) -> str:
    """Say why this machine cannot test with a client, or nothing."""
    if shutil.which(name) is None:
        return f"{name} is not installed"
    if name == "nc":
        shown = subprocess.run(["nc", "-h"], capture_output=True, check=False, timeout=PATIENCE)
        if b"-N" not in shown.stdout + shown.stderr:
            return "this nc has no -N (half-close)"
    return ""


@pytest.fixture(params=["nc", "socat"])
def client(request: pytest.FixtureRequest) -> str:
    """Return the name of a real client that is installed here."""
    name: str = request.param
    if reason := why_not(name):
        pytest.skip(reason)
    return name


@pytest.fixture
def serve() -> Iterator[Callable[[Path], Address]]:
    """Return a function that starts a solution's server; all are ended afterwards."""
    with ExitStack() as stack:

        def serve(path: Path) -> Address:
            address = unused()
            process = subprocess.Popen(
                [sys.executable, "-c", SERVER, str(path), address.host, str(address.port)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
            stack.callback(end_group, process)
            await_start(process, address)
            return address

        yield serve


def unused() -> Address:
    """Return an address that nobody else draws: on Linux all of 127.0.0.0/8 is this machine."""
    drawn = random.SystemRandom()
    host = "127.0.0.1"
    if sys.platform == "linux":
        host = "127." + ".".join(str(drawn.randrange(1, 250)) for _ in range(3))
    with socket.socket() as probe:
        probe.bind((host, 0))
        return Address(host, int(probe.getsockname()[1]))


def await_start(process: subprocess.Popen[bytes], address: Address) -> None:
    """Try to connect until the server is there; this first client leaves at once."""
    end = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None, "the server has ended"
        assert time.monotonic() < end, "the server does not listen"
        try:
            socket.create_connection((address.host, address.port), PATIENCE).close()
        except ConnectionRefusedError:
            select.select([], [], [], 0.01)
        else:
            return


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a server and the children that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def running(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a client that is talked to through its pipes, and end it."""
    process = subprocess.Popen(command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        try:
            yield process
        finally:
            process.kill()


def say(process: subprocess.Popen[bytes], data: bytes) -> None:
    """Have a client send some bytes."""
    assert process.stdin is not None
    process.stdin.write(data)


def hear(process: subprocess.Popen[bytes], expected: bytes) -> None:
    """Read exactly the bytes that a client should have received."""
    assert process.stdout is not None
    heard = b""
    while len(heard) < len(expected):
        ready, _, _ = select.select([process.stdout], [], [], PATIENCE)
        assert ready, f"only {heard!r} came"
        piece = process.stdout.read(len(expected) - len(heard))
        assert piece, f"only {heard!r} came before the end"
        heard += piece
    assert heard == expected


def converse(command: Sequence[str], data: bytes) -> bytes:
    """Have a client send everything and half-close; return all that it receives."""
    done = subprocess.run(command, input=data, stdout=subprocess.PIPE, timeout=PATIENCE, check=True)
    return done.stdout


def name_of(path: Path) -> str:
    """Return what a solution is called in the names of tests."""
    return path.stem


@pytest.mark.parametrize("path", ECHO_SERVERS, ids=name_of)
def test_echo_server_returns_everything_after_a_half_close(
    path: Path, client: str, serve: Callable[[Path], Address]
) -> None:
    address = serve(path)
    for data in (b"hello\n", DRAWN.randbytes(100_000), b"quit", DRAWN.randbytes(BIG), b""):
        assert converse(address.client(client), data) == data


@pytest.mark.parametrize("path", ECHO_SERVERS, ids=name_of)
def test_echo_server_answers_before_the_client_finishes(
    path: Path, client: str, serve: Callable[[Path], Address]
) -> None:
    address = serve(path)
    with running(address.client(client)) as process:
        for data in (b"hello\n", "你好\n".encode(), DRAWN.randbytes(3000)):
            say(process, data)
            hear(process, data)
    with running(address.client(client)) as process:
        say(process, b"next\n")
        hear(process, b"next\n")


@pytest.mark.parametrize("path", LINE_SERVERS, ids=name_of)
def test_line_server_answers_whole_lines_after_a_half_close(
    path: Path, client: str, serve: Callable[[Path], Address]
) -> None:
    address = serve(path)
    long = DRAWN.randbytes(60_000).replace(b"\n", b" ") + b"\n"
    for data in (b"one\ntwo\nthr", b"\n\r\n", long * 20 + b"no line", b"", b"nothing"):
        whole = data[: data.rfind(b"\n") + 1]
        assert converse(address.client(client), data) == whole.upper()


@pytest.mark.parametrize("path", LINE_SERVERS, ids=name_of)
def test_line_server_serves_several_clients_at_once(
    path: Path, client: str, serve: Callable[[Path], Address]
) -> None:
    address = serve(path)
    with ExitStack() as stack:
        clients = [stack.enter_context(running(address.client(client))) for _ in range(8)]
        for number, process in enumerate(clients):
            say(process, b"client %d, fir" % number)
        clients[0].kill()  # in the middle of its line
        for number, process in reversed(list(enumerate(clients[1:], 1))):
            say(process, b"st\n")
            hear(process, b"CLIENT %d, FIRST\n" % number)
        for number, process in enumerate(clients[1:], 1):
            assert process.stdin is not None
            say(process, b"last %d\nunfinished" % number)
            process.stdin.close()
            hear(process, b"LAST %d\n" % number)
            assert process.wait(PATIENCE) == 0
