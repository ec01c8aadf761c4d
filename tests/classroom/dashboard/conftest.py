"""Classes made up for the dashboard, and the browser that it is looked at with."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from grader.catalog import load_all
from grader.classroom.course import Course
from grader.classroom.exports import dashboard
from grader.classroom.model import ClassResult, Collection, Entry, Graded, Handed, Remark, Student
from grader.model import (
    Check,
    CheckResult,
    CheckStatus,
    Exercise,
    GraderInfo,
    Isolation,
    Language,
    Location,
    Text,
    Verdict,
)
from tests.browsing import browser, look

__all__ = ["browser", "look"]  # fixtures

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 11, 20, 20, 0, tzinfo=timezone.utc)
DIAGNOSES = (
    "empty_recv_ignored", "one_recv_assumed", "never_listens", "no_timeout", "bytes_lost", "stuck",
    "raised_unexpectedly", "decoded_per_chunk", "wrong_bytes", "died_with_client", "spinning",
)  # fmt: skip
Results = list[tuple[CheckStatus, str]]


def exercises_of(count: int, checks: int) -> tuple[Exercise, ...]:
    """Make exercises of some checks each, one point a check."""

    def text(words: str) -> Text:
        return Text(words, f"练习 {words}")

    return tuple(
        Exercise(
            f"ex{n:02}",
            f"made_up_{n}",
            text(f"Made up {n}"),
            text("nothing"),
            (),
            {},
            tuple(
                Check(f"check_{c}", text(f"check {c} of {n}"), 1.0) for c in range(1, checks + 1)
            ),
        )
        for n in range(1, count + 1)
    )


def verdict_of(exercise: Exercise, results: Results, seconds: float = 0.5) -> Verdict:
    """Make a verdict: for each check its status and diagnosis; what is short passed."""
    passed: Results = [("passed", "")]
    padded = [*results, *passed * (len(exercise.checks) - len(results))]
    checks = tuple(
        CheckResult(
            check.id,
            check.title.en,
            status,
            check.points,
            check.points if status == "passed" else 0.0,
            check.visibility,
            0.01,
            diagnosis=diagnosis,
            message="what was wrong" if diagnosis else "",
            location=Location(17, "serve") if diagnosis else None,
        )
        for check, (status, diagnosis) in zip(exercise.checks, padded, strict=True)
    )
    counted = [check for check in checks if check.status not in ("skipped", "error")]
    bad = any(check.status in ("failed", "stuck") for check in checks)
    error = any(check.status == "error" for check in checks)
    return Verdict(
        exercise=exercise.id,
        slug=exercise.slug,
        submission=f"{exercise.slug}.py",
        sha256="ab" * 32,
        status="error" if error else "failed" if bad else "passed",
        score=sum(check.earned for check in counted),
        max_score=sum(check.points for check in counted),
        duration_s=seconds,
        seed=1,
        isolation=Isolation("full", "bubblewrap"),
        grader=GraderInfo("1.0.0", "3.11.7"),
        checks=checks,
        title=exercise.title.en,
    )


@dataclass
class Made:
    """A class in the making."""

    exercises: tuple[Exercise, ...]
    language: Language = "en"
    title: str = "Networks, autumn 2026"
    students: list[Student] = field(default_factory=list)
    graded: list[Graded] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    def student(self, name: str, **values: Any) -> str:
        """Add a student; return the key."""
        key = f"k{len(self.students)}"
        known = {"id": f"{10000 + len(self.students)}", "in_roster": True, **values}
        self.students.append(Student(key, name, **known))
        return key

    def hand(
        self, key: str, number: int, results: Results | None = None, log: str = "", **values: Any
    ) -> None:
        """Hand in an exercise (by its place); without results it is not graded."""
        exercise = self.exercises[number]
        known = {
            "origin": f"all.zip!/{key}/{exercise.slug}.py",
            "name": f"{exercise.slug}.py",
            "sha256": f"{len(self.graded):064x}",
            "size": 1000,
            **values,
        }
        seconds = known.pop("seconds", 0.5)
        handed = Handed(key, exercise.id, **known)
        verdict = None if results is None else verdict_of(exercise, results, seconds)
        self.graded.append(Graded(handed, verdict, NOW, log))

    def result(self) -> ClassResult:
        """Return the class."""
        handed = tuple(graded.handed for graded in self.graded)
        collection = Collection(
            "/home/me/all.zip", "moodle", tuple(self.students), handed, tuple(self.entries),
            tuple(self.remarks),
        )  # fmt: skip
        return ClassResult(
            title=self.title,
            collection=collection,
            exercises=self.exercises,
            graded=tuple(self.graded),
            made_at=NOW,
            language=self.language,
            source_of=lambda _: None,
        )


NAMES = (
    "Ann Arbor", "Müller, Jürgen", "王小明", "O'Brien \"Pat\"", "José Ñandú", "שרה כהן", "李 雷",
    "محمد علي", "Łukasz Żółć", "Anna-Lena von der Leyen-Schmidt", "Zoë 🦊", "韩梅梅", "Bo",
)  # fmt: skip


def random_class(
    students: int, language: Language = "en", exercises: Sequence[Exercise] = (), seed: int = 3
) -> Made:
    """Make a class as it may be: good and bad, late, missing, stuck, broken."""
    dice = random.Random(seed)
    made = Made(tuple(exercises) or tuple(load_all(ROOT)), language)
    for n in range(students):
        name = f"{NAMES[n % len(NAMES)]} {n}" if n >= len(NAMES) else NAMES[n]
        key = made.student(name, login=f"u{n}", mail=f"u{n}@example.org", section="AB"[n % 2])
        skill = dice.betavariate(4, 1.5)
        if n % 23 == 5:
            continue
        for at, exercise in enumerate(made.exercises):
            if dice.random() < 0.06:
                continue
            results: Results = []
            for c in range(len(exercise.checks)):
                good = dice.random() < skill + 0.25 - 0.5 * c / len(exercise.checks)
                kind: CheckStatus = "stuck" if dice.random() < 0.2 else "failed"
                own = [*exercise.diagnoses, *DIAGNOSES]
                why = own[min(int(dice.expovariate(0.4)), len(own) - 1)]
                results.append(("passed", "") if good else (kind, why))
            if dice.random() < 0.1:
                results[-1] = ("skipped", "")
            when = NOW - timedelta(hours=dice.random() * 90)
            seconds = 0.3 + dice.expovariate(1.2)
            made.hand(
                key, at, results, late=dice.random() < 0.05, submitted_at=when, seconds=seconds
            )
        if n % 41 == 7:
            made.hand(
                key, 0, None, log="worker died: SIGKILL\nTraceback (most recent call last):\n  ..."
            )
        if n % 37 == 3:
            made.hand(key, 1, [("failed", "never_listens")], attempt=1)
            made.remarks.append(Remark("two_candidates", {}, key, ("a/tcp_echo.py", "b/tcp.py")))
    made.entries += [
        Entry("all.zip!/notes.docx", "unknown", "no_exercise", "docx"),
        Entry("all.zip!/../../etc/passwd", "refused", "outside", "../../etc/passwd"),
        Entry("broken.zip", "unreadable", "broken", "not a zip file"),
        Entry("all.zip!/README", "ignored", "readme"),
    ]
    return made


@pytest.fixture(name="random_class", scope="session")
def random_class_fixture() -> Callable[..., Made]:
    return random_class


@pytest.fixture(name="made")
def made_fixture() -> Callable[..., Made]:
    """Return a function that begins a class: exercises, checks of each, language."""

    def made(exercises: int = 2, checks: int = 4, language: Language = "en") -> Made:
        return Made(exercises_of(exercises, checks), language)

    return made


@pytest.fixture(scope="session")
def page_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that writes a class's dashboard as an instructor gets it."""

    def page_of(made: Made | ClassResult, course: Course | None = None) -> Path:
        result = made if isinstance(made, ClassResult) else made.result()
        folder = tmp_path_factory.mktemp("dashboard")
        (path,) = dashboard.write(result, course or Course(), folder)
        return path

    return page_of
