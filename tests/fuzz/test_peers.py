"""Peers and a learner's side that sends what it likes: bounded in memory, in work and in time."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.learner import network
from grader.learner.delay import DelayMeter
from grader.learner.failure import CheckFailed
from grader.learner.plain import Opaque
from grader.learner.transcript import PREVIEW_BYTES, Transcript, preview
from grader.learner.waiting import Waiter
from grader.peers.datagram import DatagramPeer
from grader.peers.stream import StreamPeer
from grader.peers.words import Words, first_difference

Peak = Callable[[Callable[[], object]], tuple[object, int]]
WORDS = Words("en")


def make(family: int, kind: int, proto: int = 0) -> socket.socket:
    return socket.socket(family, kind, proto)


@pytest.fixture(scope="module")
def meter() -> Iterator[DelayMeter]:
    found = DelayMeter()
    yield found
    found.close()


def waiter_of(meter: DelayMeter) -> Waiter:
    queues = network.Queues(make, os.getpid())
    return Waiter(meter, Transcript(), os.getpid(), queues)


@contextmanager
def met(meter: DelayMeter) -> Iterator[tuple[StreamPeer, socket.socket]]:
    near, far = socket.socketpair()
    waiter = waiter_of(meter)
    with near, far, contextlib.closing(waiter.queues):
        yield StreamPeer(near, waiter, WORDS, "peer"), far


@contextmanager
def flooding(far: socket.socket, piece: bytes) -> Iterator[None]:
    """Send without end, as fast as it goes, until the other side hangs up."""

    def flood() -> None:
        with contextlib.suppress(OSError):
            while True:
                far.sendall(piece)

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        yield
    finally:
        far.shutdown(socket.SHUT_RDWR)
        thread.join()


CHUNK = os.urandom(1 << 16)
DUE = 5


@pytest.mark.parametrize("step", ["expect", "read_exactly", "read_until", "expect_end", "nothing"])
def test_a_hundred_megabytes_where_five_bytes_are_due(
    step: str, meter: DelayMeter, peak: Peak
) -> None:
    """What was not asked for stays in the kernel's buffers, or is refused after a bounded part."""
    with met(meter) as (peer, far), flooding(far, CHUNK.replace(b"\n", b"x")):

        def take() -> object:
            with pytest.raises(CheckFailed) if step != "read_exactly" else contextlib.nullcontext():
                if step == "expect":
                    peer.expect(b"x" * DUE)
                elif step == "read_exactly":
                    assert len(peer.read_exactly(DUE)) == DUE
                elif step == "read_until":
                    peer.read_until(b"\n")
                elif step == "expect_end":
                    peer.expect_end()
                else:
                    while True:
                        peer.expect_nothing_waiting()
            return None

        _, most = peak(take)
        assert most < 8 << 20
        assert peer._waiter.transcript.moved < 4 << 20


def read_all(peer: StreamPeer) -> None:
    while peer.read(1):
        pass


def test_there_is_an_end_where_there_is_always_one_more_byte(meter: DelayMeter) -> None:
    """until() sees to deadlines; it never runs where recv() always finds something."""
    with met(meter) as (peer, far), flooding(far, CHUNK):
        peer._waiter.whole_bound = 0.2
        with pytest.raises(CheckFailed):
            read_all(peer)


@settings(max_examples=50)
@given(
    st.binary(max_size=200),
    st.sampled_from([b"\n", b"\r\n", b"\r\n\r\n", b"aab"]),
    st.binary(max_size=50),
    st.lists(st.integers(0, 260), max_size=6),
)
def test_read_until_finds_its_mark_wherever_the_cuts_are(
    meter: DelayMeter, before: bytes, mark: bytes, after: bytes, cuts: list[int]
) -> None:
    data = before + mark + after
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    with met(meter) as (peer, _):
        pieces = iter([data[a:b] for a, b in pairwise(edges)])
        peer.read = lambda *_, **__: next(pieces, b"")  # type: ignore[method-assign]
        end = data.index(mark) + len(mark)
        assert peer.read_until(mark) == data[:end]
        assert data[end:].startswith(peer._ahead)


def test_a_flood_of_datagrams_is_read_for_a_while(meter: DelayMeter) -> None:
    """waiting() looks at what has come; who sends as fast as it looks would never be done with."""
    waiter = waiter_of(meter)
    with contextlib.closing(waiter.queues):
        peer = DatagramPeer(make, waiter, WORDS)
        endless = Endless()
        peer.sock.close()
        peer.sock = endless  # type: ignore[assignment]
        found = peer.waiting()
        assert len(found) == endless.count < 10_000


class Endless:
    """A UDP socket for which there is always one more datagram."""

    count = 0

    def recvfrom(self, _: int) -> tuple[bytes, tuple[str, int]]:
        self.count += 1
        assert self.count < 100_000, "it never ends"
        return b"x" * 100, ("127.0.0.1", 9)


# -- what is made of it for a reader ---------------------------------------------------------

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.binary(max_size=400)
    | st.text(st.characters(), max_size=400)
    | st.builds(Opaque, st.text(max_size=5))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.integers() | st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES, st.integers(1, 300))
def test_a_value_is_shown_as_repr_shows_it(value: object, limit: int) -> None:
    shown = WORDS.value(value, limit)
    if isinstance(value, (str, bytes)):
        assert len(shown) < 4 * limit + 600
    else:
        whole = repr(value)
        if len(whole) <= limit:
            assert shown == whole
        else:
            assert shown.endswith("…")
            assert len(shown) == limit + 1


@pytest.mark.parametrize(
    "value",
    [[bytes(8 << 20)], ["\u2028" * (2 << 20)], {b"k" * 50: bytes(8 << 20)}, "x" * (8 << 20)],
    ids=["bytes", "text", "dict", "plain text"],
)
def test_showing_little_of_much_costs_little(value: object, peak: Peak) -> None:
    shown, most = peak(lambda: WORDS.value(value))
    assert isinstance(shown, str)
    assert len(shown) < 1000
    assert most < 1 << 20


@given(st.binary(max_size=200) | st.text(max_size=60).map(lambda t: t.encode("utf-8", "replace")))
def test_a_preview_is_harmless_and_short(data: bytes) -> None:
    shown = preview(data)
    assert shown.removesuffix("…").isprintable()
    assert len(shown) <= 4 * PREVIEW_BYTES + 16
    assert shown.endswith("…") == (len(data) > PREVIEW_BYTES) or data[:64].decode(
        "utf-8", "ignore"
    ).endswith("…")


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_the_first_difference_is_the_first(first: bytes, second: bytes) -> None:
    at = first_difference(first, second)
    assert first[:at] == second[:at]
    assert first[at : at + 1] != second[at : at + 1] or first == second
    for shown in WORDS.difference(first, second):
        assert len(shown) < 1000


@given(st.lists(st.tuples(st.sampled_from(["send", "receive", "end"]), st.binary(max_size=90))))
def test_a_transcript_is_bounded_and_counts_every_byte(events: list[tuple[str, bytes]]) -> None:
    transcript = Transcript()
    for _ in range(20):
        for event, data in events:
            transcript.add("peer", event, data)
    assert transcript.moved == 20 * sum(len(data) for _, data in events)
    assert len(transcript.events()) <= 401
