"""The figures: each law by examples, then all of them on random classes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as with_fields

from grader.classroom.course import Course, Excused, ExerciseRule, Extension, Late
from grader.classroom.gradebook import Cell, Gradebook, Note, Row, figures, notes, rounded, share_of
from grader.classroom.model import ClassResult, Collection, Entry, Graded, Handed, Student
from grader.model import Check, Exercise, GraderInfo, Isolation, Text, Verdict, VerdictStatus

UTC = timezone.utc
DUE = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NOW = datetime(2026, 12, 24, tzinfo=UTC)
ANN, BEN = Student("ann", "Ann", in_roster=True), Student("ben", "Ben", in_roster=True)


def exercise(name: str = "ex03", points: float = 14.0) -> Exercise:
    words = Text(name, name)
    return Exercise(name, "slug", words, words, (), {}, (Check("one", words, points),))


def verdict(score: float, most: float = 14.0, status: VerdictStatus = "failed") -> Verdict:
    isolation, grader = Isolation("full", "bubblewrap"), GraderInfo("1", "3.11")
    values: dict[str, Any] = {"status": status, "score": score, "max_score": most}
    return Verdict(
        exercise="ex03", slug="slug", submission="slug.py", sha256="", duration_s=0.1, seed=1,
        isolation=isolation, grader=grader, checks=(), **values,
    )  # fmt: skip


def graded(
    score: float | None,
    attempt: int = 1,
    late: timedelta | None = None,
    *,
    student: str = "ann",
    name: str = "ex03",
    most: float = 14.0,
    mark: bool = False,
    log: str = "",
    origin: str = "",
    at: datetime | None = None,
) -> Graded:
    """Make a graded file; ``late`` is the time after the due time, a score of -1 our error."""
    when = at if late is None else DUE + late
    place = origin or f"{student}/{name}/{attempt}"
    handed = Handed(student, name, place, "slug.py", "0", 1, attempt, when, mark)
    if score is None:
        return Graded(handed, None, None, log)
    return Graded(handed, verdict(max(score, 0), most, "error" if score < 0 else "failed"), NOW)


def result(*files: Graded, exercises: tuple[Exercise, ...] = (exercise(),)) -> ClassResult:
    collection = Collection("c", "folders", (ANN, BEN), tuple(f.handed for f in files), ())
    return ClassResult("c", collection, exercises, files, NOW, "en", lambda _: None)


def course(**values: Any) -> Course:
    late = {key: values.pop(key) for key in ("grace", "per_day", "cap", "none_after")
            if key in values}  # fmt: skip
    rule = ExerciseRule(Decimal(str(values.pop("points", 10))), due=values.pop("due", DUE))
    return Course(exercises={"ex03": rule}, late=Late(**late), **values)


def cell(*files: Graded, rules: Course | None = None) -> Cell:
    """Return Ann's cell for ex03."""
    return figures(result(*files), rules or course()).row("ann").cells[0]


TEN = {"per_day": Decimal(10), "cap": Decimal(50)}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (Fraction(1, 3), "0.33"), (Fraction(2, 3), "0.67"), (Fraction(5, 1000), "0.01"),
        (Fraction(4999, 10**6), "0.00"), (Fraction(1005, 1000), "1.01"),
        (Fraction(1015, 1000), "1.02"), (Decimal("2.675"), "2.68"), (Fraction(0), "0.00"),
        (Decimal(10**9), "1000000000.00"), (Fraction(10**20, 3), "33333333333333333333.33"),
    ],
)  # fmt: skip
def test_rounding_is_half_up_and_exact(number: Fraction | Decimal, shown: str) -> None:
    assert str(rounded(number)) == shown


def test_a_share_forgives_what_binary_numbers_do_to_decimal_ones() -> None:
    assert share_of(verdict(0.1 + 0.2, 0.3)) == 1
    assert share_of(verdict(9.0, 14.0)) == Fraction(9, 14)
    assert share_of(verdict(0.0, 0.0)) is None


def test_points_are_scaled_to_what_the_exercise_is_worth() -> None:
    found = cell(graded(9.0))
    assert (found.status, found.points, found.out_of) == ("graded", Decimal("6.43"), Decimal(10))
    assert (found.score, found.max_score, found.attempt, found.attempts) == (9.0, 14.0, 1, 1)


def test_without_a_course_points_are_the_checks_own() -> None:
    found = cell(graded(9.0), rules=Course())
    assert (found.points, found.out_of, found.flags) == (Decimal(9), Decimal(14), ())


