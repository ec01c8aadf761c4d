"""The scripted TCP peer, against real learner processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from grader.harness.lab import Lab
from grader.learner.failure import CheckFailed
from grader.learner.plain import Numbered
from grader.peers.stream import StreamPeer, pieces_of
from grader.sandbox import IsolationChoice

pytestmark = pytest.mark.needs_proc

OpenLab = Callable[..., Lab]

SOURCE = """
import os, socket, struct, threading, time


def says(sock, *pieces):
    for piece in pieces: sock.sendall(piece)
    sock.shutdown(socket.SHUT_WR)
    threading.Event().wait()
def says_and_stays(sock, data):
    sock.sendall(data)
    threading.Event().wait()
def resets(sock, data):
    sock.sendall(data)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
    threading.Event().wait()
def echoes(sock):
    while data := sock.recv(65536): sock.sendall(data)
    sock.close()
    threading.Event().wait()
def echoes_wrongly(sock):
    while data := sock.recv(65536): sock.sendall(data.replace(b"Z", b"Y"))
def counts_reads(sock, total):
    sizes = []
    while sum(sizes) < total: sizes.append(len(sock.recv(65536)))
    return sizes
def how_it_ends(sock):
    try:
        while sock.recv(100): pass
        return "end"
    except ConnectionResetError:
        return "reset"
def never_reads(sock): threading.Event().wait()
def closes(sock):
    sock.close()
    threading.Event().wait()
def raises(sock):
    sock.recv(1)
    raise ValueError("no")
def takes(sock, count):
    data = b""
    while len(data) < count: data += sock.recv(count - len(data))
    return data
