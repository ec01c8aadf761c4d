"""Contracts that several exercises share: cases that go through one process, each as if first."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from grader.harness.contracts import each_as_if_first
from grader.harness.lab import Lab
from grader.learner.failure import CheckFailed
from grader.learner.process import LearnerProcess
from grader.model import Verdict

OpenLab = Callable[..., Lab]

SOURCE = """
calls = []

def count(number):
    calls.append(number)
    return len(calls)

def use_up(number):
    calls.append(number)
    if len(calls) > 1:
        raise OSError("used up")
    return number

def dislike_two(number):
    return -number if number == 2 else number

def end(number):
    import os
    os._exit(0)
"""


class Played:
    """A script that calls one function, and what became of it."""

    def __init__(self, lab: Lab, function: str) -> None:
        self.lab = lab
        self.function = function
        self.values: list[object] = []
        self.processes: list[LearnerProcess] = []

    def __call__(self, case: int, process: LearnerProcess) -> None:
        self.processes.append(process)
        calling = self.lab.call(self.function, case, process=process)
        self.values.append(calling.returns())
        if self.function != "count":
            calling.gives(case)

    def places(self) -> list[int]:
        """Return for each go which process it was in, counted from the first one."""
        known = list(dict.fromkeys(process.child.root for process in self.processes))
        return [known.index(process.child.root) for process in self.processes]


@pytest.fixture
def lab(open_lab: OpenLab) -> Lab:
    return open_lab(SOURCE)


def test_cases_share_a_process_while_all_is_well(lab: Lab) -> None:
    played = Played(lab, "count")
    each_as_if_first(lab, played, (7, 8, 9))
    assert played.values == [1, 2, 3]
    assert played.places() == [0, 0, 0]


def test_what_an_earlier_case_has_used_up_is_no_fault(lab: Lab) -> None:
    played = Played(lab, "use_up")
    each_as_if_first(lab, played, (7, 8, 9))
    assert played.values == [7, 8, 9]
    assert played.places() == [0, 0, 1, 1, 2]
    assert [process.child.closed for process in played.processes] == [True] * 4 + [False]


def test_a_fault_of_a_later_case_is_one_in_a_fresh_process_too(lab: Lab) -> None:
    played = Played(lab, "dislike_two")
    with pytest.raises(CheckFailed) as caught:
        each_as_if_first(lab, played, (1, 2, 3))
    assert (caught.value.expected, caught.value.received) == ("2", "-2")
    assert played.places() == [0, 0, 1]
    # A reader sees the one call that counts.
    assert [event.event for event in lab.transcript.events()] == ["call", "return"]


def test_the_first_case_is_tried_once(lab: Lab) -> None:
    played = Played(lab, "dislike_two")
    with pytest.raises(CheckFailed):
        each_as_if_first(lab, played, (2, 1))
    assert played.places() == [0]


def test_a_process_that_a_script_has_stopped_is_followed_by_another(lab: Lab) -> None:
    played = Played(lab, "count")

    def script(case: int, process: LearnerProcess) -> None:
        played(case, process)
        lab.stop(process)

    each_as_if_first(lab, script, (7, 8))
    assert played.values == [1, 1]
    assert played.places() == [0, 1]


def test_a_process_that_has_gone_is_followed_by_another(lab: Lab) -> None:
    goes: list[LearnerProcess] = []

    def script(case: int, process: LearnerProcess) -> None:
        goes.append(process)
        with pytest.raises(CheckFailed):
            lab.call("end", case, process=process).returns()

    each_as_if_first(lab, script, (1, 2))
    assert len({process.child.root for process in goes}) == len(goes)


def test_a_fault_after_such_a_stop_is_met_in_a_fresh_process_already(lab: Lab) -> None:
    goes: list[int] = []

    def script(case: int, process: LearnerProcess) -> None:
        goes.append(case)
        if case == 2:
            lab.call("end", case, process=process).returns()
        lab.stop(process)

    with pytest.raises(CheckFailed):
        each_as_if_first(lab, script, (1, 2))
    assert goes == [1, 2]


def test_nothing_is_tried_again_when_the_time_is_up(lab: Lab) -> None:
    goes: list[int] = []

    def script(case: int, process: LearnerProcess) -> None:
        goes.append(case)
        if case == 2:
            lab.waiter.whole_bound = -1000.0
            raise CheckFailed("check_too_long", stuck=True)

    with pytest.raises(CheckFailed) as caught:
        each_as_if_first(lab, script, (1, 2))
    assert caught.value.kind == "check_too_long"
    assert goes == [1, 2]


ONE_SOCKET = """
SOCK = socket.socket()

def echo(host, port, message, timeout=5.0):
    with SOCK:
        SOCK.settimeout(timeout)
        SOCK.connect((host, port))
        SOCK.sendall(message)
        return _receive_exactly(SOCK, len(message))
"""
LATER = """
_calls = []
_echo = echo

def echo(host, port, message, timeout=5.0):
    _calls.append(message)
    reply = _echo(host, port, message, timeout)
    return reply if len(_calls) > 1 else b""
"""
SEVERAL = (
    "client_returns_whole_reply",
    "client_ignores_extra_bytes",
    "client_reports_early_close",
)


@pytest.mark.parametrize(
    ("more", "failed"), [(ONE_SOCKET, set()), (LATER, set(SEVERAL[:2]))], ids=["one", "later"]
)
def test_no_call_fares_worse_or_better_for_those_before_it(
    grade_source: Callable[..., Verdict], reference: str, more: str, failed: set[str]
) -> None:
    own, _, main = reference.partition("if __name__")
    checks = grade_source("ex03", f"{own}{more}\n\nif __name__{main}", SEVERAL).checks
    assert {check.id for check in checks if check.status != "passed"} == failed