def test_skipped_checks_are_on_neither_side() -> None:
    assert cell(graded(6.5, most=13.0)).points == Decimal(5)


@pytest.mark.parametrize(
    ("late", "penalty", "points", "days"),
    [
        (-DAY, 0, "10.00", 0),
        (timedelta(0), 0, "10.00", 0),
        (timedelta(seconds=900), 0, "10.00", 0),
        (timedelta(seconds=901), 10, "9.00", 1),
        (timedelta(seconds=900.5), 10, "9.00", 1),
        (DAY + timedelta(seconds=900), 10, "9.00", 1),
        (DAY + timedelta(seconds=901), 20, "8.00", 2),
        (5 * DAY, 50, "5.00", 5),
        (30 * DAY, 50, "5.00", 30),
    ],
)
def test_lateness_takes_a_part_of_what_was_earned(
    late: timedelta, penalty: int, points: str, days: int
) -> None:
    found = cell(graded(14.0, late=late), rules=course(grace=900, **TEN))
    assert found.penalty == penalty
    assert (str(found.points), found.days_late) == (points, days)
    assert found.flags == (("late",) if days else ())
    over = int(late.total_seconds() + 0.5) - 900
    assert found.late_s == max(0, over)


def test_nothing_is_accepted_after_the_last_day() -> None:
    rules = course(none_after=5, **TEN)
    assert cell(graded(14.0, late=5 * DAY), rules=rules).points == Decimal(5)
    late = cell(graded(14.0, late=5 * DAY + HOUR), rules=rules)
    assert (late.points, late.penalty, late.status) == (Decimal(0), Decimal(100), "graded")
    assert "too_late" in late.flags


@pytest.mark.parametrize("attempts", ["best", "last"])
def test_what_is_not_accepted_takes_no_place_from_what_is(attempts: str) -> None:
    rules = course(none_after=1, attempts=attempts, **TEN)
    found = cell(graded(7.0, 1), graded(14.0, 2, 3 * DAY), rules=rules)
    assert (found.attempt, found.points) == (1, Decimal(5))


def test_the_best_attempt_counts_after_penalties_or_the_last() -> None:
    files = graded(12.0, 1, -DAY), graded(14.0, 2, 3 * DAY), graded(7.0, 3, -HOUR)
    best = cell(*files, rules=course(**TEN))
    last = cell(*files, rules=course(attempts="last", **TEN))
    assert (best.attempt, best.points) == (1, Decimal("8.57"))
    assert (last.attempt, last.points) == (3, Decimal(5))
    assert best.attempts == last.attempts == 3


def test_of_equal_attempts_the_earlier_counts() -> None:
    found = cell(graded(7.0, 3), graded(7.0, 2), graded(14.0, 4, 9 * DAY), rules=course(**TEN))
    assert found.attempt == 2


@pytest.mark.parametrize("attempts", ["best", "last"])
def test_of_two_files_of_one_attempt_the_better_counts_and_somebody_is_told(attempts: str) -> None:
    files = graded(7.0, 1, origin="b.py"), graded(14.0, 1, origin="a (2).py")
    found = cell(*files, rules=course(attempts=attempts))
    assert (found.status, found.points, found.attempts) == ("ambiguous", Decimal(10), 1)
    assert "two_candidates" in found.flags
    assert found.chosen is files[1]


def test_two_files_of_an_attempt_that_does_not_count_are_no_matter() -> None:
    files = graded(3.0, 1, origin="a"), graded(2.0, 1, origin="b"), graded(7.0, 2)
    assert cell(*files).status == "graded"


@pytest.mark.parametrize("score", [-1, None])
def test_our_error_is_no_zero(score: float | None) -> None:
    for missing in ("empty", "zero"):
        found = cell(graded(score, log="died"), rules=course(missing=missing))
        assert (found.status, found.points, found.score) == ("error", None, None)
        assert "grader_error" in found.flags
    assert "not_graded" in cell(graded(None)).flags


def test_a_verdict_of_which_nothing_counted_is_no_zero() -> None:
    found = cell(graded(0.0, most=0.0))
    assert (found.status, found.points) == ("error", None)


def test_our_error_leaves_open_what_it_could_have_changed() -> None:
    assert cell(graded(13.0, 1), graded(-1, 2)).points is None
    assert cell(graded(13.0, 1), graded(None, 1, origin="z")).points is None
    full = cell(graded(14.0, 1), graded(-1, 2))
    assert (full.status, full.points) == ("graded", Decimal(10))
    assert "ungraded_attempt" in full.flags


