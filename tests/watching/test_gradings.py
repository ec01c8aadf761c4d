"""The processes that grade: which one takes a job up, and that none outlives its use.

The child here is a small program that speaks the language of the real one, and does what the
exercise's slug tells it to.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from grader.model import Check, Exercise, Text
from grader.sandbox.processes import state
from grader.watching import gradings
from grader.watching.gradings import Gradings, Heard
from grader.watching.messages import Answer, Began, Fault, Job

PATIENCE = 30.0
CHILD = """
import json, os, sys, time

for line in sys.stdin:
    job = json.loads(line)
    ticket, slug = job["ticket"], job["exercise"]["slug"]
    def say(kind, **more):
        print(json.dumps({"type": kind, "ticket": ticket, **more}), flush=True)
    if slug != "never_begins":
        say("Began")
    if slug == "quick":
        say("Fault", line=str(os.getpid()), code=2, final=False)
    elif slug == "nonsense":
        print("no language of ours", flush=True)
    elif slug == "echo":
        print(line, flush=True)
    elif slug == "crash":
        os._exit(7)
    elif slug == "deaf":
        while True:
            time.sleep(1000)
"""
NAME = Text("name", "名")


def job(slug: str) -> Job:
    exercise = Exercise("ex90", slug, NAME, NAME, (), {}, (Check("a_check", NAME, 1.0),))
    return Job(0, exercise, b"/nowhere", "en", "none")


class Ear:
    """Gradings, and what comes of them."""

    def __init__(self) -> None:
        self.heard: SimpleQueue[Heard] = SimpleQueue()
        self.gradings = Gradings([sys.executable, "-c", CHILD], self.heard.put)
        self.ends: list[int] = []

    def next(self) -> Answer | int:
        """Return the next answer to the job that is wanted."""
        while True:
            heard = self.heard.get(timeout=PATIENCE)
            if heard.message is None:
                self.ends.append(heard.code)
            taken = self.gradings.take(heard)
            if taken is not None:
                return taken

    def graded_by(self, slug: str = "quick") -> str:
        """Have a job done and return the process that did it."""
        self.gradings.start(job(slug))
        assert isinstance(self.next(), Began)
        answer = self.next()
        assert isinstance(answer, Fault)
        return answer.line


@pytest.fixture
def ear(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ear]:
    """Return gradings, and end them."""
    monkeypatch.setattr(gradings, "_LAST_GRACE_S", 0.1)
    ear = Ear()
    yield ear
    ear.gradings.close()
    assert ear.gradings.wanted is None


def test_one_process_does_one_job_after_the_other(ear: Ear) -> None:
    assert len({ear.graded_by() for _ in range(5)}) == 1


def test_a_job_that_has_begun_is_left_with_its_process(ear: Ear) -> None:
    first = ear.graded_by()
    ear.gradings.start(job("deaf"))
    assert isinstance(ear.next(), Began)
    second = ear.graded_by()
    assert second != first
    assert ear.graded_by() == second


def test_a_job_that_has_not_begun_is_only_replaced(ear: Ear) -> None:
    first = ear.graded_by()
    for _ in range(20):
        ear.gradings.start(job("never_begins"))
    assert ear.graded_by() == first


def test_one_that_begins_when_another_is_wanted_is_given_up(ear: Ear) -> None:
    first = ear.graded_by()
    ear.gradings.start(job("deaf"))  # its Began is under way, and is not heard yet
    assert ear.graded_by() != first


def test_one_that_begins_when_none_is_wanted_is_given_up(ear: Ear) -> None:
    first = ear.graded_by()
    ear.gradings.start(job("deaf"))
    ear.gradings.stop()
    assert ear.graded_by() != first


def test_what_was_stopped_is_not_answered(ear: Ear) -> None:
    ear.graded_by()
    ear.gradings.start(job("quick"))
    wanted = ear.gradings.wanted
    assert wanted is not None
    ear.gradings.stop()
    ear.gradings.start(job("quick"))
    answers = [ear.next(), ear.next()]
    assert [answer.ticket for answer in answers if not isinstance(answer, int)] == [
        wanted.ticket + 1,
        wanted.ticket + 1,
    ]


def test_one_that_crashes_is_told_of_and_replaced(ear: Ear) -> None:
    first = ear.graded_by()
    ear.gradings.start(job("crash"))
    assert isinstance(ear.next(), Began)
    assert ear.next() == 7
    assert ear.gradings.wanted is None
    assert ear.graded_by() != first


def test_one_that_speaks_nonsense_is_ended(ear: Ear) -> None:
    ear.gradings.start(job("nonsense"))
    assert isinstance(ear.next(), Began)
    assert isinstance(ear.next(), int)
    ear.graded_by()


def test_one_that_repeats_the_question_is_passed_over(ear: Ear) -> None:
    ear.gradings.start(job("echo"))
    assert isinstance(ear.next(), Began)
    ear.graded_by()


def test_those_that_do_not_end_when_told_are_killed(
    ear: Ear, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    pids = [int(ear.graded_by())]
    ear.gradings.start(job("deaf"))
    assert isinstance(ear.next(), Began)
    pids.append(int(ear.graded_by()))
    ear.gradings.close()
    eventually(lambda: all(state(pid) == "Z" for pid in pids))


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    made = Gradings([str(tmp_path / "none")], lambda heard: None)
    with pytest.raises(FileNotFoundError):
        made.start(job("quick"))
    made.close()
