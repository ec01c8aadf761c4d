"""The judge's handle on a learner process, with real ones, and what they may write to it."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from grader.harness.lab import Lab
from grader.learner import plain
from grader.learner.failure import CheckFailed
from grader.learner.process import Call, LearnerProcess, Raised, signal_name
from grader.model import Location
from grader.sandbox import IsolationChoice
from grader.sandbox.base import Child, Output

OpenLab = Callable[..., Lab]

SOURCE = """
import os, socket, sys, threading


def give(value):
    return value


def fail(name, *arguments):
    def inner():
        raise getattr(__builtins__, name, None) or eval(name)(*arguments)
    inner()


def raise_from_library(path):
    open(path)


def fail_number(number):
    raise OSError(number, "no")


def wait():
    threading.Event().wait()


def wait_in_thread():
    thread = threading.Thread(target=wait)
    thread.start()
    thread.join()


def give_array(value):
    return bytearray(value)


def give_other(value):
    return value[:-1] + bytes([value[-1] ^ 1])


def give_half(value):
    return value[: len(value) // 2]
"""


@pytest.fixture(params=["best", "spawn"])
def lab(request: pytest.FixtureRequest, open_lab: OpenLab, best: IsolationChoice) -> Lab:
    return open_lab(SOURCE, best if request.param == "best" else "spawn")


def finish(lab: Lab, target: str, *arguments: object) -> Call:
    calling = lab.call(target, *arguments)
    lab.waiter.until(done=lambda: calling.call.finished, watch_learner=False)
    return calling.call


@pytest.mark.parametrize(
    "value", [None, True, 7, -1.5, "é\ud800", b"\0\xff", [1, [2]], (1, ()), {"a": {b"b": (None,)}}]
)
def test_values_cross_both_ways(lab: Lab, value: object) -> None:
    call = finish(lab, "give", value)
    assert call.state == "returned"
    assert (type(call.value), call.value) == (type(value), value)
    assert call.ended >= call.started


def test_a_big_value_crosses(lab: Lab) -> None:
    value = os.urandom(20 << 20)
    assert finish(lab, "give", value).value == value


def test_a_big_argument_is_made_over_there_and_does_not_cross_back(lab: Lab) -> None:
    data = lab.big_payload(1 << 20)
    for function in ("give", "give_array"):
        value = lab.call(function, data).returns()
        assert isinstance(value, plain.Numbered)
        assert value == data
    with pytest.raises(CheckFailed) as caught:
        lab.call("give_other", data).gives(data)
    assert caught.value.kind == "mismatch"
    assert "1,048,575" in caught.value.received
    with pytest.raises(CheckFailed) as caught:
        lab.call("give_half", data).gives(data)
    assert caught.value.kind == "cut"
    lab.call("give", data).gives(bytes(data))
    lab.call("give", bytes(data)).gives(data)
    with pytest.raises(CheckFailed) as caught:
        lab.call("give", data).gives(b"other")
    assert caught.value.kind == "mismatch"


def test_an_exception_crosses_as_names_and_text(lab: Lab) -> None:
    call = finish(lab, "fail_number", 111)
    assert call.state == "raised"
    raised = call.raised
    assert raised is not None
    assert raised.type == "ConnectionRefusedError"
    assert raised.errno == "ECONNREFUSED"
    assert raised.text == "[Errno 111] no"
    for name in ("ConnectionRefusedError", "ConnectionError", "OSError", "BaseException"):
        assert raised.is_a(f"builtins.{name}")
    assert not raised.is_a("builtins.TimeoutError")
    assert raised.frames == [(20, "fail_number")]


def test_the_place_is_the_learners_own(lab: Lab) -> None:
    raised = finish(lab, "raise_from_library", "/no/such/file").raised
    assert raised is not None
    assert raised.is_a("builtins.FileNotFoundError")
    assert raised.frames == [(16, "raise_from_library")]


@pytest.mark.needs_proc
@pytest.mark.parametrize(("target", "line"), [("wait", 24), ("wait_in_thread", 30)])
def test_finds_the_line_that_a_process_is_blocked_in(
    open_lab: OpenLab, best: IsolationChoice, target: str, line: int
) -> None:
    from grader.learner.failure import CheckFailed

    lab = open_lab(SOURCE, best)
    calling = lab.call(target)
    with pytest.raises(CheckFailed) as caught:
        calling.wait()
    assert (caught.value.kind, caught.value.stuck) == ("stuck", True)
    assert caught.value.location is not None
    assert (caught.value.location.line, caught.value.location.function) == (line, target)


def test_reads_a_dump_of_several_threads(process: LearnerProcess) -> None:
    dump = (
        'Thread 0x1 (most recent call first):\n  File "/lib/threading.py", line 1 in wait\n'
        '  File "/submission/tiny.py", line 5 in worker\n\n'
        'Current thread 0x2 (most recent call first):\n  File "/submission/tiny.py", line 9 in f\n'
        '  File "/submission/tiny.py", line 11 in serve\n'
    )
    assert process._parse_dump(dump) == Location(line=9, function="f")
    assert process._parse_dump(dump.partition("\n\n")[0]) == Location(line=5, function="worker")
    assert process._parse_dump("") is None
    assert process._parse_dump('  File "/x/other.py", line 1 in f\n') is None


# -- what only a hostile process writes ------------------------------------------------


class FakeEnd:
    """The far end of a learner process's control pipe, to write anything into."""

    def __init__(self) -> None:
        ours, self.far = socket.socketpair()
        self.killed = False
        child = Child(ours, Output(100), 0)
        child.kill = self._kill  # type: ignore[method-assign]
        self.process = LearnerProcess(child, "/tiny.py")

    def _kill(self) -> None:
        self.killed = True

    def close(self) -> None:
        self.far.close()
        self.process.close()

    def write(self, *events: object) -> None:
        self.far.sendall(b"".join(plain.encode(event) for event in events))
        while self.process.feed():
            if self.process.state == "gone":
                return


@pytest.fixture
def far() -> Iterator[FakeEnd]:
    end = FakeEnd()
    yield end
    end.close()


@pytest.fixture
def process(far: FakeEnd) -> LearnerProcess:
    return far.process


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xff",
        b"\0\0\0\1x",
        b"\0\0\0\0",
        plain.encode("no dict"),
        plain.encode(None),
        plain.encode([1, 2]),
        os.urandom(10_000),
        b"GET / HTTP/1.1\r\n\r\n",
    ],
    ids=lambda data: repr(data[:8]) if len(data) < 100 else "random bytes",
)
def test_garbage_ends_a_process_and_nothing_else(far: FakeEnd, data: bytes) -> None:
    call = far.process.start_call("f", [])
    far.far.sendall(data)
    far.process.feed()
    if far.process.state != "gone":
        far.far.close()
        far.process.feed()
    assert far.process.state == "gone"
    assert call.state == "gone"
    assert call.value is None


