"""A collection through a backend into the store: what is graded, what counts, what is named."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest

from grader.classroom import running
from grader.classroom.model import Graded, Handed
from grader.classroom.running import Grading, Order, exercises_of, failures, standing
from grader.classroom.store import Store
from grader.classroom.work import Done, Job

from .conftest import OTHER, TINY, Class, FakeBackend, verdict

NOW = datetime(2026, 11, 20, tzinfo=timezone.utc)


class Seen:
    """Who is told of results."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def note(self, status: str) -> None:
        self.counts[status] += 1


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return a new store."""
    with Store(tmp_path, "en") as made:
        yield made


def order(class_: Class, **more: Any) -> Order:
    return Order(
        **{
            "collection": class_.collection,
            "exercises": (TINY, OTHER),
            "read": class_.read,
            **more,
        }
    )


def go(
    store: Store, class_: Class, backend: Any = None, **more: Any
) -> tuple[tuple[Graded, ...], list[bytes]]:
    """Carry out one run; return its result, and what was graded for it."""
    backend = backend or FakeBackend()
    grading = Grading(order(class_, **more), store)
    grading.go(backend, Seen())
    return grading.result("class", NOW).graded, backend.graded


def statuses(graded: tuple[Graded, ...]) -> list[str]:
    return [one.verdict.status if one.verdict else "" for one in graded]


SMALL = Class(
    [
        ("ann", "ex90", b"pass 1"),
        ("ann", "ex91", b"fail 1"),
        ("bob", "ex90", b"fail 2"),
        ("cyd", "ex90", b"pass 1"),
    ],
    absent=["dan"],
)


def test_everything_that_was_handed_in_has_its_verdict_in_order(store: Store) -> None:
    graded, done = go(store, SMALL)
    assert [one.handed for one in graded] == list(SMALL.collection.handed)
    assert statuses(graded) == ["passed", "failed", "failed", "passed"]
    assert sorted(done) == [b"fail 1", b"fail 2", b"pass 1"]  # the same bytes once
    assert [one.reused for one in graded] == [False, False, False, True]
    assert all(one.at is not None and not one.log for one in graded)
    for one in graded:
        assert one.verdict == verdict(
            SMALL.sources[one.handed.sha256],
            "passed" if one.verdict and one.verdict.score else "failed",
            TINY if one.handed.exercise == "ex90" else OTHER,
        )


def test_the_same_bytes_for_two_exercises_are_graded_twice(store: Store) -> None:
    class_ = Class([("ann", "ex90", b"same"), ("ann", "ex91", b"same")])
    graded, done = go(store, class_)
    assert done == [b"same", b"same"]
    assert [one.verdict and one.verdict.exercise for one in graded] == ["ex90", "ex91"]


def test_what_was_not_asked_for_is_listed_without_a_verdict(store: Store) -> None:
    graded, done = go(store, SMALL, exercises=(OTHER,))
    assert done == [b"fail 1"]
    assert statuses(graded) == ["", "failed", "", ""]


def test_a_second_run_grades_nothing(store: Store) -> None:
    first, _ = go(store, SMALL)
    second, done = go(store, SMALL)
    assert done == []
    assert [(one.verdict, one.at) for one in second] == [(one.verdict, one.at) for one in first]
    assert all(one.reused for one in second)


CHANGES: dict[str, Callable[[], dict[str, Any]]] = {
    "the language": lambda: {"language": "zh"},
    "the isolation": lambda: {"isolation": "none"},
    "the exercise": lambda: {
        "exercises": (msgspec.structs.replace(TINY, diagnoses={"x": TINY.title}), OTHER)
    },
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_verdict_is_reused_only_where_all_that_it_depends_on_is_the_same(
    store: Store, change: Callable[[], dict[str, Any]]
) -> None:
    go(store, SMALL)
    _, done = go(store, SMALL, **change())
    assert len(done) >= 2
    _, done = go(store, SMALL)
    assert done == []


def test_another_grader_grades_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    go(store, SMALL)
    monkeypatch.setattr(running, "engine_digest", lambda: "another")
    _, done = go(store, SMALL)
    assert len(done) == 3


def test_a_changed_submission_is_graded_and_the_others_are_not(store: Store) -> None:
    go(store, SMALL)
    changed = Class([("ann", "ex90", b"pass 1"), ("bob", "ex90", b"pass 2 now")])
    graded, done = go(store, changed)
    assert done == [b"pass 2 now"]
    assert statuses(graded) == ["passed", "passed"]


# -- interrupted ---------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [0, 1, 2])
def test_a_run_that_was_cut_off_goes_on(store: Store, cut: int) -> None:
    with pytest.raises(ZeroDivisionError):
        go(store, SMALL, FakeBackend(cut, breaks=ZeroDivisionError()))
    graded, done = go(store, SMALL)
    assert len(done) == 3 - cut
    assert statuses(graded) == ["passed", "failed", "failed", "passed"]


def test_whether_all_is_done(store: Store) -> None:
    grading = Grading(order(SMALL), store)
    assert (len(grading.to_do), grading.reused) == (3, 0)
    assert not grading.go(FakeBackend(1), Seen())
    assert grading.left == 2
    assert statuses(grading.result("class", NOW).graded).count("") == 2
    grading = Grading(order(SMALL), store)
    assert (len(grading.to_do), grading.reused) == (2, 1)
    seen = Seen()
    assert grading.go(FakeBackend(), seen)
    assert seen.counts == {"failed": 2}


@pytest.mark.parametrize("again", [True, False], ids=["--regrade", "plain"])
@pytest.mark.parametrize("cut", [0, 1, 2])
def test_a_regrade_that_was_cut_off_grades_each_once(store: Store, cut: int, again: bool) -> None:
    go(store, SMALL)
    _, before = go(store, SMALL, FakeBackend(cut), regrade=True)
    assert len(before) == cut
    # A regrade of which nothing has come yet is still one that somebody has asked for.
    _, after = go(store, SMALL, regrade=again)
    assert sorted(before + after) == [b"fail 1", b"fail 2", b"pass 1"]
    _, none = go(store, SMALL)
    assert none == []
    _, anew = go(store, SMALL, regrade=True)
    assert len(anew) == 3


@pytest.mark.parametrize("between", [True, False], ids=["a plain run between", "at once"])
def test_a_regrade_after_one_that_was_killed_at_its_very_end(
    store: Store, monkeypatch: pytest.MonkeyPatch, between: bool
) -> None:
    go(store, SMALL)
    with monkeypatch.context() as patched:
        patched.setattr(Store, "end", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            go(store, SMALL, regrade=True)
    if between:
        _, none = go(store, SMALL)
        assert none == []
    _, anew = go(store, SMALL, regrade=True)
    assert sorted(anew) == [b"fail 1", b"fail 2", b"pass 1"]


def test_each_result_is_kept_whole_before_the_next(store: Store) -> None:
    shelters: list[str] = []

    @contextlib.contextmanager
    def whole() -> Iterator[None]:
        shelters.append("in")
        yield
        shelters.append("out")

    Grading(order(SMALL), store).go(FakeBackend(), Seen(), whole)
    assert shelters == ["in", "out"] * 4  # three results, and the end


# -- our faults ----------------------------------------------------------------------------

BAD = Class([("ann", "ex90", b"pass"), ("bob", "ex90", b"boom"), ("cyd", "ex91", b"ours")])


def test_our_faults_are_named_and_the_rest_goes_on(store: Store) -> None:
    graded, done = go(store, BAD)
    assert len(done) == 3
    assert statuses(graded) == ["passed", "error", "error"]
    assert [one.handed.student for one in failures(graded)] == ["bob", "cyd"]
    assert graded[1].log == "it died\nthe log\nof it"
    found = graded[1].verdict
    assert found is not None
    assert (found.score, found.max_score, found.exercise) == (0.0, 2.0, "ex90")
    assert [check.status for check in found.checks] == ["error"]
    assert "it died" in found.checks[0].message


def test_our_faults_are_tried_again_by_the_next_run(store: Store) -> None:
    go(store, BAD)
    graded, done = go(store, BAD)
    assert sorted(done) == [b"boom", b"ours"]
    assert statuses(graded) == ["passed", "error", "error"]


def test_a_later_fault_of_ours_leaves_the_grade(store: Store) -> None:
    go(store, SMALL)
    backend = FakeBackend()
    backend.error = "no room"
    graded, done = go(store, SMALL, backend, regrade=True)
    assert len(done) == 3
    assert statuses(graded) == ["passed", "failed", "failed", "passed"]
    assert failures(graded) == []
    assert len(standing(graded)) == 4
    assert "stands" in graded[0].log
    assert "no room" in graded[0].log
    # It is no longer told of when grading again has gone well.
    graded, _ = go(store, SMALL, regrade=True)
    assert standing(graded) == []


def test_a_fault_of_a_newer_grader_leaves_the_older_ones_grade(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = go(store, SMALL)
    monkeypatch.setattr(running, "engine_digest", lambda: "another")
    backend = FakeBackend()
    backend.error = "broken"
    graded, done = go(store, SMALL, backend)
    assert len(done) == 3
    assert [one.verdict for one in graded] == [one.verdict for one in first]
    assert [one.at for one in graded] == [one.at for one in first]
    assert all("broken" in one.log and one.reused for one in graded)


def test_a_grade_of_another_grader_stands_until_there_is_a_new_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(store, SMALL)
    monkeypatch.setattr(running, "engine_digest", lambda: "another")
    graded, _ = go(store, SMALL, FakeBackend(0))
    assert statuses(graded) == ["passed", "failed", "failed", "passed"]
    assert all("not been graded again yet" in one.log for one in graded)


def test_bytes_that_are_gone(store: Store) -> None:
    class_ = Class([("ann", "ex90", b"a"), ("bob", "ex90", b"b"), ("cyd", "ex91", b"c")])
    sources = dict(class_.sources)
    missing = class_.collection.handed[1].sha256
    del class_.sources[missing]  # from the start
    grading = Grading(order(class_), store)
    class_.sources.clear()  # between the plan and the work
    assert grading.go(FakeBackend(), Seen())
    graded = grading.result("class", NOW).graded
    assert statuses(graded) == ["error"] * 3
    assert all("no longer there" in one.log for one in graded)
    class_.sources.update(sources)
    assert statuses(go(store, class_)[0]) == ["passed"] * 3


# -- backends that cannot be believed ------------------------------------------------------


class Rogue(FakeBackend):
    """Answers with what it is given."""

    def __init__(self, *answers: Done) -> None:
        super().__init__()
        self.answers = answers

    def results(self, jobs: Any) -> Iterator[Done]:
        taken: list[Job] = list(jobs)
        assert taken
        yield from self.answers


ROGUE = {
    "about other bytes": Done(0, verdict(b"other", "passed")),
    "about another exercise": Done(0, verdict(b"mine", "passed", OTHER)),
    "about nothing": Done(0),
}


@pytest.mark.parametrize("answer", ROGUE.values(), ids=ROGUE)
def test_a_verdict_about_something_else_is_no_verdict(store: Store, answer: Done) -> None:
    graded, _ = go(store, Class([("ann", "ex90", b"mine")]), Rogue(answer))
    assert statuses(graded) == ["error"]


@pytest.mark.parametrize("ticket", [-1, 1, 1 << 40])
def test_an_answer_that_nobody_has_asked_for(store: Store, ticket: int) -> None:
    graded, _ = go(store, Class([("ann", "ex90", b"mine")]), Rogue(Done(ticket, verdict(b"mine"))))
    assert statuses(graded) == [""]


def test_the_job_has_what_was_asked(store: Store) -> None:
    taken: list[Job] = []

    class Taking(FakeBackend):
        def results(self, jobs: Any) -> Iterator[Done]:
            taken.extend(jobs)
            return iter(())

    one = Handed(
        "ann", "ex90", "o", "n", Class([("x", "ex90", b"q")]).collection.handed[0].sha256, 1
    )
    class_ = Class([("x", "ex90", b"q")])
    collection = msgspec.structs.replace(class_.collection, handed=(one,))
    grading = Grading(
        order(class_, collection=collection, language="zh", isolation="partial"), store
    )
    assert not grading.go(Taking(), Seen())
    assert [(job.source, job.language, job.isolation, job.exercise) for job in taken] == [
        (b"q", "zh", "partial", TINY)
    ]


NAMED = {
    "none named": ((), ["ex91"], ["ex91"]),
    "one more than handed in": (("ex90",), ["ex91"], ["ex90", "ex91"]),
    "handed in by nobody": (("ex90",), [], ["ex90"]),
    "nothing at all": ((), [], ["ex90", "ex91"]),
}


@pytest.mark.parametrize(("named", "handed", "found"), NAMED.values(), ids=NAMED)
def test_the_exercises_of_a_course(
    named: tuple[str, ...], handed: list[str], found: list[str]
) -> None:
    class_ = Class([("ann", exercise, b"1") for exercise in handed])
    assert [e.id for e in exercises_of(class_.collection, (TINY, OTHER), named)] == found


def test_where_it_comes_from_is_noted(store: Store) -> None:
    go(store, SMALL, source="/home/ann/class")
    assert store.other_class("/home/bob/class", ["zed"]) == "/home/ann/class"
    go(store, SMALL)
    assert store.other_class("/home/bob/class", ["zed"]) == "class"
