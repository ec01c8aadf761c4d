"""The runner's side: loading, calling, iterating, handing sockets over."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from grader.harness.calls import Calling
from grader.harness.lab import Lab
from grader.learner.failure import CheckFailed
from grader.sandbox import IsolationChoice

OpenLab = Callable[..., Lab]

SOURCE = """
import asyncio, os, socket, sys, warnings
from collections import namedtuple

Pair = namedtuple("Pair", "first second")


class Headers:
    def keys(self): return ["a"]
    def items(self): return [("a", 1)]


def pair(): return Pair(1, Headers())
def module():
    name = sys.modules[__name__].__file__.rpartition("/")[2]
    return __name__, name, sys.argv[0] == __file__
def count(limit):
    for number in range(limit):
        yield number
def endless():
    try:
        while True: yield b"x"
    finally: print("closed")
def bare(): return iter([1, 2, 3])
def no_iterator(): return None
async def later(value):
    await asyncio.sleep(0)
    return value
def use(sock, how):
    if how == "close": sock.close()
    if how == "timeout": sock.settimeout(3)
    if how == "raise": raise ValueError
    if how == "echo": sock.sendall(sock.recv(100))
def leak():
    socket.socket()
def keeps(): return socket.socket()
class Box:
    def __init__(self): self.value = 0
    def add(self, n): self.value += n; return self.value
def box(): return Box()
def use_box(box): return box.value
def path(path): return path
def odd(): raise ExceptionGroup("g", [OSError()]) if sys.version_info > (3, 11) else OSError()
def fake():
    class TimeoutError(Exception): pass
    raise TimeoutError("mine")
def syntax(): compile("(", "other.py", "exec")
def quits(): quit()
def huge(): return bytes(200 << 20)
def imports():
    before = set(sys.modules)
    socket.getaddrinfo("127.0.0.1", 80)
    for name in ("ascii", "gbk", "utf-16", "utf-16-be"): "a".encode(name)
    return sorted(set(sys.modules) - before)
def lists(sock): return [type(sock).__name__, sock.gettimeout()]
"""


@pytest.fixture(params=["best", "spawn"])
def lab(request: pytest.FixtureRequest, open_lab: OpenLab, best: IsolationChoice) -> Lab:
    return open_lab(SOURCE, best if request.param == "best" else "spawn")


def finished(lab: Lab, target: str, *arguments: object, **more: Any) -> Calling:
    calling = lab.call(target, *arguments, **more)
    lab.waiter.until(done=lambda: calling.call.finished, watch_learner=False)
    return calling


def test_a_submission_is_a_module_of_its_name(lab: Lab) -> None:
    assert lab.call("module").returns() == ("tiny", "tiny.py", True)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_what_most_calls_import_is_there_already(open_lab: OpenLab, best: IsolationChoice) -> None:
    assert open_lab(SOURCE, best).call("imports").returns() == []


def test_reads_attributes_that_were_asked_for(lab: Lab) -> None:
    value = lab.call("pair", attributes=["first", "second"]).returns()
    assert value == {"first": 1, "second": {"a": 1}}
    with pytest.raises(CheckFailed) as caught:
        lab.call("pair", attributes=["third"]).returns()
    assert caught.value.kind == "result"


def test_sends_items_as_they_come(lab: Lab) -> None:
    call = finished(lab, "count", 5, mode="iterate").call
    assert call.items == [0, 1, 2, 3, 4]
    assert call.value == 5


def test_closes_an_iterator_that_it_has_enough_of(lab: Lab) -> None:
    call = finished(lab, "endless", mode="iterate", take=3).call
    assert (call.items, call.value) == ([b"x"] * 3, 3)
    assert lab.output() == "closed\n"


@pytest.mark.parametrize(("target", "value"), [("bare", 3), ("no_iterator", None)])
def test_takes_any_iterable(lab: Lab, target: str, value: int | None) -> None:
    assert finished(lab, target, mode="iterate").call.value == value


def test_runs_coroutines(lab: Lab) -> None:
    assert lab.call("later", "x", mode="async").returns() == "x"


@pytest.mark.parametrize(
    ("how", "state"),
    [
        ("echo", {"open": True, "timeout": 7.0}),
        ("close", {"open": False, "timeout": None}),
        ("timeout", {"open": True, "timeout": 3.0}),
        ("raise", {"open": True, "timeout": 7.0}),
    ],
)
def test_hands_over_a_connected_socket(lab: Lab, how: str, state: dict[str, object]) -> None:
    argument, listener = lab.handed(timeout=7.0)
    calling = lab.call("use", argument, how)
    peer = listener.accept()
    if how == "echo":
        peer.send(b"hello")
        peer.expect(b"hello")
    lab.waiter.until(done=lambda: calling.call.finished, watch_learner=False)
    assert calling.call.sockets == [state]


@pytest.mark.needs_proc
@pytest.mark.parametrize("target", ["leak", "keeps"])
def test_notices_what_was_left_open(open_lab: OpenLab, best: IsolationChoice, target: str) -> None:
    lab = open_lab(SOURCE, best)
    calling = finished(lab, target)
    calling.wait()
    with pytest.raises(CheckFailed) as caught:
        calling.closed_everything()
    assert caught.value.kind == "leak"


def test_keeps_what_a_later_call_needs(lab: Lab) -> None:
    process = lab.start()
    assert finished(lab, "box", process=process, keep="mine").call.value is None
    for total in (2, 4):
        assert finished(lab, "mine.add", 2, process=process).call.value == total


def test_a_path_is_in_the_private_folder(lab: Lab) -> None:
    from grader.harness.lab import Handed

    value = lab.call("path", Handed(("path", "file.txt"))).returns()
    assert isinstance(value, str)
    assert value.endswith("/file.txt")


def test_a_class_of_the_learners_is_not_the_one_of_python(lab: Lab) -> None:
    raised = finished(lab, "fake").call.raised
    assert raised is not None
    assert raised.type == "TimeoutError"
    assert not raised.is_a("builtins.TimeoutError")
    assert raised.is_a("builtins.Exception")


def test_quit_is_an_exception_like_any_other(lab: Lab) -> None:
    raised = finished(lab, "quits").call.raised
    assert raised is not None
    assert raised.is_a("builtins.SystemExit")


def test_a_function_that_is_not_there_cannot_be_called(lab: Lab) -> None:
    call = finished(lab, "no_such_function").call
    assert call.state == "cannot_call"
    assert call.raised is not None


def test_what_is_too_much_is_said_to_be(lab: Lab) -> None:
    call = finished(lab, "huge").call
    assert (call.state, call.value) == ("too_much", None)
    with pytest.raises(CheckFailed) as caught:
        lab.call("huge").returns()
    assert caught.value.kind == "result"


def test_send_takes_only_a_part_where_the_check_wants_it(
    open_lab: OpenLab, best: IsolationChoice
) -> None:
    source = (
        "from socket import *\n"
        "def send(sock, how):\n"
        "    data = b'x' * 100\n"
        "    return getattr(sock, how)([data[:50]] * 2 if how == 'sendmsg' else data)\n"
    )
    lab = open_lab(source, best)
    for how, sent in (("send", 50), ("sendall", None), ("sendmsg", 50)):
        argument, listener = lab.handed()
        calling = lab.call("send", argument, how, process=lab.start(send_cap=True))
        peer = listener.accept()
        assert calling.returns() == sent
        peer.expect(b"x" * (sent or 100))
