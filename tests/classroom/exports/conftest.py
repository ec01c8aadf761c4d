"""A class of real exercises and made-up verdicts, some of its names hostile."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from grader.catalog import load_exercise
from grader.classroom.course import Course, Excused, ExerciseRule, Extension, Late
from grader.classroom.model import ClassResult, Collection, Entry, Graded, Handed, Student
from grader.model import (
    CheckResult,
    Event,
    Exercise,
    GraderInfo,
    Isolation,
    Language,
    Location,
    Verdict,
)

ROOT = Path(__file__).resolve().parents[3]
EXERCISES = tuple(load_exercise(ROOT, name) for name in ("ex01", "ex03"))
DUE = datetime(2026, 11, 20, 12, 0, tzinfo=timezone.utc)
MADE_AT = datetime(2026, 12, 24, 18, 0, tzinfo=timezone.utc)
SOURCE = b"import socket\n\n\ndef serve(host, port):\n    pass\n"
HOSTILE = (
    "=HYPERLINK(\"http://e\",\"x\")",
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    " =1+1",
    "＝1+1",
    "a\nb\r\nc",
    "</title><script>alert(1)</script>",
    "\u202eevil\u2066 \x1b[2J \x00 \ud800 \ufffe ]]>",
    "##[add-path]/tmp ::error::x",
    '"quoted", and; separated\t',
    "x" * 300,
    "{0}{key}%s",
    "CON",
    "../../etc/passwd",
    "李 明",
    "Ärger, Jürgen",
    "",
)  # fmt: skip


def check_result(exercise: Exercise, number: int, status: Any) -> CheckResult:
    check = exercise.checks[number]
    bad = status in ("failed", "stuck")
    return CheckResult(
        id=check.id,
        title=check.title.en,
        status=status,
        points=check.points,
        earned=check.points if status == "passed" else 0.0,
        visibility=check.visibility,
        duration_s=0.01,
        diagnosis="empty_recv_ignored" if bad else "",
        message="It went on: <b>HOSTILE</b> \x1b[2J." if bad else "",
        expected="EXPECTED-DATA" if bad else "",
        received="RECEIVED-DATA" if bad else "",
        location=Location(5, "serve", "pass", "spinning") if bad else None,
        transcript=(Event(0.0, "peer", "send", 5, "TRANSCRIPT"),) if bad else (),
        output="OUTPUT" if bad else "",
        hints=3 if bad else 0,
    )


def make_verdict(exercise: Exercise, statuses: list[Any]) -> Verdict:
    checks = tuple(check_result(exercise, n, status) for n, status in enumerate(statuses))
    counted = [check for check in checks if check.status not in ("skipped", "error")]
    error = any(check.status == "error" for check in checks)
    full = all(check.status == "passed" for check in counted)
    return Verdict(
        exercise=exercise.id,
        slug=exercise.slug,
        submission=f"{exercise.slug}.py",
        sha256="ab" * 32,
        status="error" if error else "passed" if full else "failed",
        score=sum(check.earned for check in counted),
        max_score=sum(check.points for check in counted),
        duration_s=0.25,
        seed=7,
        isolation=Isolation("full", "bubblewrap"),
        grader=GraderInfo("1.0.0", "3.11.7"),
        checks=checks,
        title=exercise.title.en,
    )


def students(count: int) -> list[Student]:
    """Make hostile ones first, then plain ones; every fifth is not in the roster."""
    made = []
    for n in range(count):
        name = HOSTILE[n] if n < len(HOSTILE) else f"Student {n}"
        inside = n % 5 != 4
        sheet = {
            "Identifier": f"Participant {9000 + n}",
            "Status": "Submitted for grading",
            "Grade": "3.00",
            "Maximum Grade": "10.00",
            "Online text": "=old" if n == 0 else "",
            "Last modified (grade)": "-",
            "Feedback comments": "said before",
        }
        made.append(
            Student(
                key=f"k{n}" if n % 2 else name or f"k{n}",
                name=name,
                id=f"{1000 + n}" if inside else "",
                login=f"login{n}",
                sis_id=f"S{n}" if inside else "",
                mail=f"s{n}@example.org" if inside else "",
                section="A",
                in_roster=inside,
                more=sheet if inside else {},
            )
        )
    return made


def make_class(seed: int, count: int = 40, language: Language = "en") -> ClassResult:
    """Make a class: good, late, wrong, broken, ungraded, twice, three times, not at all."""
    dice = random.Random(seed)
    people = students(count)
    files: list[Graded] = []
    for student in people:
        for exercise in EXERCISES:
            for attempt in range(1, dice.choice((0, 1, 1, 2, 3)) + 1):
                for candidate in range(dice.choice((1, 1, 1, 1, 2))):
                    files.append(_file(dice, student, exercise, attempt, candidate))
    entries = [
        Entry(file.handed.origin, "submission", "", "", file.handed.student, file.handed.exercise)
        for file in files
    ]
    entries.append(Entry("=evil\n.docx", "unknown", "not_python"))
    collection = Collection(
        "class", "mixed", tuple(people), tuple(file.handed for file in files), tuple(entries)
    )
    return ClassResult(
        title="Net <1>",
        collection=collection,
        exercises=EXERCISES,
        graded=tuple(files),
        made_at=MADE_AT,
        language=language,
        source_of=lambda sha256: SOURCE if sha256.startswith("1") else None,
    )


def _file(
    dice: random.Random, student: Student, exercise: Exercise, attempt: int, candidate: int
) -> Graded:
    when = DUE + timedelta(seconds=dice.randrange(-(10**6), 10**6))
    handed = Handed(
        student=student.key,
        exercise=exercise.id,
        origin=f"{student.name}/{attempt}.{candidate}/{exercise.slug}.py",
        name=f"{exercise.slug}.py",
        sha256=f"{dice.randrange(16**8):08x}",
        size=len(SOURCE),
        attempt=attempt,
        submitted_at=dice.choice((when, when, None)),
        late=dice.random() < 0.3,
    )
    fate = dice.random()
    if fate < 0.04:
        return Graded(handed)
    if fate < 0.08:
        return Graded(handed, None, MADE_AT, "the worker died\n\x1b[2Jtwice")
    odds = ["passed", "passed", "passed", "failed", "stuck", "skipped"]
    statuses = [dice.choice(odds) for _ in exercise.checks]
    if fate < 0.12:
        statuses[0] = "error"
    if fate > 0.8:
        statuses = ["passed" for _ in statuses]
    return Graded(handed, make_verdict(exercise, statuses), MADE_AT, "", dice.random() < 0.2)


def make_course(**values: Any) -> Course:
    """Make rules of every kind."""
    usual: dict[str, Any] = {
        "title": "Net & more",
        "timezone": "Asia/Shanghai",
        "exercises": {
            "ex01": ExerciseRule(Decimal(10), Decimal(1), DUE, "Bytes (111)", "Bytes"),
            "ex03": ExerciseRule(Decimal("12.5"), Decimal(2), DUE, "Echo (222)", "Echo"),
        },
        "late": Late(900, Decimal(10), Decimal(50), 7),
        "extensions": (Extension("login3", ("ex03",), None, 4), Extension("login7", (), DUE, 0)),
        "excused": (Excused("login5"), Excused("s6@example.org", ("ex01",))),
    }
    return Course(**{**usual, **values})


def read_csv(path: Path) -> list[dict[str, str]]:
    """Read a table back as a spreadsheet would: every cell as it is written."""
    words = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(words, newline=""), strict=True))


@pytest.fixture(scope="session", name="make_class")
def make_class_fixture() -> Callable[..., ClassResult]:
    return make_class


@pytest.fixture(scope="session", name="make_course")
def make_course_fixture() -> Callable[..., Course]:
    return make_course


@pytest.fixture(scope="session", name="read_csv")
def read_csv_fixture() -> Callable[[Path], list[dict[str, str]]]:
    return read_csv
