"""Waiting: what can no longer happen is seen, what still can is waited for."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from grader.harness.lab import Lab
from grader.learner.ends import raised_failure
from grader.learner.failure import CheckFailed
from grader.learner.process import Raised
from grader.learner.waiting import Waiter
from grader.peers.stream import StreamPeer
from grader.sandbox import IsolationChoice

pytestmark = pytest.mark.needs_proc

OpenLab = Callable[..., Lab]

SOURCE = """
import os, select, signal, socket, struct, threading, time


def recv(sock): sock.recv(1)
def recv_twice(sock):
    sock.recv(1)
    time.sleep(0.3)
    sock.sendall(b"at last")
def recv_limited(sock):
    sock.settimeout(0.3)
    try: sock.recv(1)
    except TimeoutError: sock.sendall(b"timed out")
    threading.Event().wait()
def recv_by_kernel(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("qq", 0, 300_000))
    try: sock.recv(1)
    except OSError: sock.sendall(b"timed out")
    threading.Event().wait()
def recv_by_alarm(sock):
    signal.signal(signal.SIGALRM, lambda *_: sock.sendall(b"timed out"))
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    sock.recv(1)
def sleep(sock): time.sleep(3000)
def spin(sock):
    while True: pass
def spin_in_thread(sock):
    threading.Thread(target=spin, args=(None,)).start()
    sock.recv(1)
def recv_in_thread(sock):
    threading.Thread(target=recv, args=(sock,)).start()
    threading.Event().wait()
def returns(sock): return 1
def raises(sock): raise ValueError("no")
def stub(sock): raise NotImplementedError
def dies(sock): os._exit(3)
def lock(sock):
    lock = threading.Lock()
    with lock: lock.acquire()
def in_child(sock):
    if os.fork() == 0:
        sock.recv(1)
    os.wait()
def threads(sock):
    for _ in range(5): threading.Thread(target=threading.Event().wait).start()
    sock.recv(1)
def asyncio_(sock):
    import asyncio
    asyncio.run(asyncio.Event().wait())
def not_connected(sock):
    socket.socket().recv(1)
