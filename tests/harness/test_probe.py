"""The first look at a submission, and who goes on with the process that was looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import pytest

from grader.harness import probe as probing
from grader.harness import session
from grader.harness.lab import Lab
from grader.harness.probe import Probed, probe
from grader.learner.failure import HarnessError
from grader.model import Verdict
from grader.sandbox.base import Sandbox

SOURCE = """
print("loaded")
def name():
    return __name__
"""


@pytest.fixture
def box(open_box: Callable[..., Sandbox]) -> Sandbox:
    return open_box(SOURCE)


@pytest.fixture
def labs(open_lab: Callable[..., Lab], box: Sandbox) -> tuple[Lab, Lab]:
    return open_lab(box), open_lab(box)


def test_the_first_to_start_a_process_takes_the_one_that_is_there(labs: tuple[Lab, Lab]) -> None:
    found = probe(labs[0])
    assert found.failure is None
    (loaded,) = found.loaded
    other = labs[1].knowing(found.problems, found.loaded)
    assert other.start() is loaded
    assert other.start() is not loaded
    assert other.call("name", process=loaded).returns() == "tiny"
    assert found.loaded == []
    other.__exit__()
    assert loaded.child.closed
    assert other.output() == "loaded\n" * 2


def test_a_process_that_has_to_be_special_is_a_fresh_one(labs: tuple[Lab, Lab]) -> None:
    found = probe(labs[0])
    other = labs[1].knowing(found.problems, found.loaded)
    assert other.start(send_cap=True) is not found.loaded[0]
    assert len(found.loaded) == 1
    found.loaded[0].close()


def test_a_submission_that_cannot_be_loaded_leaves_no_process(
    open_lab: Callable[..., Lab], open_box: Callable[..., Sandbox]
) -> None:
    found = probe(open_lab(open_box("raise ValueError")))
    assert found.failure is not None
    assert found.loaded == []


def test_a_process_that_no_check_has_wanted_is_ended(
    monkeypatch: pytest.MonkeyPatch, grade_source: Callable[..., Verdict], reference: str
) -> None:
    looked: list[Probed] = []

    def noted(lab: Lab) -> Probed:
        looked.append(probe(lab))
        return looked[-1]

    def broken(*arguments: object) -> NoReturn:
        raise HarnessError("broken")

    monkeypatch.setattr(probing, "probe", noted)
    monkeypatch.setattr(session, "run_harness", broken)
    assert grade_source("ex03", reference).status == "error"
    assert [process.child.closed for process in looked[0].loaded] == [True]
