"""``course.yaml``: what it may say, what it may not, and when a day is over."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.catalog import load_exercise
from grader.classroom.course import (
    Course,
    CourseError,
    Excused,
    ExerciseRule,
    Extension,
    Late,
    later_reading,
    names,
    read_course,
)
from grader.classroom.model import Student
from grader.manifest import CatalogError
from grader.model import Language
from grader.texts import table

ROOT = Path(__file__).resolve().parents[2]
Read = Callable[..., Course]
KNOWN = ("ex01", "ex03", "ex07")
BERLIN = ZoneInfo("Europe/Berlin")
WHOLE = """\
title: Network programming, autumn 2026
timezone: Asia/Shanghai
attempts: last
missing: zero
late:
  grace: 15 min
  per_day: 10 %
  cap: 50 %
  none_after: 5 days
exercises:
  ex01: {points: 10}
  ex03:
    points: 12.5
    weight: 2
    due: 2026-11-20 23:59
    canvas: TCP echo (12345)
    moodle: TCP echo
extensions:
  - {student: ann@example.org, exercise: ex03, due: 2026-11-27 23:59}
  - {student: "0042", days: 3}
excused:
  - ben
  - {student: carla, exercises: [ex01, ex03]}
"""


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read(words: str, language: Language = "en") -> Course:
        path = tmp_path / "course.yaml"
        path.write_text(words, encoding="utf-8")
        return read_course(path, KNOWN, language)

    return read


def test_everything_that_a_course_can_say(read: Read) -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    assert read(WHOLE) == Course(
        title="Network programming, autumn 2026",
        timezone="Asia/Shanghai",
        attempts="last",
        missing="zero",
        late=Late(900, Decimal(10), Decimal(50), 5),
        exercises={
            "ex01": ExerciseRule(Decimal(10)),
            "ex03": ExerciseRule(
                Decimal("12.5"),
                Decimal(2),
                datetime(2026, 11, 20, 23, 59, tzinfo=shanghai),
                "TCP echo (12345)",
                "TCP echo",
            ),
        },
        extensions=(
            Extension(
                "ann@example.org", ("ex03",), datetime(2026, 11, 27, 23, 59, tzinfo=shanghai)
            ),
            Extension("0042", (), None, 3),
        ),
        excused=(Excused("ben"), Excused("carla", ("ex01", "ex03"))),
    )


def test_the_documentation_shows_a_course_that_can_be_read(read: Read) -> None:
    shown = []
    for name, language in (("course.md", "en"), ("course.zh.md", "zh")):
        words = (ROOT / "docs" / name).read_text(encoding="utf-8")
        found = re.search(r"```yaml\n(.*?)```", words, re.DOTALL)
        assert found
        shown.append(read(found[1], language))
    english, chinese = shown
    for name in ("attempts", "missing", "late", "excused"):
        assert getattr(english, name) == getattr(chinese, name)
    assert list(english.exercises) == list(chinese.exercises) == ["ex03", "ex07"]
    assert english.late == Late(900, Decimal(10), Decimal(50), 5)


def test_a_course_without_rules_is_worth_its_checks_and_never_late(read: Read) -> None:
    exercise = load_exercise(ROOT, "ex03")
    for course in (Course(), read("title: Net\n"), read("exercises:\nlate:\n")):
        assert course.rule(exercise) == ExerciseRule(Decimal(repr(exercise.max_score)))
        assert course.due(Student("ann"), exercise) == (None, False)
        assert course.attempts == "best"
        assert course.missing == "empty"
        assert course.late == Late()


@pytest.mark.parametrize(
    ("words", "line", "key", "entry"),
    [
        ("titel: x", 1, "titel", "course_unknown_key"),
        ("title: 5", 1, "title", "course_no_text"),
        ('title: "a\\nb"', 1, "title", "course_bad_text"),
        ('title: ""', 1, "title", "course_bad_text"),
        ("- a", 1, "", "course_no_mapping"),
        ("timezone: Mars/Olympus", 1, "timezone", "course_no_zone"),
        ("timezone: ../../etc/passwd", 1, "timezone", "course_no_zone"),
        ("timezone: Europe", 1, "timezone", "course_no_zone"),
        ("attempts: worst", 1, "attempts", "course_no_choice"),
        ("missing: yes", 1, "missing", "course_no_choice"),
        ("late: {per_day: 10}", 1, "late.per_day", "course_no_percent"),
        ("late: {per_day: 0.1}", 1, "late.per_day", "course_no_percent"),
        ("late: {cap: 101 %}", 1, "late.cap", "course_no_percent"),
        ("late: {cap: -1 %}", 1, "late.cap", "course_no_percent"),
        ("late: {grace: 15}", 1, "late.grace", "course_no_span"),
        ("late: {grace: 15 parsecs}", 1, "late.grace", "course_no_span"),
        ("late: {grace: 99999 days}", 1, "late.grace", "course_no_span"),
        ("late: {none_after: -1}", 1, "late.none_after", "course_no_days"),
        ("late: {none_after: 1.5}", 1, "late.none_after", "course_no_days"),
        ("late: {none_after: yes}", 1, "late.none_after", "course_no_days"),
        ("late: {after: 5}", 1, "late.after", "course_unknown_key"),
        ("exercises:\n  ex99: {points: 1}", 2, "exercises.ex99", "course_no_exercise"),
        ("exercises:\n  ex03: {weight: 1}", 2, "exercises.ex03", "course_no_points"),
        ("exercises:\n  ex03: 10", 2, "exercises.ex03", "course_no_mapping"),
        ("exercises: [ex03]", 1, "exercises", "course_no_mapping"),
        ("exercises:\n  ex03:\n    points: 0", 3, "exercises.ex03.points", "course_odd_number"),
        ("exercises:\n  ex03: {points: -1}", 2, "exercises.ex03.points", "course_odd_number"),
        ("exercises:\n  ex03: {points: .nan}", 2, "exercises.ex03.points", "course_odd_number"),
        ("exercises:\n  ex03: {points: .inf}", 2, "exercises.ex03.points", "course_odd_number"),
        ("exercises:\n  ex03: {points: 1e9}", 2, "exercises.ex03.points", "course_no_number"),
        ("exercises:\n  ex03: {points: 1.0e+9}", 2, "exercises.ex03.points", "course_odd_number"),
        ("exercises:\n  ex03: {points: 1.005}", 2, "exercises.ex03.points", "course_places"),
        ('exercises:\n  ex03: {points: "1"}', 2, "exercises.ex03.points", "course_no_number"),
        ("exercises:\n  ex03: {points: yes}", 2, "exercises.ex03.points", "course_no_number"),
        ("exercises:\n  ex03: {points: }", 2, "exercises.ex03.points", "course_no_number"),
        (
            "exercises:\n  ex01: {points: 1, canvas: T (1)}\n  ex03: {points: 1, canvas: T (1)}",
            3,
            "exercises.ex03.canvas",
            "course_same_column",
        ),
        (
            "exercises:\n  ex03: {points: 1, canvas: Final Points (7)}",
            2,
            "exercises.ex03.canvas",
            "course_reserved",
        ),
        (
            "exercises:\n  ex03: {points: 1, due: 2026-11-20 23:59}",
            2,
            "exercises.ex03.due",
            "course_needs_zone",
        ),
        ("excused: ben", 1, "excused", "course_no_list"),
        ("excused: [42]", 1, "excused[0]", "course_no_text"),
        ("excused: [{exercise: ex03}]", 1, "excused[0]", "course_no_student"),
        (
            "excused: [{student: b, exercises: [ex99]}]",
            1,
            "excused[0].exercises[0]",
            "course_no_exercise",
        ),
        (
            "excused: [{student: b, exercises: []}]",
            1,
            "excused[0].exercises",
            "course_empty_list",
        ),
        ("extensions: [{student: b}]", 1, "extensions[0]", "course_due_or_days"),
        ("extensions: [{days: 3}]", 1, "extensions[0]", "course_no_student"),
        (
            "extensions: [{student: b, days: 3, due: 2026-11-20T23:59:00Z}]",
            1,
            "extensions[0]",
            "course_due_or_days",
        ),
        (
            "extensions: [{student: b, days: 3, exercise: ex03, exercises: [ex03]}]",
            1,
            "extensions[0].exercises",
            "course_exercise_twice",
        ),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_cannot_be_is_one_line_with_its_place(
    read: Read,
    words: str,
    line: int,
    key: str,
    entry: str,
    language: Language,
) -> None:
    with pytest.raises(CourseError) as caught:
        read(words + "\n", language)
    said = str(caught.value)
    place = f"course.yaml:{line}: {key}: " if key else f"course.yaml:{line}: "
    template = re.escape(table("gradebook", language)[entry])
    assert re.fullmatch(re.escape(place) + re.sub(r"\\{\w+\\}", ".+", template), said)
    assert "\n" not in said


@pytest.mark.parametrize(
    "words", ["", "# nothing\n", "a: [\n", "a: 1\n---\nb: 2\n", "&a [*a]\n", "title: x\ntitle: y\n"]
)
def test_what_is_no_yaml_is_one_line(read: Read, words: str) -> None:
    with pytest.raises(CatalogError, match=r"^course\.yaml:[0-9]+: "):
        read(words)


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(CatalogError, match=r":1: "):
            read_course(path, KNOWN, "en")
    path = tmp_path / "course.yaml"
    path.write_bytes("title: é".encode("latin-1"))
    with pytest.raises(CatalogError, match="not UTF-8"):
        read_course(path, KNOWN, "en")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("2026-11-20 23:59", datetime(2026, 11, 20, 23, 59, tzinfo=BERLIN)),
        ("2026-11-20T23:59", datetime(2026, 11, 20, 23, 59, tzinfo=BERLIN)),
        ("2026-11-20 8:05", datetime(2026, 11, 20, 8, 5, tzinfo=BERLIN)),
        ("2026-11-20 23:59:30", datetime(2026, 11, 20, 23, 59, 30, tzinfo=BERLIN)),
        ('"2026-11-20 23:59:30"', datetime(2026, 11, 20, 23, 59, 30, tzinfo=BERLIN)),
        ("2026-11-20", datetime(2026, 11, 20, 23, 59, 59, tzinfo=BERLIN)),
        ("2026-11-20 23:59:00Z", datetime(2026, 11, 20, 23, 59, tzinfo=timezone.utc)),
        ("2026-11-20T23:59Z", datetime(2026, 11, 20, 23, 59, tzinfo=timezone.utc)),
        ("2026-11-20T23:59+08:00", datetime(2026, 11, 20, 15, 59, tzinfo=timezone.utc)),
        # Clocks are turned back: half past two comes twice, the later one holds.
        ("2026-10-25 02:30", datetime(2026, 10, 25, 1, 30, tzinfo=timezone.utc)),
        # Clocks are turned on: half past two is not there; an hour later is.
        ("2026-03-29 02:30", datetime(2026, 3, 29, 1, 30, tzinfo=timezone.utc)),
        # No leap second, no 30th of February.
        ("2026-12-31 23:59:60", None),
        ("2026-02-30 12:00", None),
        ("20.11.2026 23:59", None),
        ("tomorrow", None),
        ("1200-01-01 12:00", None),
        ("5", None),
        ("23:59", None),
    ],
)
def test_times_are_the_wall_clocks(read: Read, words: str, expected: datetime | None) -> None:
    file = f"timezone: Europe/Berlin\nexercises:\n  ex03: {{points: 1, due: {words}}}\n"
    if expected is None:
        with pytest.raises(CatalogError, match=r"^course\.yaml:3: exercises\.ex03\.due: "):
            read(file)
    else:
        due = read(file).exercises["ex03"].due
        assert due is not None
        assert due.astimezone(timezone.utc) == expected.astimezone(timezone.utc)


@pytest.mark.parametrize(
    ("words", "seconds"),
    [("0", 0), ("90 s", 90), ("15 min", 900), ("1.5 h", 5400), ("1 day", 86400), ("15 分钟", 900)],
)
def test_spans_have_units(read: Read, words: str, seconds: int) -> None:
    assert read(f"late: {{grace: {words}}}\n").late.grace == seconds


def test_who_is_named() -> None:
    ann = Student("k1", "Ann", id="0042", login="ann", sis_id="S1", mail="Ann@Example.org")
    for word in ("k1", "0042", "ann", "ANN", "s1", " ann@example.org "):
        assert names(ann, word), word
    for word in ("", " ", "Ann Lee", "42", "an"):
        assert not names(ann, word), word
    assert not names(Student("k"), "")


# -- days --------------------------------------------------------------------------------


def course(zone: str = "Europe/Berlin", **late: object) -> Course:
    return Course(timezone=zone, late=Late(**late))  # type: ignore[arg-type]


def at(words: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("when", "days"),
    [
        ("2026-11-20 23:59:00", 0),
        ("2026-11-21 00:14:00", 0),  # the grace's last second
        ("2026-11-21 00:14:01", 1),
        ("2026-11-22 00:14:00", 1),
        ("2026-11-22 00:14:01", 2),
        ("2026-12-20 23:59:00", 30),
        ("2025-01-01 00:00:00", 0),
    ],
)
def test_a_day_begins_behind_the_grace(when: str, days: int) -> None:
    assert course(grace=900).days_late(at(when), at("2026-11-20 23:59")) == days


def test_a_day_of_25_hours_is_one_day() -> None:
    # On 25 October 2026 clocks are turned back in Berlin, on 29 March on.
    rules = course()
    assert rules.days_late(at("2026-10-25 12:00"), at("2026-10-24 12:00")) == 1
    assert rules.days_late(at("2026-10-25 12:00:01"), at("2026-10-24 12:00")) == 2
    assert rules.days_late(at("2026-03-29 12:00"), at("2026-03-28 12:00")) == 1
    assert rules.days_late(at("2026-03-29 12:00:01"), at("2026-03-28 12:00")) == 2
    # Samoa had no 30 December 2011.
    apia = ZoneInfo("Pacific/Apia")
    assert course("Pacific/Apia").days_late(
        at("2011-12-31 12:00", apia), at("2011-12-29 12:00", apia)
    ) in (1, 2)


def test_times_are_compared_as_moments_not_as_clocks_show_them() -> None:
    # 02:30 the second time is an hour behind 02:30 the first time.
    first = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
    second = first.replace(fold=1)
    assert course().days_late(second, first) == 1
    assert course().days_late(first, second) == 0


@given(
    due=st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)),
    seconds=st.integers(-(10**7), 10**7),
    grace=st.integers(0, 10**5),
    zone=st.sampled_from(["Europe/Berlin", "Pacific/Apia", "America/St_Johns", "UTC", ""]),
)
def test_days_are_the_least_that_are_enough(
    due: datetime, seconds: int, grace: int, zone: str
) -> None:
    rules = course(zone, grace=grace)
    until = later_reading(due, rules.zone)
    when = until.astimezone(timezone.utc) + timedelta(seconds=seconds)
    days = rules.days_late(when, until)
    over = timedelta(seconds=grace)

    def end(n: int) -> datetime:
        return rules.days_after(until, n).astimezone(timezone.utc) + over

    assert (days == 0) == (seconds <= grace)
    if days:
        assert when <= end(days)
        assert days == 1 or when > end(days - 1)
        assert abs(days - (seconds - grace) / 86400) < 1.1


# -- extensions --------------------------------------------------------------------------


def test_extensions_move_the_due_time_of_those_they_name(read: Read) -> None:
    rules = read(
        "timezone: Europe/Berlin\nexercises:\n  ex03: {points: 1, due: 2026-10-24 12:00}\n"
        "extensions:\n"
        "  - {student: ann, days: 1}\n"
        "  - {student: ben, exercise: ex03, due: 2026-11-01}\n"
        "  - {student: ben, days: 2}\n"
        "  - {student: carla, due: 2026-10-24 11:00}\n"
        "  - {student: dan, exercises: [ex01], days: 9}\n"
        "  - {student: eve, days: 0}\n"
    )
    exercise = load_exercise(ROOT, "ex03")
    usual = at("2026-10-24 12:00")

    def due(login: str) -> tuple[datetime | None, bool]:
        return rules.due(Student("k-" + login, login=login), exercise)

    assert due("zoe") == (usual, False)
    assert due("ann") == (at("2026-10-25 12:00"), True)  # by the clock, though that is 25 hours
    assert due("ben") == (at("2026-11-01 23:59:59"), True)  # the longest of several
    assert due("carla") == (usual, True)  # none shortens the time
    assert due("dan") == (usual, False)
    assert due("eve") == (usual, True)


def test_who_is_excused_and_from_what() -> None:
    rules = Course(excused=(Excused("ann"), Excused("ben", ("ex03",))))
    ann, ben = Student("1", login="ann"), Student("2", login="ben")
    assert rules.is_excused(ann, "ex01")
    assert rules.is_excused(ann, "ex03")
    assert rules.is_excused(ben, "ex03")
    assert not rules.is_excused(ben, "ex01")