"""


@pytest.fixture
def lab(open_lab: OpenLab, best: IsolationChoice) -> Lab:
    return open_lab(SOURCE, best)


def meet(lab: Lab, function: str, *arguments: object) -> StreamPeer:
    argument, listener = lab.handed()
    lab.call(function, argument, *arguments)
    return listener.accept()


@contextmanager
def fails(kind: str) -> Iterator[None]:
    with pytest.raises(CheckFailed) as caught:
        yield
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("data", "sizes", "pieces"),
    [
        (b"abcdef", (1, 2), [b"a", b"bc", b"d", b"ef"]),
        (b"abc", (10,), [b"abc"]),
        (b"", (1,), []),
        (b"abc", (2,), [b"ab", b"c"]),
    ],
)
def test_cuts_data_in_pieces(data: bytes, sizes: tuple[int, ...], pieces: list[bytes]) -> None:
    assert pieces_of(data, sizes) == pieces


def test_reads_what_is_due_and_no_more(lab: Lab) -> None:
    peer = meet(lab, "says", b"hello\nworld\nrest")
    assert peer.read_until(b"\n") == b"hello\n"
    assert peer.read(3) == b"wor"
    assert peer.read_until(b"\n") == b"ld\n"
    assert peer.read_exactly(2) == b"re"
    peer.expect(b"st")
    peer.expect_end()
    assert [event.event for event in lab.transcript.events()][-1] == "end"


def test_says_where_bytes_begin_to_differ(lab: Lab) -> None:
    peer = meet(lab, "says_and_stays", b"x" * 100 + b"y" + b"x" * 100)
    with pytest.raises(CheckFailed) as caught:
        peer.expect(b"x" * 201)
    assert caught.value.kind == "mismatch"
    assert "100" in caught.value.received
    assert "▸y" in caught.value.received


@pytest.mark.parametrize("step", ["expect", "read_exactly", "read_until"])
def test_an_end_that_comes_too_early_is_short(lab: Lab, step: str) -> None:
    peer = meet(lab, "says", b"hel")
    steps: dict[str, Callable[[], object]] = {
        "expect": lambda: peer.expect(b"hello"),
        "read_exactly": lambda: peer.read_exactly(5),
        "read_until": lambda: peer.read_until(b"\n"),
    }
    with pytest.raises(CheckFailed) as caught:
        steps[step]()
    assert caught.value.kind == "short"
    assert '"hel" (3 bytes)' in caught.value.received


def test_what_never_comes_is_seen_with_what_did(lab: Lab) -> None:
    peer = meet(lab, "says_and_stays", b"hel")
    with pytest.raises(CheckFailed) as caught:
        peer.expect(b"hello")
    assert (caught.value.kind, caught.value.stuck) == ("stuck", True)
    assert '"hello"' in caught.value.expected
    assert '"hel"' in caught.value.received


def test_a_reset_counts_as_an_end(lab: Lab) -> None:
    peer = meet(lab, "resets", b"hello")
    peer.expect(b"hello")
    peer.expect_end()
    assert lab.transcript.events()[-1].event == "reset_received"


def test_more_than_was_due_is_extra(lab: Lab) -> None:
    peer = meet(lab, "says", b"hello!")
    peer.expect(b"hello")
    with fails("extra"):
        peer.expect_end()
    peer = meet(lab, "says_and_stays", b"endless " * 1000)
    with fails("extra"):
        peer.read_until(b"\n", limit=100)


def test_nothing_waiting_means_nothing(lab: Lab) -> None:
    peer = meet(lab, "echoes")
    peer.expect_nothing_waiting()
    peer.send(b"ab")
    peer.expect(b"a")
    with fails("extra"):
        peer.expect_nothing_waiting()
    peer = meet(lab, "says", b"fence")
    peer.expect(b"fence")
    assert peer.read() == b""
    with fails("closed"):
        peer.expect_nothing_waiting()


def test_each_piece_is_read_by_itself(lab: Lab) -> None:
    """The drain gate: the learner gets every piece alone, however busy the machine is."""
    argument, listener = lab.handed()
    calling = lab.call("counts_reads", argument, 40)
    peer = listener.accept()
    peer.send_pieces(pieces_of(bytes(40), (1, 3)))
    assert calling.returns() == [1, 3] * 10


def test_splits_at_the_offsets(lab: Lab) -> None:
    argument, listener = lab.handed()
    calling = lab.call("counts_reads", argument, 10)
    listener.accept().send_split(b"0123456789", 0, 4, 4, 9)
    assert calling.returns() == [4, 5, 1]


def test_the_gate_gives_up_on_who_never_reads(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.peers.stream._GATE_BOUND", 0.1)
    peer = meet(lab, "never_reads")
    peer.send_pieces([b"a", b"b", b"c"])
    assert not peer.drained()


def test_exchanges_more_than_any_buffer_holds(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.peers.stream._FILL_BOUND", 0.1)
    data = os.urandom(8 << 20)
    meet(lab, "echoes").exchange(data, data)
    with fails("mismatch"):
        meet(lab, "echoes_wrongly").exchange(b"Z" * 1000, b"Z" * 1000)
    with fails("short"):
        meet(lab, "says", b"abc").exchange(b"abcdef", b"abcdef")


def test_bytes_that_nobody_has_made_are_sent_and_expected(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.peers.stream._FILL_BOUND", 0.1)
    data = Numbered(b"ab" * 50_000, 8 << 20)
    peer = meet(lab, "echoes")
    peer.exchange(data, data)
    peer.exchange(data, data, peer.fill(data[:1000]))
    peer.send(data[:100_000])
    peer.expect(Numbered(data.block, 100_000))
    with fails("mismatch"):
        meet(lab, "echoes_wrongly").exchange(Numbered(b"Z", 1000), Numbered(b"Z", 1000))
    with fails("short"):
        meet(lab, "says", b"\0\0\0\0Z\0").expect(Numbered(b"Z", 1000))


def test_sending_to_who_never_reads_ends(lab: Lab) -> None:
    with fails("stuck"):
        meet(lab, "never_reads").send(bytes(64 << 20))


def test_sending_to_who_has_closed_ends_and_leaves_the_verdict_to_others(lab: Lab) -> None:
    peer = meet(lab, "closes")
    assert peer.read() == b""
    for _ in range(100):
        peer.send(bytes(100_000))
    assert lab.transcript.events()[-1].event == "reset_received"
    peer.send_pieces([b"a", b"b"])
    with fails("short"):
        peer.expect(b"hello")


def test_an_exception_is_what_is_behind_a_broken_connection(lab: Lab) -> None:
    peer = meet(lab, "raises")
    peer.send(b"x")
    with fails("raised"):
        peer.expect(b"hello")


@pytest.mark.parametrize(
    ("step", "seen"), [("half_close", "end"), ("close", "end"), ("reset", "reset")]
)
def test_ends_as_the_script_says(lab: Lab, step: str, seen: str) -> None:
    argument, listener = lab.handed()
    calling = lab.call("how_it_ends", argument)
    peer = listener.accept()
    getattr(peer, step)()
    assert calling.returns() == seen
    assert lab.transcript.events()[-2].event == step or step in [
        event.event for event in lab.transcript.events()
    ]
    peer.close()


def test_drips_until_it_need_not(lab: Lab) -> None:
    argument, listener = lab.handed()
    calling = lab.call("takes", argument, 3)
    peer = listener.accept()
    sent = peer.drip(b"abcdefgh" * 100, 0.05, lambda: calling.call.finished)
    assert 3 <= sent < 800
    assert calling.returns() == b"abc"


def test_forgets_a_connection_that_it_has_closed(lab: Lab) -> None:
    peer = meet(lab, "echoes")
    assert peer.sock in lab.waiter.peers
    peer.close()
    assert peer.sock not in lab.waiter.peers
    assert peer.closed
