"""Why checks failed, as the dashboard counts it, beside a count of our own."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from grader.classroom.course import Course
from grader.classroom.exports import dashboard
from grader.classroom.exports._dashboard_causes import Causes
from grader.classroom.exports._dashboard_rows import rows
from grader.classroom.exports._dashboard_sums import _UNLOADED, causes, checks, diagnoses
from grader.classroom.exports._dashboard_words import Words
from grader.model import Location, Text
from grader.texts import table

from .reading import Make, Tables, best, view_of

BAD = ("failed", "stuck")


def test_diagnoses_and_checks_count_students(random_class: Make) -> None:
    result = random_class(120).result()
    _, counted, words = view_of(result)
    own = {key: graded for key, graded in best(result).items() if counted[key].state != "error"}
    by_diagnosis: dict[str, set[str]] = {}
    failed: Counter[tuple[str, str]] = Counter()
    tried: Counter[tuple[str, str]] = Counter()
    for (student, exercise), graded in own.items():
        assert graded.verdict is not None
        for check in graded.verdict.checks:
            tried[exercise, check.id] += check.status != "skipped"
            failed[exercise, check.id] += check.status in BAD
            if check.status in BAD:
                by_diagnosis.setdefault(check.diagnosis, set()).add(student)
    views, numbers = diagnoses(counted, words)
    counts = sorted((len(students) for students in by_diagnosis.values()), reverse=True)
    assert [view.students for view in views] == counts
    assert [view.number for view in views] == list(range(len(views)))
    found = checks(result.exercises, counted, numbers, words)
    assert len(found) == sum(len(exercise.checks) for exercise in result.exercises)
    for view in found:
        key = (view.exercise.id, view.check.id)
        assert (view.failed, view.tried) == (failed[key], tried[key])
        if view.diagnosis >= 0:
            assert view.mostly == views[view.diagnosis].title
    assert sum(view.diagnosis >= 0 for view in found) > 50
    shares = [view.share for view in found]
    assert shares == sorted(shares, reverse=True)


def test_what_follows_from_another_failure_is_no_diagnosis(made: Make) -> None:
    one = made(1, 3)
    key = one.student("Ann")
    one.hand(key, 0, [("failed", "never_listens"), ("stuck", "stuck"), ("failed", "no_timeout")])
    graded = one.graded[0]
    results = list(graded.verdict.checks)
    results[1] = msgspec.structs.replace(results[1], because="check_1")
    verdict = msgspec.structs.replace(graded.verdict, checks=tuple(results))
    one.graded[0] = msgspec.structs.replace(graded, verdict=verdict)
    book, counted, words = view_of(one.result())
    assert causes(counted[key, "ex01"]) == {"never_listens", "no_timeout"}
    _, numbers = diagnoses(counted, words)
    by_number = {view.number: view for view in checks(book.exercises, counted, numbers, words)}
    assert (by_number[2].mostly, by_number[2].follows, by_number[2].diagnosis) == ("", 1, -1)
    assert (by_number[3].mostly != "", by_number[3].follows, by_number[3].often) == (True, 0, 1)
    (cell,) = rows(book, counted, numbers, words)[0].cells
    assert [cause.title for cause in cell.causes][-1] == "Follows from another failure"
    assert len(cell.diagnoses) == 2


def test_the_commonest_reason_is_a_checks_own(made: Make) -> None:
    one = made(1, 2)
    for n, why in enumerate(("one_recv_assumed", *["stuck"] * 4, *["no_timeout"] * 2)):
        one.hand(one.student(f"S{n}"), 0, [("failed", "never_listens"), ("failed", why)])
        if why == "stuck":
            graded = one.graded[-1]
            first, second = graded.verdict.checks
            results = (first, msgspec.structs.replace(second, because=first.id))
            verdict = msgspec.structs.replace(graded.verdict, checks=results)
            one.graded[-1] = msgspec.structs.replace(graded, verdict=verdict)
    for n in range(3):
        one.hand(one.student(f"T{n}"), 0, [("failed", "syntax_error")] * 2)
    one.hand(one.student("U"), 0, [])
    book, counted, words = view_of(one.result())
    views, numbers = diagnoses(counted, words)
    by_number = {view.number: view for view in checks(book.exercises, counted, numbers, words)}
    first, second = by_number[1], by_number[2]
    assert (first.failed, first.often, first.follows, first.unloaded) == (10, 7, 0, 3)
    assert (second.failed, second.often, second.follows, second.unloaded) == (10, 2, 4, 3)
    assert (
        second.mostly
        == views[second.diagnosis].title
        == words.diagnosis(one.exercises[0], "no_timeout")
    )
    shown = Tables(dashboard.render(one.result(), Course())).found["checks-table"]
    last = {row[1][0]: row[4][0] for row in shown[1:]}
    assert last["1"] == f"{first.mostly}: 7 3 files do not load"
    assert last["2"] == f"{second.mostly}: 2 4 follow from another failure · 3 files do not load"


def test_a_check_with_no_reason_of_its_own_says_what_is_apart(made: Make) -> None:
    one = made(1, 1)
    one.hand(one.student("Ann"), 0, [("failed", "endless_import")])
    shown = Tables(dashboard.render(one.result(), Course())).found["checks-table"]
    assert shown[1][4][0] == "1 file does not load"


def test_what_does_not_load_are_diagnoses_that_there_are() -> None:
    assert set(table("diagnoses", "en")) >= _UNLOADED
    assert {name for name in table("diagnoses", "en") if name.startswith("file_")} <= _UNLOADED


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (Location(17, "serve"), "line 17, in serve"),
        (Location(3, "<module>"), "line 3"),
        (Location(0, "serve"), ""),
        (None, ""),
    ],
)
def test_causes_say_where(made: Make, place: Location | None, words: str) -> None:
    one = made(1, 6)
    one.hand(one.student("Ann"), 0, [("failed", "no_timeout")] * 2 + [("stuck", "stuck")] * 3)
    results = [
        msgspec.structs.replace(check, location=place) for check in one.graded[0].verdict.checks
    ]
    found = Causes({("ex01", "stuck"): 7}, Words("en")).of(one.exercises[0], results)
    assert [cause.place for cause in found] == [words, words]
    assert [cause.diagnosis for cause in found] == [-1, 7]
    assert [cause.numbers for cause in found] == ["1–2", "3–5"]
    assert found[1].checks == [(n, f"check {n} of 1") for n in (3, 4, 5)]
    short = Causes({}, Words("en"), in_full=False).of(one.exercises[0], results)
    assert [cause.checks for cause in short] == [[], []]


def test_one_name_for_two_things_is_two_diagnoses(made: Make) -> None:
    one = made(2, 2)
    one.exercises = tuple(
        msgspec.structs.replace(exercise, diagnoses={"own": Text(f"Own {n}: {{error}}", "自有")})
        for n, exercise in enumerate(one.exercises)
    )
    key = one.student("Ann")
    for n in (0, 1):
        one.hand(key, n, [("failed", "own"), ("failed", "no_timeout")])
    _, counted, words = view_of(one.result())
    views, numbers = diagnoses(counted, words)
    assert sorted(view.title for view in views)[-2:] == ["Own 0", "Own 1"]
    assert numbers["ex01", "own"] != numbers["ex02", "own"]
    assert numbers["ex01", "no_timeout"] == numbers["ex02", "no_timeout"]
