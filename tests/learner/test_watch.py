"""What the kernel tells of a process, with real processes in every state."""

from __future__ import annotations

import math
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from grader.learner import watch
from grader.sandbox import processes

pytestmark = pytest.mark.needs_proc

Eventually = Callable[[Callable[[], bool]], None]
Start = Callable[[str], int]

PRELUDE = """
import os, select, signal, socket, struct, threading, time
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
server, _ = listener.accept()
"""


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that runs Python code in a real child, and gives its number."""
    with ExitStack() as stack:

        def start(code: str) -> int:
            child = stack.enter_context(
                subprocess.Popen([sys.executable, "-S", "-c", PRELUDE + code])
            )
            stack.callback(child.kill)
            return child.pid

        yield start


def main_thread(pid: int) -> watch.Thread | None:
    found = [thread for thread in watch.threads(pid, True) if thread.tid == pid]
    return found[0] if found else None


def is_in(pid: int, mode: str, call: str) -> bool:
    thread = main_thread(pid)
    return thread is not None and (thread.mode, thread.call) == (mode, call)


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("listener.accept()", "accept"),
        ("server.recv(1)", "recv"),
        ("server.recvfrom(1)", "recv"),
        ("server.recv_into(bytearray(9))", "recv"),
        ("server.recvmsg(9)", "recv"),
        ("server.makefile('rb').read()", "recv"),
        ("client.sendall(bytes(1 << 28))", "send"),
        ("p = select.poll(); p.register(server, select.POLLIN); p.poll()", "poll"),
        ("p = select.epoll(); p.register(server, select.EPOLLIN); p.poll()", "epoll_wait"),
        ("select.select([server], [], [])", "select"),
        ("threading.Event().wait()", "futex"),
        ("lock = threading.Lock(); lock.acquire(); lock.acquire()", "futex"),
        ("os.read(os.pipe()[0], 1)", "read"),
        ("signal.pause()", "pause"),
        ("pid = os.fork() or signal.pause(); os.waitpid(pid, 0)", "wait"),
        ("import asyncio; asyncio.run(asyncio.Event().wait())", "epoll_wait"),
    ],
)
def test_sees_what_blocks_for_good(
    start: Start, eventually: Eventually, code: str, call: str
) -> None:
    pid = start(code)
    eventually(lambda: is_in(pid, "blocked", call))
    thread = main_thread(pid)
    assert thread is not None
    assert thread.wakes_in == math.inf
    assert not watch.has_hidden_limit(thread)


@pytest.mark.parametrize(
    ("code", "call"),
    [
        # clock_nanosleep(2), and select(2) before Python 3.11.
        ("time.sleep(300)", "sleep" if sys.version_info >= (3, 11) else "select"),
        ("server.settimeout(300); server.recv(1)", "poll"),
        ("listener.settimeout(300); listener.accept()", "poll"),
        ("select.select([server], [], [], 300)", "select"),
        ("select.epoll().poll(300)", "epoll_wait"),
        ("p = select.poll(); p.register(server); server.recv(0); p.poll(300_000)", ""),
        ("threading.Event().wait(300)", "futex"),
    ],
)
def test_sees_for_how_long_a_call_may_wait(
    start: Start, eventually: Eventually, code: str, call: str
) -> None:
    if not call:
        code, call = code.replace("p.register(server)", "p.register(server, 1)"), "poll"
    pid = start(code)
    eventually(lambda: is_in(pid, "timed", call))
    thread = main_thread(pid)
    assert thread is not None
    if thread.absolute:
        assert 0 < thread.wakes_in <= 300
    else:
        assert thread.wakes_in == pytest.approx(300, abs=1)


def test_a_limit_that_is_a_point_in_time_comes_nearer(start: Start, eventually: Eventually) -> None:
    pid = start("threading.Event().wait(300)")
    eventually(lambda: is_in(pid, "timed", "futex"))
    first = main_thread(pid)
    assert first is not None
    if not first.absolute:
        pytest.skip("this Python waits for a span of time, not for a point in it")

    def nearer() -> bool:
        now = main_thread(pid)
        return now is not None and now.wakes_in < first.wakes_in

    eventually(nearer)


def test_sees_a_thread_that_runs_and_runs(start: Start, eventually: Eventually) -> None:
    pid = start("while True: pass")
    eventually(lambda: watch.cpu_seconds(pid, True) > 0.3)
    eventually(lambda: is_in(pid, "running", ""))
    before = main_thread(pid)
    assert before is not None

    def ran_on() -> bool:
        now = main_thread(pid)
        return now is not None and now.run_ns > before.run_ns

    eventually(ran_on)


def test_sees_every_thread_of_every_process(start: Start, eventually: Eventually) -> None:
    pid = start(
        "os.fork()\nthreading.Thread(target=threading.Event().wait).start()\nlistener.accept()"
    )

    def calls() -> list[str]:
        return sorted(thread.call for thread in watch.threads(pid, True))

    eventually(lambda: calls() == ["accept", "accept", "futex", "futex"])
    (child,) = processes.descendants(pid)
    assert {thread.pid for thread in watch.threads(pid, True)} == {pid, child}
    assert {thread.pid for thread in watch.threads(pid, False)} == {child}
    found = watch.descriptors(pid, True)
    assert set(found) == {pid, child}
    assert sum(target.startswith("socket:") for target in found[pid].values()) == 3
    assert set(watch.descriptors(pid, False)) == {child}


@pytest.mark.parametrize(
    ("code", "call"),
    [
        (
            "server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack('qq', 300, 0))\n"
            "server.recv(1)",
            "recv",
        ),
        (
            "client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack('qq', 0, 9))\n"
            "client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack('qq', 300, 0))\n"
            "client.sendall(bytes(1 << 28))",
            "send",
        ),
        (
            "limit = struct.pack('qq', 300, 0)\n"
            "listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)\n"
            "listener.accept()",
            "accept",
        ),
        ("signal.signal(signal.SIGALRM, print); signal.alarm(300); server.recv(1)", "recv"),
        ("signal.signal(signal.SIGALRM, print); signal.alarm(300); signal.pause()", "pause"),
    ],
)
def test_knows_a_limit_that_the_call_does_not_show(
    start: Start, eventually: Eventually, code: str, call: str
) -> None:
    pid = start(code)
    eventually(lambda: is_in(pid, "blocked", call))
    thread = main_thread(pid)
    assert thread is not None
    assert watch.has_hidden_limit(thread)


def test_a_file_on_a_disk_answers_however_slow_it_is(start: Start, eventually: Eventually) -> None:
    file, pipe = "os.open(os.__file__, os.O_RDONLY)", "os.pipe()[0]"
    pid = start(f"os.dup2({file}, 77); os.dup2({pipe}, 78); signal.pause()")
    eventually(lambda: is_in(pid, "blocked", "pause"))
    for fd, has_limit in ((77, True), (78, False), (79, False)):
        thread = watch.Thread(pid, pid, "blocked", "read", fd, math.inf, 0, 0, "")
        assert watch.has_hidden_limit(thread) == has_limit


def test_says_which_socket_it_is(start: Start, eventually: Eventually) -> None:
    pid = start("os.dup2(server.fileno(), 77); socket.socket(fileno=77).recv(1)")
    eventually(lambda: is_in(pid, "blocked", "recv"))
    thread = main_thread(pid)
    assert thread is not None
    assert thread.fd == 77
    assert watch.descriptors(pid, True)[pid][77].startswith("socket:")


def test_nothing_is_seen_of_what_is_gone(start: Start, eventually: Eventually) -> None:
    gone = subprocess.Popen([sys.executable, "-S", "-c", ""])
    gone.wait()
    assert watch.threads(gone.pid, True) == []
    assert watch.cpu_seconds(gone.pid, True) == 0
    assert watch.descriptors(gone.pid, True) == {}
    dead = watch.Thread(gone.pid, gone.pid, "blocked", "recv", 3, math.inf, 0, 0, "")
    assert watch.has_hidden_limit(dead)


def test_a_call_that_nobody_knows_is_not_taken_for_blocked() -> None:
    words = [0] * 6
    assert watch._classify(1, -1, "", words)[0] == "unknown"
    assert watch._classify(1, 999, "", words)[0] == "unknown"
    assert watch._classify(1, 0, "restart", words)[0] == "unknown"
    with socket.socket() as sock:
        assert watch._socket_has_timeout(0, sock.fileno())


def test_who_stands_still_outside_of_any_call_is_not_waiting(
    start: Start, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel fetches a page, say: that is the machine's doing (proc(5), syscall: -1)."""
    pid = start("server.recv(1)")
    eventually(lambda: is_in(pid, "blocked", "recv"))
    monkeypatch.setattr(watch, "_syscall", lambda folder, pid: "-1 0x7ffd05e2b2c8 0x7f1e3c2a9a3d")
    assert is_in(pid, "running", "")