def test_our_error_changes_nothing_where_lateness_has_taken_all_that_it_could() -> None:
    rules = course(per_day=Decimal(10))
    found = cell(graded(7.0, 1), graded(-1, 2, 5 * DAY), rules=rules)
    assert (found.status, found.points) == ("graded", Decimal(5))
    assert cell(graded(7.0, 1), graded(-1, 2, 4 * DAY), rules=rules).points is None


def test_when_the_last_attempt_counts_only_our_error_in_it_matters() -> None:
    rules = course(attempts="last")
    assert cell(graded(-1, 1), graded(7.0, 2), rules=rules).points == Decimal(5)
    assert cell(graded(7.0, 1), graded(-1, 2), rules=rules).points is None


def test_who_handed_in_nothing_has_an_empty_cell_or_a_zero() -> None:
    assert (cell().status, cell().points) == ("missing", None)
    zero = cell(rules=course(missing="zero"))
    assert (zero.status, zero.points, zero.chosen) == ("missing", Decimal(0), None)
    # Not before the time is over, and not before one's own is.
    later = course(missing="zero", due=NOW + DAY)
    assert cell(rules=later).points is None
    # Where there is no due time nobody's is ever over, nor for exercises that have no rule.
    assert cell(rules=course(missing="zero", due=None)).points is None
    assert cell(rules=Course(missing="zero")).points is None
    longer = course(missing="zero", extensions=(Extension("ann", (), NOW + DAY),))
    assert cell(rules=longer).points is None


def test_exercises_without_a_due_time_are_no_part_of_a_total_of_zeros() -> None:
    exercises = exercise("ex01"), exercise("ex03"), exercise("ex07")
    row = figures(result(exercises=exercises), course(missing="zero")).row("ann")
    assert [one.points for one in row.cells] == [None, Decimal(0), None]
    assert (row.total, row.out_of) == (Decimal(0), Decimal(10))


STUB = Entry("ann/slug.py", "ignored", "stub", "", "ann", "ex03")


def with_entries(whole: ClassResult, *entries: Entry) -> ClassResult:
    return replace(whole, collection=with_fields(whole.collection, entries=entries))


def test_who_handed_in_the_stub_alone_has_a_mark_and_the_same_figure() -> None:
    for missing, points in (("empty", None), ("zero", Decimal(0))):
        book = figures(with_entries(result(), STUB), course(missing=missing))
        ann, ben = book.row("ann").cells[0], book.row("ben").cells[0]
        assert (ann.status, ann.flags, ann.points) == ("missing", ("stub",), points)
        assert (ben.status, ben.flags, ben.points) == ("missing", (), points)


@pytest.mark.parametrize(
    ("entry", "files", "rules"),
    [
        (STUB, (graded(7.0),), {}),
        (STUB, (), {"excused": (Excused("ann"),)}),
        (with_fields(STUB, reason="not_asked"), (), {}),
        (with_fields(STUB, role="unknown"), (), {}),
        (with_fields(STUB, exercise="ex01"), (), {}),
    ],
    ids=["another_file", "excused", "another_reason", "another_role", "another_exercise"],
)
def test_a_stub_that_is_no_matter_leaves_no_mark(
    entry: Entry, files: tuple[Graded, ...], rules: dict[str, Any]
) -> None:
    book = figures(with_entries(result(*files), entry), course(**rules))
    assert "stub" not in book.row("ann").cells[0].flags


def test_who_is_excused_has_no_figure_whatever_was_handed_in() -> None:
    rules = course(excused=(Excused("ann"),), missing="zero")
    for files in ((), (graded(14.0),), (graded(-1),)):
        found = cell(*files, rules=rules)
        assert (found.status, found.points, found.chosen) == ("excused", None, None)


def test_an_extension_moves_the_due_time_of_one() -> None:
    rules = course(extensions=(Extension("ann", ("ex03",), None, 3),), **TEN)
    files = graded(14.0, late=3 * DAY), graded(14.0, late=3 * DAY, student="ben")
    book = figures(result(*files), rules)
    ann, ben = book.row("ann").cells[0], book.row("ben").cells[0]
    assert (ann.points, ann.flags) == (Decimal(10), ("extended",))
    assert (ben.points, ben.flags) == (Decimal(7), ("late",))
    assert ann.due == DUE + 3 * DAY