"""


@pytest.fixture
def lab(open_lab: OpenLab, best: IsolationChoice) -> Lab:
    return open_lab(SOURCE, best)


def begin(lab: Lab, target: str) -> StreamPeer:
    argument, listener = lab.handed()
    lab.call(target, argument)
    return listener.accept()


@pytest.mark.parametrize(
    ("target", "kind", "state", "place"),
    [
        ("recv", "stuck", "blocked", "recv"),
        ("lock", "stuck", "blocked", "lock"),
        ("in_child", "stuck", "blocked", "in_child"),
        ("threads", "stuck", "blocked", "threads"),
        ("recv_in_thread", "stuck", "blocked", "recv"),
        ("asyncio_", "stuck", "blocked", "asyncio_"),
        ("sleep", "sleeping", "sleeping", "sleep"),
        ("spin", "spinning", "spinning", "spin"),
        ("spin_in_thread", "spinning", "spinning", "spin"),
    ],
)
def test_sees_what_can_no_longer_happen(
    lab: Lab, target: str, kind: str, state: str, place: str
) -> None:
    peer = begin(lab, target)
    with pytest.raises(CheckFailed) as caught:
        peer.read(bound=3000 if kind != "sleeping" else 60)
    failure = caught.value
    assert (failure.kind, failure.stuck) == (kind, True)
    assert failure.location is not None
    assert failure.location.state == state
    assert failure.location.line > 0
    # Of the thread that is meant, wherever the others are.
    assert failure.location.function == place


@pytest.mark.parametrize("target", ["recv_limited", "recv_by_kernel", "recv_by_alarm"])
def test_waits_for_a_call_that_ends_by_itself(lab: Lab, target: str) -> None:
    assert begin(lab, target).read() == b"timed out"


def test_waits_for_what_is_under_way(lab: Lab) -> None:
    peer = begin(lab, "recv_twice")
    peer.send(b"x")
    assert peer.read() == b"at last"


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("returns", "ended"),
        ("raises", "raised"),
        ("stub", "not_implemented"),
        ("dies", "died"),
        ("not_connected", "not_connected"),
    ],
)
def test_says_how_a_call_ended_instead(lab: Lab, target: str, kind: str) -> None:
    argument, listener = lab.handed()
    lab.call(target, argument)
    listener.accept()
    with pytest.raises(CheckFailed) as caught:
        lab.waiter.until(done=lambda: False)
    assert caught.value.kind == kind
    if kind == "died":
        assert caught.value.values == {"end": "exit 3"}
    if kind == "raised":
        assert caught.value.received == "ValueError: no"
        assert caught.value.location is not None
        assert caught.value.location.function == "raises"


def test_what_was_sent_before_the_end_counts_first(
    open_lab: OpenLab, best: IsolationChoice
) -> None:
    lab = open_lab("import os\ndef f(sock):\n    sock.sendall(b'bye')\n    os._exit(0)", best)
    peer = begin(lab, "f")
    assert peer.read() == b"bye"
    assert peer.read() == b""


def test_the_time_is_up_at_last(lab: Lab) -> None:
    begin(lab, "sleep")
    with pytest.raises(CheckFailed) as caught:
        lab.waiter.until(done=lambda: False, bound=0.05)
    assert caught.value.kind in ("silent", "sleeping")
    assert caught.value.stuck
    with pytest.raises(CheckFailed) as caught:
        lab.waiter.until(done=lambda: False, bound=0.0, watch_learner=False)
    assert (caught.value.kind, caught.value.location) == ("silent", None)


def test_does_not_look_where_it_should_not(lab: Lab) -> None:
    begin(lab, "recv")
    with pytest.raises(CheckFailed) as caught:
        lab.waiter.until(done=lambda: False, bound=0.4, watch_learner=False)
    assert caught.value.kind == "silent"


def test_returns_what_is_ready(lab: Lab) -> None:
    first, second = socket.socketpair()
    with first, second:
        assert lab.waiter.until(write=[first, second]) == ([], [first, second])
        second.send(b"x")
        assert lab.waiter.until(read=[first, second]) == ([first], [])
        assert lab.waiter.until(read=[first], done=lambda: True) == ([], [])


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (None, "ended"),
        (Raised("ValueError", ["builtins.ValueError"], "", []), "raised"),
        (Raised("X", ["?.X", "builtins.NotImplementedError"], "", []), "not_implemented"),
        (Raised("OSError", ["builtins.OSError"], "", [], "ENOTCONN"), "not_connected"),
        (Raised("OSError", [], "", [], "ENOTCONN", "conn.shutdown(SHUT_RDWR)"), "raised"),
        (Raised("SystemExit", ["builtins.SystemExit"], "", []), "died"),
    ],
)
def test_names_the_failure_of_an_exception(raised: Raised | None, kind: str) -> None:
    assert raised_failure(raised).kind == kind


def test_knows_when_every_call_is_over(lab: Lab) -> None:
    waiter: Waiter = lab.waiter
    assert not waiter.over()
    argument, listener = lab.handed()
    calling = lab.call("returns", argument)
    listener.accept()
    calling.wait()
    assert waiter.over()


NO_BACKLOG = """
import select, socket, time
def serve(host, port):
    with socket.create_server((host, port), backlog=0) as listener:
        select.select([listener], [], [])
        time.sleep(0.3)  # the next client finds the line full, and its SYN is dropped
        while True:
            conn, _ = listener.accept()
            while data := conn.recv(100):
                conn.sendall(data)
            conn.close()
"""


def test_a_dropped_syn_comes_again(open_lab: OpenLab) -> None:
    """The server is blocked for good in recv(), and still the connection comes about."""
    lab = open_lab(NO_BACKLOG)
    server = lab.serve()
    first, second = lab.connect(server), lab.connect(server)
    first.close()
    second.send(b"here")
    second.expect(b"here")


def test_who_never_slept_was_spinning_however_little_it_got(open_lab: OpenLab) -> None:
    """With a deadline that comes before a quarter of a second of processor time is used up."""
    lab = open_lab(SOURCE)
    peer = begin(lab, "spin")
    lab.waiter.spin_cpu = 1000.0
    with pytest.raises(CheckFailed) as caught:
        lab.waiter.until(read=[peer.sock], bound=1.5)
    assert caught.value.kind == "spinning"


def test_who_slept_now_and_then_was_silent(open_lab: OpenLab) -> None:
    lab = open_lab(SOURCE + "\n\ndef naps(sock):\n    while True: time.sleep(0.01)\n")
    peer = begin(lab, "naps")
    with pytest.raises(CheckFailed) as caught:
        lab.waiter.until(read=[peer.sock], bound=1.5)
    assert caught.value.kind == "silent"
