"""What the kernel says of a process that chooses its names, its memory and its arguments."""

from __future__ import annotations

import contextlib
import ctypes
import io
import math
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.learner import network, watch
from grader.learner.process import _handles
from grader.sandbox import processes

pytestmark = [
    pytest.mark.needs_proc,
    pytest.mark.skipif(sys.platform != "linux", reason="the kernel is Linux"),
]

WORDS = st.integers(0, 2**64 - 1) | st.sampled_from([0, 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1])
NUMBERS = st.sampled_from(sorted(watch._CALLS)) | st.integers(0, 500)
LIMITS = st.tuples(*[st.integers(-(2**63), 2**63 - 1) | st.integers(-2, 10**9)] * 2)


def look(
    monkeypatch: pytest.MonkeyPatch, syscall: str, times: str = "1 2 3"
) -> watch.Thread | None:
    """Return this process's main thread as if the kernel said these words of it."""
    files = {"syscall": syscall, "schedstat": times}
    with monkeypatch.context() as patch:
        patch.setattr(watch, "_read", lambda path: files[path.rpartition("/")[2]])
        return watch._thread(os.getpid(), os.getpid())


@pytest.fixture(scope="session")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as found:
        yield found


@given(NUMBERS, st.lists(WORDS, min_size=6, max_size=6), LIMITS, st.booleans())
def test_any_call_with_any_arguments(
    patch: pytest.MonkeyPatch, number: int, arguments: list[int], limit: tuple[int, int], real: bool
) -> None:
    """A learner calls what it likes, with what it likes in the memory it points to."""
    memory = (ctypes.c_int64 * 2)(*limit)
    if real:
        for index in watch._POINTERS.get(number, -1), watch._SLEEPS.get(number, -1):
            if index >= 0:
                arguments[index] = ctypes.addressof(memory)
    words = " ".join(hex(word) for word in [*arguments, 0x7FFC0000, 0x7F000000])
    thread = look(patch, f"{number} {words}")
    assert thread is not None
    assert thread.mode in ("blocked", "timed", "unknown")
    assert not math.isnan(thread.wakes_in)
    assert thread.wakes_in >= 0
    assert (thread.mode == "blocked") == (thread.wakes_in == math.inf)
    assert thread.fd >= -1


@pytest.mark.parametrize(
    "words", ["running", "-1 0x7ffd 0x7f00", "", "0 0x3", "999999 " + "0x0 " * 8]
)
def test_every_form_of_the_line(patch: pytest.MonkeyPatch, words: str) -> None:
    thread = look(patch, words)
    assert thread is not None
    assert thread.mode in ("running", "unknown")


@pytest.mark.parametrize("times", ["", "1", "x y z"])
def test_a_thread_that_goes_while_it_is_looked_at(patch: pytest.MonkeyPatch, times: str) -> None:
    assert look(patch, "running", times) is None


def test_a_descriptor_that_is_no_socket_any_more_is_not_kept() -> None:
    """A thread is blocked in recv(5), another has put a file at 5 since."""
    with open(os.devnull, "rb") as null:
        before = os.listdir("/proc/self/fd")
        for _ in range(3):
            watch._socket_has_timeout(os.getpid(), null.fileno())
        assert os.listdir("/proc/self/fd") == before


# -- names that a process gives itself ----------------------------------------------------

NAMES = [
    b"plain", b") R 1 (", b"a b c", b") Z 0 0 0", b"((((((((((", b"))))))))))", b"x\ny", b"\n) T 1",
    b"\nSigCgt:\tffff", b"\xff\xfe\x80", "中文名".encode(), b"\x1b[31m", b"", b"\t\t\t", b"a\\nb",
]  # fmt: skip

NAMED = """
import ctypes, os, sys, threading
name = bytes.fromhex(sys.argv[1])
ctypes.CDLL(None).prctl(15, name, 0, 0, 0)
child = os.fork()
if child == 0:
    threading.Event().wait()
print(child, flush=True)
sys.stdin.read()
os.kill(child, 9)
os.waitpid(child, 0)
"""


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_a_name_misleads_nobody(
    name: bytes, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    command = [sys.executable, "-I", "-S", "-c", NAMED, name.hex()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        assert processes.children(process.pid) == [child]
        assert processes.descendants(os.getpid()).count(child) == 1
        for pid in (process.pid, child):
            eventually(lambda pid=pid: processes.state(pid) == "S")  # type: ignore[misc]
            assert not _handles(pid, 61)
            assert _handles(pid, 2)  # Python's own handler of SIGINT
        modes = {thread.pid: thread.mode for thread in watch.threads(process.pid, True)}
        assert set(modes) == {process.pid, child}
        assert modes[child] == "blocked"
        process.communicate()
    assert processes.state(child) == "Z"


# -- the network's tables and answers -------------------------------------------------------

ADDRESSES = st.tuples(st.ip_addresses(v=4).map(str), st.integers(0, 65_535))
ROWS = st.lists(
    st.tuples(ADDRESSES, ADDRESSES, st.integers(1, 12), st.integers(0, 2**32 - 1)), max_size=8
)
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"


def table(rows: list[tuple[network.Address, network.Address, int, int]]) -> bytes:
    """Return rows as /proc/net/tcp has them."""
    lines = [
        f"{number:4}: {network.encode_address(local)} {network.encode_address(remote)} {state:02X} "
        f"00000000:{queue:08X} 00:00000000 00000000  1000        0 1 2 0000000000000000 20 4 30 -1"
        for number, (local, remote, state, queue) in enumerate(rows)
    ]
    return (HEAD + "\n".join(lines) + "\n").encode()


@given(ROWS)
def test_tables_say_what_is_in_them(
    patch: pytest.MonkeyPatch,
    rows: list[tuple[network.Address, network.Address, int, int]],
) -> None:
    content = table(rows)
    with patch.context() as inner:
        inner.setattr(network, "open", lambda *_, **__: io.BytesIO(content), raising=False)
        for (host, port), remote, state, queue in rows:
            assert (host in network.listening(1, port)) or state != 0x0A
            assert (port in network.time_waiting(1)) or state != 0x06
            assert host in network.bound_datagram_sockets(1, port)
            assert network.receive_queue(1, (host, port), remote) is not None
            assert (network.datagram_queue(1, port) or 0) >= queue


class Netlink:
    """A netlink socket that answers with whatever it was given."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer

    def sendto(self, *_: object) -> None:
        pass

    def recv(self, size: int) -> bytes:
        return self.answer[:size]

    def settimeout(self, _: float) -> None:
        pass

    def close(self) -> None:
        pass


@given(st.binary(max_size=120))
def test_any_answer_of_sock_diag(answer: bytes) -> None:
    queues = network.Queues(lambda *_: Netlink(answer), os.getpid())  # type: ignore[arg-type]
    with contextlib.closing(queues):
        found = queues.waiting(("127.0.0.1", 1), ("127.0.0.1", 2))
        assert found is None or found >= 0


@settings(max_examples=10)
@given(st.integers(0, 3000))
def test_both_ways_of_looking_agree(size: int) -> None:
    def make(family: int, kind: int, proto: int) -> socket.socket:
        return socket.socket(family, kind, proto)

    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as near,
        listener.accept()[0] as far,
        contextlib.closing(network.Queues(make, os.getpid())) as queues,
    ):
        near.sendall(bytes(size))
        local, remote = far.getsockname(), far.getpeername()
        assert network.receive_queue(os.getpid(), local, remote) == size
        assert queues.waiting(local, remote) == size
