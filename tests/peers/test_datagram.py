"""The scripted UDP peer, against real learner processes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from grader.harness.lab import Lab
from grader.learner.failure import CheckFailed
from grader.peers.datagram import MAX_DATAGRAM
from grader.sandbox import IsolationChoice

pytestmark = pytest.mark.needs_proc

OpenLab = Callable[..., Lab]

SOURCE = """
import socket, threading

sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("127.0.0.1", 0))


def port(): return sock.getsockname()[1]
def echo(count):
    for _ in range(count):
        data, address = sock.recvfrom(70000)
        sock.sendto(data, address)
def send(host, port, *datagrams):
    for data in datagrams: sock.sendto(data, (host, port))
def wait(): threading.Event().wait()
"""


@pytest.fixture
def lab(open_lab: OpenLab, best: IsolationChoice) -> Lab:
    return open_lab(SOURCE, best)


def test_sends_and_receives_any_datagram(lab: Lab) -> None:
    process = lab.start()
    port = lab.call("port", process=process).returns()
    assert isinstance(port, int)
    peer = lab.datagrams()
    messages = [b"hello", b"", bytes(MAX_DATAGRAM)]
    calling = lab.call("echo", len(messages), process=process)
    for message in messages:
        peer.send(message, ("127.0.0.1", port))
        assert peer.receive() == (message, ("127.0.0.1", port))
    calling.returns()
    assert lab.transcript.moved == 2 * sum(map(len, messages))


def test_takes_what_has_come_already(lab: Lab) -> None:
    peer = lab.datagrams()
    assert peer.waiting() == []
    lab.call("send", peer.host, peer.port, b"a", b"", b"b").returns()
    assert [data for data, _ in peer.waiting()] == [b"a", b"", b"b"]
    assert peer.waiting() == []


def test_notices_that_nothing_will_come(lab: Lab) -> None:
    peer = lab.datagrams()
    lab.call("wait")
    with pytest.raises(CheckFailed) as caught:
        peer.receive()
    assert caught.value.kind == "stuck"


def test_a_closed_port_is_no_error_for_the_peer(lab: Lab) -> None:
    peer, other = lab.datagrams(), lab.datagrams()
    address = (other.host, other.port)
    other.close()
    for _ in range(3):
        peer.send(b"hello", address)
    assert peer.waiting() == []


def test_knows_when_the_learner_has_read_everything(lab: Lab) -> None:
    process = lab.start()
    port = lab.call("port", process=process).returns()
    assert isinstance(port, int)
    peer = lab.datagrams()
    peer.send(b"hello", ("127.0.0.1", port))
    assert not peer.drained(port)
    lab.call("echo", 1, process=process).returns()
    assert peer.drained(port)


def test_several_peers_share_a_port_where_they_should(lab: Lab) -> None:
    first = lab.datagrams(shared=True)
    second = lab.datagrams(port=first.port, shared=True)
    assert first.port == second.port


def test_pauses_without_minding_the_learner(lab: Lab) -> None:
    peer = lab.datagrams()
    lab.call("wait")
    peer.pause(0.1)