def test_a_late_mark_without_a_time_costs_one_day() -> None:
    rules = course(**TEN)
    marked = cell(graded(14.0, mark=True), rules=rules)
    assert (marked.points, marked.days_late, marked.late_s) == (Decimal(9), 1, 0)
    assert marked.flags == ("late_unknown",)
    # Also where the platform alone knows until when there was time.
    no_due = cell(graded(14.0, mark=True, at=DUE), rules=course(due=None, **TEN))
    assert no_due.flags == ("late_unknown",)
    longer = course(extensions=(Extension("ann", (), None, 3),), **TEN)
    extended = cell(graded(14.0, mark=True), rules=longer)
    assert (extended.points, extended.flags) == (Decimal(10), ("extended", "late_mark"))


def test_a_known_time_counts_more_than_a_mark() -> None:
    rules = course(**TEN)
    found = cell(graded(14.0, late=-HOUR, mark=True), rules=rules)
    assert (found.points, found.flags) == (Decimal(10), ("late_mark",))
    assert cell(graded(14.0, late=3 * DAY, mark=True), rules=rules).points == Decimal(7)


def test_an_unknown_time_is_in_time_and_said() -> None:
    found = cell(graded(14.0), rules=course(**TEN))
    assert (found.points, found.flags) == (Decimal(10), ("no_time",))


def test_a_time_without_a_zone_is_read_in_the_students_favour() -> None:
    # 02:30 comes twice in Berlin; the due time is the first of them and an hour.
    due = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
    rules = replace_course(course(due=due, **TEN), timezone="Europe/Berlin")
    assert cell(graded(14.0, at=datetime(2026, 10, 25, 2, 30)), rules=rules).days_late == 0
    assert cell(graded(14.0, at=datetime(2026, 10, 25, 3, 30)), rules=rules).days_late == 1


@pytest.mark.parametrize("hours", [-14, 0, 14])
@pytest.mark.parametrize("naive", [False, True], ids=["aware", "naive"])
def test_a_clock_at_the_end_of_the_calendar_costs_nobody_else_a_gradebook(
    hours: int, naive: bool
) -> None:
    zone = None if naive else timezone(timedelta(hours=hours))
    rules = replace_course(course(none_after=5, **TEN), timezone="Asia/Shanghai")
    late = cell(graded(14.0, at=datetime.max.replace(tzinfo=zone)), rules=rules)
    assert (late.points, late.flags) == (Decimal(0), ("late", "too_late"))
    early = cell(graded(14.0, at=datetime.min.replace(tzinfo=zone)), rules=rules)
    assert (early.points, early.flags) == (Decimal(10), ())


def replace_course(rules: Course, **values: Any) -> Course:
    return Course(**{name: getattr(rules, name) for name in rules.__struct_fields__} | values)


def test_totals_are_the_sums_of_what_is_shown() -> None:
    exercises = exercise("ex01"), exercise("ex03"), exercise("ex07")
    rules = Course(
        exercises={
            "ex01": ExerciseRule(Decimal(10)),
            "ex03": ExerciseRule(Decimal(5), Decimal("2.5")),
            "ex07": ExerciseRule(Decimal(3), Decimal(0)),
        }
    )
    files = [graded(9.0, name="ex01"), graded(9.0), graded(9.0, name="ex07")]
    row = figures(result(*files, exercises=exercises), rules).row("ann")
    assert [cell.points for cell in row.cells] == [
        Decimal("6.43"),
        Decimal("3.21"),
        Decimal("1.93"),
    ]
    # 6.43 + 2.5 × 3.21 = 14.455, of 10 + 2.5 × 5
    assert (row.total, row.out_of, row.percent) == (
        Decimal("14.46"), Decimal("22.50"), Decimal("64.24")
    )  # fmt: skip
    assert row.complete
    # What is open, or excused, counts on neither side.
    rules = replace_course(rules, excused=(Excused("ann", ("ex03",)),))
    row = figures(result(files[0], exercises=exercises), rules).row("ann")
    assert (row.total, row.out_of, row.percent) == (
        Decimal("6.43"), Decimal(10), Decimal("64.30")
    )  # fmt: skip
    assert not row.complete
    ben = figures(result(exercises=exercises), rules).row("ben")
    assert (ben.total, ben.out_of, ben.percent) == (Decimal(0), Decimal(0), None)


def test_rules_that_name_nobody_or_several_are_noted() -> None:
    rules = course(extensions=(Extension("anne", (), None, 1),), excused=(Excused("x"),))
    assert figures(result(), rules).notes == (Note("nobody", "anne"), Note("nobody", "x"))
    said = notes(result(), rules)
    assert [line.split(",")[0] for line in said] == [
        "course.yaml names anne",
        "course.yaml names x",
    ]
    twins = (Student("1", mail="a@b"), Student("2", mail="A@b"))
    collection = Collection("c", "folders", twins, (), ())
    whole = replace(result(), collection=collection)
    assert figures(whole, course(excused=(Excused("a@b"),))).notes == (Note("several", "a@b"),)
    assert figures(result(), course(excused=(Excused("ann"),))).notes == ()


