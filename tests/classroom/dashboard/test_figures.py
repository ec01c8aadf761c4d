"""Every figure of the dashboard, beside the gradebook's and a count of our own."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from grader.classroom.course import Course, Excused, ExerciseRule, Late
from grader.classroom.exports import dashboard
from grader.classroom.exports._dashboard_causes import ranges
from grader.classroom.exports._dashboard_look import look
from grader.classroom.exports._dashboard_rows import rows
from grader.classroom.exports._dashboard_sums import diagnoses, overview, scores, slowest
from grader.classroom.exports._dashboard_words import Words, number
from grader.classroom.gradebook import figures

from .reading import NOW, Make, Tables, best, view_of


def test_every_figure_of_the_map_is_the_gradebooks(random_class: Make) -> None:
    result = random_class(80).result()
    page = dashboard.render(result, Course())
    map_ = Tables(page).found["students"]
    book = figures(result, Course())
    assert len(map_) == 81
    for shown, row in zip(map_[1:], book.rows, strict=True):
        name, total = shown[0], shown[1]
        assert name[0] == f"{row.student.name} {row.student.id}"
        assert total[1]["data-v"] == ("" if row.percent is None else str(row.percent))
        if row.percent is not None:
            assert total[0].split("%")[0] == number(row.percent)
            parts = sum(cell.points is not None for cell in row.cells)
            assert total[0].endswith(f"{parts} of 5") == (not row.complete)
        for (words, values), cell in zip(shown[2:], row.cells, strict=True):
            if cell.points is not None:
                assert f"{number(cell.points)} of {number(cell.out_of)}" in words
                assert "checks passed" in words
                assert float(values["data-v"]) == pytest.approx(
                    float(cell.points / cell.out_of), abs=1e-4
                )
            else:
                assert values["data-v"] == ""
                assert {"missing": "not handed in", "error": "our error"}[cell.status] in words


def test_the_signs_are_the_checks(random_class: Make) -> None:
    result = random_class(60).result()
    book, counted, words = view_of(result)
    _, numbers = diagnoses(counted, words)
    signs = {"passed": "·", "failed": "×", "stuck": "∞", "skipped": "–", "error": "!"}
    own = best(result)
    seen = set[str]()
    for row in rows(book, counted, numbers, words):
        for cell in row.cells:
            graded = own.get((row.student.key, cell.counted.exercise.id))
            if cell.counted.state not in ("passed", "failed"):
                continue
            assert graded is not None
            assert graded.verdict is not None
            results = graded.verdict.checks
            assert "".join(run for _, run in cell.signs) == "".join(
                signs[c.status] for c in results
            )
            passed = sum(check.status == "passed" for check in results)
            assert cell.said.startswith(f"{passed} of {len(results)} checks passed")
            numbers_said = re.findall("failed: ([^;]*)", cell.said)
            failed = [n for n, check in enumerate(results, 1) if check.status == "failed"]
            assert numbers_said == ([ranges(failed)] if failed else [])
            statuses = {check.status for check in results}
            assert ("s" in cell.flags, "k" in cell.flags) == (
                "stuck" in statuses,
                "skipped" in statuses,
            )
            assert ("p" in cell.flags) == (statuses <= {"passed", "skipped"})
            seen |= statuses
    assert seen >= {"passed", "failed", "stuck", "skipped"}


def test_a_student_window_tells_who_is_a_stranger(made: Make) -> None:
    one = made(1, 1)
    one.student("", in_roster=False, id="", mail="ann@example.org")
    book, counted, words = view_of(one.result())
    (row,) = rows(book, counted, {}, words)
    assert (row.name, row.under) == ("ann@example.org", "")
    assert row.facts == [("Mail", "ann@example.org"), ("Roster", "not in it")]


def test_late_rules_excused_and_missing(made: Make) -> None:
    one = made(2, 4)
    ann, bob, _ = (one.student(name) for name in ("Ann", "Bob", "Cem"))
    due = NOW - timedelta(days=10)
    one.hand(ann, 0, [], submitted_at=due + timedelta(hours=30))
    one.hand(bob, 0, [("failed", "no_timeout")], submitted_at=due)
    course = Course(
        timezone="Europe/Berlin",
        exercises={"ex01": ExerciseRule(Decimal(10), due=due)},
        late=Late(per_day=Decimal(10)),
        excused=(Excused("nobody"), Excused("10002", ("ex01",))),
    )
    book, counted, words = view_of(one.result(), course)
    views = rows(book, counted, {}, words)
    ann_, bob_, cem_ = (view.cells[0] for view in views)
    late = "2 days late (30 hours)"
    assert (ann_.points, ann_.flags, ann_.notes) == ("8 of 10", "lp", [late, "20% taken off"])
    assert (bob_.points, bob_.flags) == ("7.5 of 10", "f")
    assert (cem_.counted.state, cem_.flags, cem_.points) == ("excused", "x", "")
    assert views[0].part == "1 of 2"
    found = look(one.result(), book, counted, words)
    assert [(one.student, one.by) for one in found.late] == [("Ann", late)]
    assert [student.name for student in found.missing] == ["Cem"]
    assert found.remarks[0].words.endswith("nobody")
    page = dashboard.render(one.result(), course)
    assert "in brackets the time after due time and grace" in page
    assert page.count(late) == 2  # in the list and in Ann's window, in the same words
    assert "Made 2026-11-20 21:00+01:00" in page  # by the course's clock


def test_late_by_the_platforms_word_alone_has_no_days_to_explain(made: Make) -> None:
    one = made(1, 1)
    one.hand(one.student("Ann"), 0, [], late=True)
    page = dashboard.render(one.result(), Course())
    assert 'id="late"' in page
    assert "in brackets" not in page


def test_several_attempts_and_several_files(made: Make) -> None:
    one = made(1, 4)
    key = one.student("Ann")
    one.hand(key, 0, [("failed", "stuck")], attempt=1, origin="first.py")
    one.hand(key, 0, [], attempt=2, origin="second.py")
    one.hand(key, 0, [("failed", "stuck"), ("failed", "stuck")], attempt=2, origin="other.py")
    book, counted, words = view_of(one.result())
    (cell,) = rows(book, counted, {}, words)[0].cells
    assert (cell.points, cell.flags) == ("4 of 4", "ap")
    assert [attempt.origin for attempt in cell.attempts] == ["first.py", "other.py", "second.py"]
    assert [attempt.counts for attempt in cell.attempts] == [False, False, True]
    assert cell.attempts[2].words == "attempt 2; 4 of 4; 0.50 s; this one counts"


def test_our_errors_and_what_waits(made: Make) -> None:
    one = made(1, 2)
    ann, bob, cem = (one.student(name) for name in ("Ann", "Bob", "Cem"))
    one.hand(ann, 0, None, log="RuntimeError: boom\n" + "x" * 9000)
    one.hand(bob, 0, [("error", ""), ("passed", "")])
    one.hand(cem, 0, None)
    result = one.result()
    book, counted, words = view_of(result)
    found = look(result, book, counted, words)
    assert [(one.student, one.why) for one in found.broken] == [
        ("Ann", "RuntimeError: boom"), ("Bob", "No reason is known."),
    ]  # fmt: skip
    assert len(found.broken[0].log) < 5000
    assert found.waiting == 1
    assert [view.cells[0].flags for view in rows(book, counted, {}, words)] == ["e", "e", "w"]
    assert all(view.share == "" for view in rows(book, counted, {}, words))
    states = overview(result.exercises, counted, words)[0].states
    assert states == {"error": 2, "waiting": 1}
    page = dashboard.render(result, Course())
    assert "RuntimeError: boom" in page
    assert "not graded yet" in page


@pytest.mark.parametrize(
    ("share", "at"), [(0, 0), (0.0999, 0), (0.1, 1), (0.7, 7), (0.8999, 8), (0.9, 9), (1, 9)]
)
def test_distribution(share: float, at: int) -> None:
    found = scores(None, [share, None])
    assert [bar.count for bar in found.bars] == [int(n == at) for n in range(10)]
    assert (found.count, found.middle) == (1, share)


def test_distribution_of_nobody() -> None:
    found = scores(None, [None])
    assert (found.count, found.middle) == (0, None)


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0%"), (0.0001, "1%"), (0.5, "50%"), (0.994, "99%"), (0.9999, "99%"), (1, "100%")],
)
def test_only_all_is_all_and_only_nothing_is_nothing(share: float, words: str) -> None:
    assert Words("en").percent(share) == words


def test_small_words() -> None:
    assert ranges([1, 2, 3, 5, 7, 8]) == "1–3, 5, 7–8"
    assert dashboard.ruler(3) == "1  "
    assert dashboard.ruler(12) == "1   5    10 "
    assert len(dashboard.ruler(10)) >= 10
    words = Words("en")
    spans = [words.span(s) for s in (1, 90, 7199, 7200, 86400 * 2 - 1, 86400 * 2)]
    assert spans == ["1 min", "2 min", "120 min", "2 hours", "48 hours", "2 days"]
    assert number(Decimal("7.50")) == "7.5"
    assert number(10.0) == "10"
    assert words.clock(datetime.max.replace(tzinfo=timezone.utc)).startswith("9999-12-31")


def test_slowest_are_ten_and_sorted(random_class: Make) -> None:
    result = random_class(30).result()
    _, counted, _ = view_of(result)
    found = slowest(result.collection.students, counted)
    assert len(found) == 10
    times = sorted((v.duration_s for c in counted.values() if (v := c.verdict)), reverse=True)
    assert [slow.seconds for slow in found] == times[:10]