STRANGE: list[dict[Any, Any]] = [
    {},
    {"event": None},
    {"event": ["returned"]},
    {1: 2, (3,): 4},
    {"event": "loaded", "problems": 7},
    {"event": "loaded", "problems": [1, {"problem": "x"}, None]},
    {"event": "load_failed"},
    {"event": "load_failed", "bases": 1, "frames": [[1], [1, 2, 3], ["a", "b"], 5], "text": b"x"},
    {"event": "released", "warnings": {"a": 1}},
    {"event": "returned"},
    {"event": "returned", "sockets": [1, 2]},
    {"event": "raised", "type": 7, "text": None, "bases": [[]], "frames": {"a": 1}, "errno": 5},
    {"event": "item"},
    {"event": "no such event", "value": 1},
    {"event": "x" * 100_000},
]


@pytest.mark.parametrize("event", STRANGE, ids=lambda event: repr(event)[:40])
def test_a_strange_event_harms_nobody(far: FakeEnd, event: dict[Any, Any]) -> None:
    far.write(event)
    far.process.start_call("f", [])
    far.write(event, event)
    call = far.process.call
    assert call is not None
    for raised in (call.raised, far.process.load_error):
        if raised is not None:
            assert isinstance(raised, Raised)
            assert all(isinstance(part, str) for part in (raised.type, raised.text, raised.errno))
            assert all(isinstance(base, str) for base in raised.bases)
            assert all(isinstance(line, int) for line, _ in raised.frames)


def test_what_crosses_is_bounded(far: FakeEnd) -> None:
    far.process.start_call("f", [])
    long = "x" * 2500
    frames = [[1, "f"]] * 30
    far.write({"event": "raised", "type": long, "bases": ["b" * 300] * 60, "text": long,
               "errno": long, "frames": frames})  # fmt: skip
    call = far.process.call
    assert call is not None
    raised = call.raised
    assert raised is not None
    assert (len(raised.type), len(raised.text), len(raised.errno)) == (100, 2000, 20)
    assert len(raised.bases) == 50
    assert len(raised.frames) == 20


def test_a_call_has_one_answer(far: FakeEnd) -> None:
    call = far.process.start_call("f", [])
    far.write({"event": "returned", "value": 1}, {"event": "returned", "value": 2},
              {"event": "raised"}, {"event": "item", "value": 3})  # fmt: skip
    assert (call.state, call.value, call.raised, call.items) == ("returned", 1, None, [])


@pytest.mark.parametrize("given", [-1, 0, 2, 3, True, 1.0, None, "1", [1], 1 << 70])
def test_only_an_argument_of_many_bytes_can_be_named(far: FakeEnd, given: object) -> None:
    big = [("value", 1), ("numbered", b"ab", 9), ("path", "a")]
    call = far.process.start_call("f", big)
    far.write({"event": "returned", "value": 7, "given": given})
    assert call.value == 7
    call = far.process.start_call("f", big)
    far.write({"event": "returned", "value": 7, "given": 1})
    assert call.value == plain.Numbered(b"ab", 9)


def test_frames_may_come_in_pieces(far: FakeEnd) -> None:
    call = far.process.start_call("f", [])
    data = plain.encode({"event": "item", "value": 1}) + plain.encode(
        {"event": "returned", "value": 2}
    )
    for number in data:
        far.far.sendall(bytes([number]))
        far.process.feed()
    assert (call.items, call.value) == ([1], 2)
    assert len(call.item_times) == 1


def test_an_unfinished_frame_is_waited_for_and_kept_small(far: FakeEnd) -> None:
    far.far.sendall(struct.pack(">I", 1000) + b"x" * 10)
    far.process.feed()
    assert far.process.state == "fresh"
    far.far.close()
    far.process.feed()
    assert far.process.state == "gone"


def test_orders_to_a_process_that_is_gone_are_no_error(far: FakeEnd) -> None:
    far.far.close()
    for _ in range(3):
        call = far.process.start_call("f", [["value", bytes(1 << 20)]])
    assert far.process.state == "gone"
    assert call.state in ("gone", "running")
    assert not far.process.feed() or far.process.state == "gone"


@pytest.mark.parametrize(
    ("end", "name"),
    [("signal 9", "SIGKILL"), ("signal 11", "SIGSEGV"), ("signal 99", "signal 99"), ("exit 1", ""),
     ("", ""), ("signal x", "")],
)  # fmt: skip
def test_names_signals(end: str, name: str) -> None:
    assert signal_name(end) == name