def test_everybody_is_in_it_in_the_order_of_the_roster() -> None:
    book = figures(result(graded(1.0, student="ben")), course(title="Net"))
    assert [row.student for row in book.rows] == [ANN, BEN]
    assert book.title == "Net"
    with pytest.raises(KeyError):
        book.row("zoe")


# -- random classes ------------------------------------------------------------------------

SCORES = st.one_of(st.integers(0, 28).map(lambda half: half / 2), st.just(-1.0), st.none())
FILES = st.lists(
    st.builds(
        graded,
        SCORES,
        st.integers(1, 4),
        st.one_of(st.none(), st.integers(-(10**5), 10**6).map(lambda s: timedelta(seconds=s))),
        mark=st.booleans(),
        origin=st.uuids().map(str),
    ),
    max_size=6,
)
RULES = st.builds(
    lambda grace, per_day, cap, none_after, missing, points: course(
        grace=grace, per_day=per_day, cap=cap, none_after=none_after, missing=missing, points=points
    ),
    st.integers(0, 10**5),
    st.decimals(0, 100, places=2),
    st.decimals(0, 100, places=2),
    st.none() | st.integers(0, 12),
    st.sampled_from(["empty", "zero"]),
    st.decimals("0.01", 1000, places=2),
)
few = settings(max_examples=150, deadline=None)


@few
@given(FILES, RULES, st.randoms(use_true_random=False))
def test_the_order_of_files_changes_nothing(files: list[Graded], rules: Course, dice: Any) -> None:
    for attempts in ("best", "last"):
        own = replace_course(rules, attempts=attempts)
        mixed = list(files)
        dice.shuffle(mixed)
        assert cell(*files, rules=own) == cell(*mixed, rules=own)


@few
@given(FILES, RULES)
def test_figures_stay_within_their_bounds(files: list[Graded], rules: Course) -> None:
    found = cell(*files, rules=rules)
    if found.points is None:
        assert found.status in ("missing", "error")
        return
    assert 0 <= found.points <= found.out_of
    assert found.points == rounded(found.points)
    if found.chosen is None:
        assert found.points == 0
        return
    # No lateness takes more than the cap, but for what is not accepted at all.
    verdict = found.chosen.verdict
    assert verdict is not None
    assert verdict.status != "error"
    whole = Fraction(found.out_of) * Fraction(verdict.score) / Fraction(verdict.max_score)
    if "too_late" in found.flags:
        assert found.points == 0
    else:
        assert found.penalty <= rules.late.cap
        assert found.points >= rounded(whole * (1 - Fraction(rules.late.cap) / 100))
        assert found.points <= rounded(whole)


@few
@given(FILES, RULES)
def test_the_best_is_never_less_than_the_last(files: list[Graded], rules: Course) -> None:
    best = cell(*files, rules=replace_course(rules, attempts="best")).points
    last = cell(*files, rules=replace_course(rules, attempts="last")).points
    if best is not None and last is not None:
        assert best >= last


@few
@given(FILES, RULES, st.sampled_from(["best", "last"]))
def test_one_more_good_attempt_in_time_never_costs_points(
    files: list[Graded], rules: Course, attempts: str
) -> None:
    own = replace_course(rules, attempts=attempts)
    more = cell(*files, graded(14.0, 9, -DAY), rules=own)
    assert more.points == more.out_of


@few
@given(FILES, RULES)
def test_grading_what_we_could_not_grade_never_takes_points_away(
    files: list[Graded], rules: Course
) -> None:
    before = cell(*files, rules=rules)
    mended = [
        replace_graded(one, verdict(7.0)) if one.verdict is None or one.verdict.status == "error"
        else one
        for one in files
    ]  # fmt: skip
    after = cell(*mended, rules=rules)
    if before.points is not None:
        assert after.points == before.points
    if files:
        assert after.points is not None


def replace_graded(one: Graded, found: Verdict) -> Graded:
    return Graded(one.handed, found, one.at)


def test_a_row_and_a_book_are_frozen() -> None:
    book: Gradebook = figures(result(), course())
    row: Row = book.rows[0]
    with pytest.raises(AttributeError):
        row.total = Decimal(1)  # type: ignore[misc]
