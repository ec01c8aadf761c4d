"""What a hostile process may write to its control pipe: any bytes, in any pieces, for ever.

The judge's handle never raises, never blocks, keeps a bounded amount, and ends in a state
that the rest of the grader knows.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.learner import plain, process
from grader.learner.process import Call, LearnerProcess, Raised
from grader.model import Location
from grader.sandbox.base import Child, Output

Peak = Callable[[Callable[[], object]], tuple[object, int]]
STATES = {"fresh", "loaded", "broken", "gone"}
CALL_STATES = {
    "running", "gone", "returned", "raised", "unreadable", "cannot_call", "too_much",
}  # fmt: skip
KINDS = [
    "loaded", "load_failed", "released", "calling", "item", "returned", "raised", "unreadable",
    "cannot_call", "too_much", "gone", "running", "fresh", "", "RETURNED", "x" * 300,
]  # fmt: skip
FIELDS = [
    "value", "at", "sockets", "problems", "type", "bases", "text", "frames", "errno", "warnings",
    "open", "timeout", "problem", "function", "names", "line",
]  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**3999, -(10**3999), 0, 1, 7])
    | st.floats()
    | st.binary(max_size=20)
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(
        ["x" * 5000, "\x1b]0;title\x07", "missing", "parameters", "::error::", "\ud800"]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.sampled_from(FIELDS) | SCALARS, inner, max_size=4)
    ),
    max_leaves=12,
)
EVENTS = st.builds(
    lambda kind, more: {"event": kind, **more},
    st.sampled_from(KINDS[:10]) | st.sampled_from(KINDS[:10]) | st.sampled_from(KINDS) | VALUES,
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5),
)
FRAMES = EVENTS.map(plain.encode) | VALUES.map(plain.encode) | st.binary(max_size=30)
STREAMS = st.lists(EVENTS.map(plain.encode) | EVENTS.map(plain.encode) | FRAMES, max_size=6).map(
    b"".join
)


class End:
    """The far end of a control pipe, whose near end is a LearnerProcess."""

    def __init__(self) -> None:
        ours, self.far = socket.socketpair()
        self.far.setblocking(False)
        self.killed = 0
        child = Child(ours, Output(100), 0)
        child.kill = self._kill  # type: ignore[method-assign]
        self.process = LearnerProcess(child, "/tiny.py")

    def _kill(self) -> None:
        self.killed += 1

    def write(self, data: bytes) -> None:
        """Write all of it, and have it read whenever there is no more room."""
        view = memoryview(data)
        while view and self.process.state != "gone":
            try:
                view = view[self.far.send(view) :]
            except BlockingIOError:
                self.process.feed()
        self.settle()

    def settle(self) -> None:
        while self.process.state != "gone" and self.process.feed():
            pass


@contextmanager
def end(calling: bool = True) -> Iterator[tuple[End, Call]]:
    it = End()
    try:
        call = it.process.start_call("f", [])
        if not calling:
            it.process.call = None
        else:
            it.far.recv(1 << 16)
        yield it, call
    finally:
        it.far.close()
        it.process.child.close()


def seen(learner: LearnerProcess, call: Call) -> tuple[str, ...]:
    """Return what the rest of the grader can see, but for the times."""
    parts = (learner.state, learner.problems, learner.load_error, learner.released, learner.end)
    return tuple(map(repr, (*parts, call.state, call.value, call.raised, call.items, call.sockets)))


def check_raised(raised: Raised | None) -> None:
    if raised is None:
        return
    assert type(raised.type) is str
    assert len(raised.type) <= 100
    assert type(raised.text) is str
    assert len(raised.text) <= 2000
    assert type(raised.errno) is str
    assert len(raised.bases) <= 50
    assert all(type(base) is str and len(base) <= 200 for base in raised.bases)
    assert len(raised.frames) <= 20
    for line, function in raised.frames:
        assert type(line) is int
        assert 0 <= line <= 10_000_000
        assert type(function) is str
        assert len(function) <= 100


def check_legal(learner: LearnerProcess, call: Call) -> None:
    """Assert that everything has its type and its bounds, whatever was written."""
    assert learner.state in STATES
    assert call.state in CALL_STATES
    check_raised(learner.load_error)
    check_raised(call.raised)
    assert len(call.items) == len(call.item_times)
    assert call.started <= call.began
    if call.finished:
        assert call.began <= call.ended
        assert call.ended_after <= call.ended
    for state in call.sockets:
        assert set(state) == {"open", "timeout"}
        assert type(state["open"]) is bool
        assert state["timeout"] is None or type(state["timeout"]) in (int, float)
    for problem in learner.problems:
        assert problem["problem"] in {
            "missing", "not_callable", "is_async", "not_async", "parameters",
        }  # fmt: skip
        assert type(problem["function"]) is str
        assert len(problem["function"]) <= 100
        assert len(repr(problem)) < 100_000
    assert learner.released is None or all(type(word) is str for word in learner.released)
    assert learner.end in ("", "garbled", "deaf")


@given(STREAMS | st.binary(max_size=300))
def test_any_stream_ends_in_a_legal_state(stream: bytes) -> None:
    with end() as (it, call):
        it.write(stream)
        check_legal(it.process, call)
        assert (it.process.state == "gone") == bool(it.killed)
        it.far.close()
        it.settle()
        check_legal(it.process, call)
        assert it.process.state == "gone"
        assert call.finished
        assert it.process.feed() in (True, False)


@given(STREAMS, st.lists(st.integers(0, 600), max_size=8))
def test_cuts_change_nothing(stream: bytes, cuts: list[int]) -> None:
    """Whole, byte by byte, cut at random, with the end right behind: the same is seen."""
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    ways = [
        [stream],
        [stream[a:b] for a, b in pairwise(edges)],
        [bytes([byte]) for byte in stream] if len(stream) < 1500 else [stream],
    ]
    found = set()
    for pieces in ways:
        with end() as (it, call):
            for piece in pieces:
                it.write(piece)
            found.add(seen(it.process, call))
    assert len(found) == 1
    with end() as (it, call):
        it.far.setblocking(True)
        it.far.sendall(stream)
        it.far.close()
        it.settle()
        assert seen(it.process, call)[7:8] == next(iter(found))[7:8]  # the call's raised


@given(EVENTS, EVENTS)
def test_a_finished_call_stays_as_it_was(event: dict[Any, Any], other: dict[Any, Any]) -> None:
    with end() as (it, call):
        it.write(plain.encode({"event": "item", "value": 1}))
        it.write(plain.encode({"event": "returned", "value": 2, "sockets": []}))
        ended = call.ended
        it.write(plain.encode(event) + plain.encode(other))
        assert (call.state, call.value, call.items, call.ended) == ("returned", 2, [1], ended)
        assert call.raised is None


def test_a_call_is_entered_once() -> None:
    """`calling` again, just before the answer, would make any call a short one."""
    with end() as (it, call):
        it.write(plain.encode({"event": "calling", "at": call.started}))
        began = call.began
        it.write(plain.encode({"event": "calling", "at": 1e300}))
        assert call.began == began


@pytest.mark.parametrize("first", ["loaded", "load_failed"])
def test_a_submission_is_loaded_once(first: str) -> None:
    with end() as (it, _):
        it.write(plain.encode({"event": first}))
        state = it.process.state
        for kind in ("loaded", "load_failed"):
            it.write(plain.encode({"event": kind, "problems": [{"problem": "missing"}]}))
            assert it.process.state == state


FLOODS = {
    "small items": plain.encode({"event": "item", "value": None}),
    "items": plain.encode({"event": "item", "value": bytes(500)}),
    "calling": plain.encode({"event": "calling"}),
    "nothing": plain.encode({}),
    "unknown": plain.encode({"event": "no such event", "value": list(range(50))}),
    "released": plain.encode({"event": "released", "warnings": ["x" * 300] * 200}),
    "larger items": plain.encode({"event": "item", "value": bytes(900_000)}),
}


@pytest.mark.parametrize("frame", FLOODS.values(), ids=FLOODS)
def test_a_flood_ends_and_little_is_kept(
    frame: bytes, peak: Peak, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MOST_ANSWERS for each order: a small part of it here, so that the test is quick."""
    most = 1 << 20
    monkeypatch.setattr(process, "_MOST_ANSWERS", most)
    chunk = frame * max(1, (1 << 16) // len(frame))

    def flood() -> int:
        with end() as (it, call):
            sent = 0
            while it.process.state != "gone":
                it.write(chunk)
                sent += len(chunk)
                assert sent < 8 * most + 2 * len(frame)
            assert it.killed
            check_legal(it.process, call)
            return len(call.items)

    items, kept = peak(flood)
    assert isinstance(items, int)
    assert items * process._ANSWER_COST <= most
    assert kept <= 3 * most + 4 * len(frame) + (4 << 20)


def test_an_announced_frame_is_kept_once(peak: Peak) -> None:
    """Nothing is set aside for an announcement, and nothing is copied while it is awaited."""
    size = 16 << 20
    head = plain.encode({"event": "item", "value": bytes(size)})

    def trickle() -> object:
        with end() as (it, call):
            it.write((plain.MAX_FRAME).to_bytes(4, "big"))
            it.write(head[4:])
            check_legal(it.process, call)
            return it.process.state

    state, most = peak(trickle)
    assert state == "fresh"
    # A bytearray has an eighth to spare, and may move as it grows.
    assert most <= 2.25 * size + (4 << 20)


@pytest.mark.parametrize("text", ["a" * (4 << 20), "😀" * (1 << 20)], ids=["narrow", "wide"])
def test_a_frame_is_not_copied_to_be_read(text: str, peak: Peak) -> None:
    frame = plain.encode({"event": "returned", "value": text})

    def answer() -> object:
        with end() as (it, call):
            it.write(frame)
            return call.state

    state, most = peak(answer)
    assert state == "returned"
    # Incoming as above, and decode()'s law.
    assert most <= 2.25 * len(frame) + plain.PER_BYTE * len(frame) + (2 << 20)


def test_orders_do_not_wait_for_the_deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has stopped itself reads no order, and the judge goes on."""
    monkeypatch.setattr(process, "_ORDER_BOUND", 0.05)
    with end() as (it, _):
        call = it.process.start_call("f", [["value", bytes(8 << 20)]])
        assert (it.process.state, it.process.end, it.killed) == ("gone", "deaf", 1)
        assert call.finished
        it.process.release()


# -- faulthandler's dump, which the learner's process may write itself ------------------

LINES = st.lists(
    st.sampled_from(
        ['  File "/tiny.py", line ', '  File "/x/tiny.py", line 7 in serve', " in f", "7", "٣",
         "-1", "9" * 5000, "\n", "\n\n", "Current thread 0x1 (most recent call first):", '"',
         "\x1b[31m", " in " + "f" * 9000, "\x00", 'File "', "/tiny.py",
         '  File "' + "/a" * 9000 + '/tiny.py", line 1 in f']
    )
    | st.text(max_size=5),
    max_size=12,
).map("".join)  # fmt: skip


@given(LINES)
def test_any_dump_is_a_place_or_none(dump: str) -> None:
    with end() as (it, _):
        place = it.process._parse_dump(dump)
        if place is not None:
            assert isinstance(place, Location)
            assert 0 <= place.line <= 9_999_999
            assert len(place.function) <= 100


@pytest.mark.parametrize("line", ["9" * 5000, "٣", "-1", "", "0x1", "1_0", "12345678"])
def test_a_line_of_a_dump_is_a_small_number(line: str) -> None:
    """int() refuses thousands of digits with a ValueError that would be the grader's own."""
    with end() as (it, _):
        assert it.process._parse_dump(f'  File "/x/tiny.py", line {line} in f\n') is None


def test_a_dump_of_the_greatest_size_is_read_in_one_pass() -> None:
    """64 KiB of anything: beginnings of lines that match late would take it squared."""
    with end() as (it, _):
        for dump in (
            '  File "' * 8192,
            '  File "/tiny.py", line ' * 2900,
            "\n" * 65_536,
            " " * 65_536,
        ):
            assert it.process._parse_dump(dump) is None


@settings(max_examples=20)
@given(st.text(st.characters(), max_size=40))
def test_signal_names_come_of_anything(words: str) -> None:
    for end_of in (words, f"signal {words}", f"exit {words}"):
        assert isinstance(process.signal_name(end_of), str)
