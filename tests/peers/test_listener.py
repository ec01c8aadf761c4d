"""Listening peers: accepting, refusing, and not answering at all."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from grader.harness.lab import Lab
from grader.learner.failure import CheckFailed
from grader.sandbox import IsolationChoice

pytestmark = pytest.mark.needs_proc

OpenLab = Callable[..., Lab]

SOURCE = """
import select, socket, threading


def connect(host, port, times=1, timeout=60):
    socks = []
    for _ in range(times):
        try: socks.append(socket.create_connection((host, port), timeout))
        except OSError as error: return type(error).__name__
    return "connected"
def connect_and_stay(host, port, times):
    socks = [socket.create_connection((host, port)) for _ in range(times)]
    threading.Event().wait()
def receive(sock):
    return sock.recv(10)
"""

# connect(2) on a busy machine: it takes its time, and fails where the peer has reset meanwhile.
SLOW = """

def connect(self, address, connect=socket.socket.connect):
    connect(self, address)
    poll = select.poll()
    poll.register(self, 0)
    if poll.poll(100):
        raise ConnectionResetError
socket.socket.connect = connect
"""


@pytest.fixture
def lab(open_lab: OpenLab, best: IsolationChoice) -> Lab:
    return open_lab(SOURCE, best)


def test_accepts_one_after_the_other(lab: Lab) -> None:
    listener = lab.listener()
    lab.call("connect_and_stay", listener.host, listener.port, 3)
    peers = [listener.accept() for _ in range(3)]
    assert [peer.who for peer in peers] == ["peer", "peer 2", "peer 3"]
    assert not listener.waiting()


def test_says_whether_somebody_waits(lab: Lab) -> None:
    listener = lab.listener()
    assert not listener.waiting()
    lab.call("connect", listener.host, listener.port).returns()
    assert listener.waiting()


def test_refuses_and_keeps_its_port(lab: Lab) -> None:
    listener = lab.listener(listen=False)
    first = lab.call("connect", listener.host, listener.port).returns()
    assert first == "ConnectionRefusedError"
    with lab.sandbox.socket(socket.AF_INET, socket.SOCK_STREAM) as other, pytest.raises(OSError):  # noqa: PT011
        other.bind((listener.host, listener.port))


def test_a_full_backlog_answers_nobody(lab: Lab) -> None:
    listener = lab.listener(listen=False)
    listener.fill_backlog()
    found = lab.call("connect", listener.host, listener.port, 1, 0.2).returns()
    assert found == "TimeoutError"


def test_a_learner_that_never_comes_is_noticed(lab: Lab) -> None:
    listener = lab.listener()
    other = lab.listener()
    lab.call("connect_and_stay", other.host, other.port, 1)
    with pytest.raises(CheckFailed) as caught:
        listener.accept()
    assert (caught.value.kind, caught.value.stuck) == ("stuck", True)


def test_closes_what_it_has_accepted(lab: Lab) -> None:
    listener = lab.listener()
    lab.call("connect_and_stay", listener.host, listener.port, 1)
    peer = listener.accept()
    listener.close()
    assert peer.sock.fileno() == -1
    assert listener.sock.fileno() == -1
    listener.close()


def test_a_handed_socket_is_with_the_function_before_its_peer_does_anything(
    open_lab: OpenLab, best: IsolationChoice
) -> None:
    lab = open_lab(SOURCE + SLOW, best)
    argument, listener = lab.handed(20.0)
    calling = lab.call("receive", argument)
    listener.accept().reset()
    calling.raises("ConnectionResetError")
    assert calling.call.state == "raised"  # by the function: "cannot_call" is the runner's
    assert calling.call.sockets == [{"open": True, "timeout": 20.0}]
