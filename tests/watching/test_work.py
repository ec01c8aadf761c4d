"""Which answer becomes the result: the one that is about what the file holds, and no other."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import msgspec
import pytest

from grader.catalog import load_exercise, stub_path
from grader.history import History
from grader.model import Verdict
from grader.watching.around import HopelessError, Surroundings
from grader.watching.gradings import Child, Gradings, Heard
from grader.watching.messages import Answer, Began, Done, Fault, Job
from grader.watching.work import Work

from .conftest import wrong


class Told:
    """Gradings that begin when they are asked to, and answer what a test wants them to."""

    def __init__(self) -> None:
        self.wanted: Job | None = None
        self.started = 0

    def start(self, job: Job) -> None:
        self.wanted = job
        self.started += 1

    def stop(self) -> None:
        self.wanted = None

    def take(self, heard: Heard) -> Answer | int | None:
        if not isinstance(heard.message, Began):
            self.wanted = None
        return heard.message if heard.message is not None else heard.code


class Bench:
    """A piece of work, with gradings that can be told what to answer."""

    def __init__(self, suite: Path) -> None:
        exercise = load_exercise(suite, "ex03")
        self.path = stub_path(suite, exercise)
        self.path.write_text(wrong(1))
        self.recorded: list[str] = []
        self.gradings = Told()
        around = Surroundings(
            root=suite,
            language="en",
            exercises=[exercise],
            history=History(suite),
            isolation="none",
            command=[],
            hint=lambda exercise, check: [],
            reset=lambda exercise: [],
            page=lambda exercise, check: None,
            explain=lambda page, width: [],
            record=lambda verdict, source, path: self.recorded.append(verdict.sha256),
            complaints=[],
            end_if_asked=lambda: None,
        )
        told = cast(Gradings, self.gradings)
        self.work = Work(exercise, around, told, lambda event: None, 1)

    def settle(self) -> int:
        """Let the file settle and return how many gradings have been asked for."""
        while self.work.is_settling:
            self.work.go_on()
        return self.gradings.started

    def save(self, source: str) -> int:
        """Save, and return how many gradings have been asked for."""
        self.path.write_text(source)
        self.work.saved()
        return self.settle()

    def answer(self, message: Answer | None, code: int = 0) -> bool:
        """Give an answer, and say whether it has become the result."""
        return self.work.hear(Heard(cast(Child, None), message, code))


@pytest.fixture
def bench(suite: Path) -> Iterator[Bench]:
    """Return a piece of work whose first grading is under way."""
    bench = Bench(suite)
    assert bench.settle() == 1
    yield bench
    bench.work.close()


@pytest.fixture
def done(grade_source: Callable[..., Verdict]) -> Callable[[str], Done]:
    """Return a function that grades a source."""
    return lambda source: Done(0, grade_source("ex03", source), source.encode())


def test_the_verdict_on_what_the_file_holds_is_the_result(
    bench: Bench, done: Callable[[str], Done]
) -> None:
    assert not bench.answer(Began(0))
    answer = done(wrong(1))
    assert bench.answer(answer)
    assert bench.work.result.verdict == answer.verdict
    assert bench.work.result.source == wrong(1).encode()
    assert bench.recorded == [answer.verdict.sha256]


def test_a_verdict_on_anything_else_is_thrown_away(
    bench: Bench, done: Callable[[str], Done]
) -> None:
    first = done(wrong(1))
    bench.path.write_text(wrong(2))  # and nothing has told of it yet
    assert not bench.answer(first)
    assert bench.work.result.verdict is None
    assert bench.recorded == []
    assert bench.settle() == 2
    assert bench.answer(done(wrong(2)))
    assert len(bench.recorded) == 1


def test_a_verdict_on_a_file_that_has_gone_is_thrown_away(
    bench: Bench, done: Callable[[str], Done]
) -> None:
    first = done(wrong(1))
    bench.path.unlink()
    assert not bench.answer(first)
    assert bench.settle() == 1
    assert bench.work.missing
    assert bench.save(wrong(1)) == 2
    assert not bench.work.missing


def test_what_is_being_graded_is_not_graded_anew(bench: Bench, done: Callable[[str], Done]) -> None:
    assert bench.save(wrong(1)) == 1
    assert bench.answer(done(wrong(1)))
    assert bench.save(wrong(1)) == 1
    assert bench.work.same_at
    assert bench.save(wrong(2)) == 2
    assert not bench.work.same_at


def test_back_to_the_result_in_the_middle_of_a_grading(
    bench: Bench, done: Callable[[str], Done]
) -> None:
    bench.answer(done(wrong(1)))
    assert bench.save(wrong(2)) == 2
    assert bench.work.is_graded
    assert bench.save(wrong(1)) == 2
    assert not bench.work.is_graded
    assert bench.work.result.verdict is not None


@pytest.mark.parametrize(
    ("answer", "code", "again"),
    [
        (Fault(0, "cannot be read", 2, False), 0, False),
        (Fault(0, "the grader failed", 3, False), 0, True),
        (None, -9, True),
    ],
)
def test_only_what_is_not_the_files_fault_is_tried_again(
    bench: Bench, answer: Answer | None, code: int, again: bool
) -> None:
    assert bench.answer(answer, code)
    assert bench.work.result.verdict is None
    assert bench.work.result.ended == (code or None)
    assert bench.save(wrong(1)) == (2 if again else 1)


def test_a_verdict_that_could_not_be_made_is_tried_again(
    bench: Bench, done: Callable[[str], Done]
) -> None:
    answer = done(wrong(1))
    broken = msgspec.structs.replace(answer.verdict, status="error")
    assert bench.answer(Done(0, broken, answer.source))
    assert bench.save(wrong(1)) == 2


def test_what_never_will_be_ends_it(bench: Bench) -> None:
    with pytest.raises(HopelessError) as raised:
        bench.answer(Fault(0, "no namespaces here", 2, True))
    assert raised.value.code == 2


def test_its_folder_may_go(bench: Bench) -> None:
    shutil.rmtree(bench.path.parent)
    bench.work.saved()
    assert bench.settle() == 1
    assert bench.work.missing
