"""``course.yaml``: what counts how much, until when, and what lateness costs.

Without the file every exercise is worth what its checks add up to, and nothing is late.
`read_course` is the only reader; whatever is wrong is one line with file, line and key.

A time without an offset is the wall clock's of ``timezone``.  Where clocks are turned, one time
of the day comes twice and another not at all: of the two readings the later one holds, which
never takes time from anybody.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from grader.classroom._course import CourseError, Node
from grader.classroom.model import Student
from grader.manifest import Manifest, read_text
from grader.model import Exercise, Language, Model

__all__ = ["Course", "CourseError", "ExerciseRule", "Extension", "Late", "names", "read_course"]

Attempts = Literal["best", "last"]
Missing = Literal["empty", "zero"]
_ATTEMPTS: tuple[Attempts, ...] = ("best", "last")
_MISSING: tuple[Missing, ...] = ("empty", "zero")
_HUNDRED = Decimal(100)
# Columns of Canvas's own: its importer passes over every heading that contains one of these
# (instructure/canvas-lms, lib/gradebook_importer.rb, NON_ASSIGNMENT_COLUMN_HEADERS).
_RESERVED = re.compile("(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)")


class ExerciseRule(Model, frozen=True):
    """What one exercise is worth, and what it is called elsewhere.

    ``points`` is the most that can be had; a total counts them ``weight`` times.  ``due`` is
    None where nothing is ever late.  ``canvas`` is Canvas's column ("TCP echo (12345)"),
    ``moodle`` the name of the grade item.
    """

    points: Decimal
    weight: Decimal = Decimal(1)
    due: datetime | None = None
    canvas: str = ""
    moodle: str = ""


class Late(Model, frozen=True):
    """What lateness costs.

    Up to ``grace`` seconds after the due time cost nothing.  Each day that has begun after that
    takes ``per_day`` percent of what was earned, ``cap`` percent at most.  What comes more than
    ``none_after`` days late is not accepted (None: everything is).
    """

    grace: int = 0
    per_day: Decimal = Decimal(0)
    cap: Decimal = _HUNDRED
    none_after: int | None = None


class Extension(Model, frozen=True):
    """More time for one student: another due time, or some days after the usual one.

    ``exercises`` is empty where it is for all of them.
    """

    student: str
    exercises: tuple[str, ...] = ()
    due: datetime | None = None
    days: int = 0


class Excused(Model, frozen=True):
    """A student who need not hand in ``exercises`` (empty: any)."""

    student: str
    exercises: tuple[str, ...] = ()


class Course(Model, frozen=True):
    """All rules of a course; ``Course()`` has none.

    ``timezone`` is a name of the IANA database ("": UTC).
    """

    title: str = ""
    timezone: str = ""
    exercises: dict[str, ExerciseRule] = msgspec.field(default_factory=dict)
    attempts: Attempts = "best"
    missing: Missing = "empty"
    late: Late = Late()
    extensions: tuple[Extension, ...] = ()
    excused: tuple[Excused, ...] = ()

    @property
    def zone(self) -> tzinfo:
        """The zone whose wall clock counts."""
        return ZoneInfo(self.timezone) if self.timezone else timezone.utc

    def rule(self, exercise: Exercise) -> ExerciseRule:
        """Return the rule of an exercise: its own, or its checks' points and no due time."""
        found = self.exercises.get(exercise.id)
        return found or ExerciseRule(Decimal(repr(round(exercise.max_score, 6))))

    def is_excused(self, student: Student, exercise: str) -> bool:
        """Say whether a student need not hand in an exercise."""
        return any(
            names(student, entry.student) and exercise in (entry.exercises or (exercise,))
            for entry in self.excused
        )

    def due(self, student: Student, exercise: Exercise) -> tuple[datetime | None, bool]:
        """Return until when a student has time, and whether that is longer than for others.

        Of several extensions the longest counts; none shortens the usual time.
        """
        usual = self.rule(exercise).due
        due = usual
        extended = False
        for entry in self.extensions:
            if not names(student, entry.student):
                continue
            if exercise.id not in (entry.exercises or (exercise.id,)):
                continue
            extended = True
            moved = self.days_after(usual, entry.days) if usual and entry.days else entry.due
            if moved and due and _utc(moved) > _utc(due):
                due = moved
        return due, extended

    def days_after(self, moment: datetime, days: int) -> datetime:
        """Return the same time of the day some days later, by the course's wall clock."""
        zone = self.zone if self.timezone else moment.tzinfo
        local = moment.astimezone(zone).replace(tzinfo=None, fold=0)
        return later_reading(local + timedelta(days=days), zone or timezone.utc)

    def days_late(self, when: datetime, due: datetime) -> int:
        """Return how many days have begun between the end of the grace and a moment.

        A day is over at the same time by the wall clock, be it 23, 24 or 25 hours long.
        """
        grace = timedelta(seconds=self.late.grace)
        if _utc(when) <= _utc(due) + grace:
            return 0
        # At most one day off, for clocks are turned by less: counted from just before it.
        days = max(1, (_utc(when) - grace - _utc(due)).days - 1)
        while _utc(when) > _utc(self.days_after(due, days)) + grace:
            days += 1
        return days


def names(student: Student, word: str) -> bool:
    """Say whether a word names a student: the key, id, login, SIS id or mail address.

    Capital and small letters are alike, as in mail addresses; "" names nobody.
    """
    wanted = word.strip().casefold()
    own = (student.key, student.id, student.login, student.sis_id, student.mail)
    return bool(wanted) and wanted in {name.strip().casefold() for name in own if name}


def later_reading(local: datetime, zone: tzinfo) -> datetime:
    """Return a wall clock's time in a zone; the later of the two where it can be read twice."""
    readings = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    return max(readings, key=_utc)


def _utc(moment: datetime) -> datetime:
    # Times of one zone are otherwise compared by their wall clock alone (PEP 495).
    return moment.astimezone(timezone.utc)


def read_course(path: Path, exercises: Sequence[str], language: Language) -> Course:
    """Read a ``course.yaml``; ``exercises`` are the ids that there are.

    Raises `CatalogError` for a file that cannot be read and is not YAML, `CourseError` (one, too)
    for everything else.
    """
    shown = path.name
    data, lines = Manifest(shown, read_text(path, shown)).parse()
    top = Node(data, (), shown, lines, language)
    fields = top.fields(
        "title", "timezone", "exercises", "attempts", "missing", "late", "extensions", "excused"
    )
    zone_name = fields.text("timezone")
    zone = _zone(zone_name, fields["timezone"]) if zone_name else None
    return Course(
        title=fields.text("title"),
        timezone=zone_name,
        exercises=_rules(fields["exercises"], exercises, zone),
        attempts=fields["attempts"].choice(_ATTEMPTS, "best"),
        missing=fields["missing"].choice(_MISSING, "empty"),
        late=_late(fields["late"]),
        extensions=_extensions(fields["extensions"], exercises, zone),
        excused=_excused(fields["excused"], exercises),
    )


def _zone(name: str, node: Node) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # ValueError: a path; OSError: a folder of the database, such as "Europe".
        raise node.fault("course_no_zone", name=name[:60]) from None


def _rules(node: Node, known: Sequence[str], zone: tzinfo | None) -> dict[str, ExerciseRule]:
    rules: dict[str, ExerciseRule] = {}
    seen: dict[tuple[str, str], str] = {}
    for name, child in node.mapping():
        if name not in known:
            raise child.fault("course_no_exercise", name=name[:60], known=", ".join(known))
        fields = child.fields("points", "weight", "due", "canvas", "moodle")
        if "points" not in fields:
            raise child.fault("course_no_points")
        rules[name] = rule = ExerciseRule(
            points=fields["points"].number(more_than_zero=True, places=2),
            weight=fields["weight"].number(Decimal(1)),
            due=_moment(fields["due"], zone),
            canvas=fields.text("canvas"),
            moodle=fields.text("moodle"),
        )
        if _RESERVED.search(rule.canvas):
            raise fields["canvas"].fault("course_reserved")
        for place, column in (("canvas", rule.canvas), ("moodle", rule.moodle)):
            first = seen.setdefault((place, column), name) if column else name
            if first != name:
                raise fields[place].fault("course_same_column", other=first)
    return rules


def _moment(node: Node, zone: tzinfo | None) -> datetime | None:
    moment = node.moment()
    if moment is None or moment.tzinfo is not None:
        return moment
    if zone is None:
        raise node.fault("course_needs_zone")
    return later_reading(moment, zone)


def _late(node: Node) -> Late:
    fields = node.fields("grace", "per_day", "cap", "none_after")
    return Late(
        grace=fields["grace"].seconds(),
        per_day=fields["per_day"].percent(Decimal(0)),
        cap=fields["cap"].percent(_HUNDRED),
        none_after=fields["none_after"].days(None),
    )


def _extensions(node: Node, known: Sequence[str], zone: tzinfo | None) -> tuple[Extension, ...]:
    found = []
    for child in node.items():
        fields = child.fields("student", "exercise", "exercises", "due", "days")
        due, days = _moment(fields["due"], zone), fields["days"].days(None)
        if (due is None) == (days is None):
            raise child.fault("course_due_or_days")
        student = fields.text("student")
        if not student:
            raise child.fault("course_no_student")
        found.append(Extension(student, _which(fields, known), due, days or 0))
    return tuple(found)


def _excused(node: Node, known: Sequence[str]) -> tuple[Excused, ...]:
    found = []
    for child in node.items():
        if isinstance(child.value, dict):
            fields = child.fields("student", "exercise", "exercises")
            entry = Excused(fields.text("student"), _which(fields, known))
        else:
            entry = Excused(child.text())
        if not entry.student:
            raise child.fault("course_no_student")
        found.append(entry)
    return tuple(found)


def _which(fields: Node.Fields, known: Sequence[str]) -> tuple[str, ...]:
    one, several = fields["exercise"], fields["exercises"]
    nodes = [one] if one.value is not None else list(several.items())
    if one.value is not None and several.value is not None:
        raise several.fault("course_exercise_twice")
    if several.value is not None and not nodes:
        raise several.fault("course_empty_list")
    for node in nodes:
        if node.text() not in known:
            name = node.text()[:60]
            raise node.fault("course_no_exercise", name=name, known=", ".join(known))
    return tuple(node.text() for node in nodes)
