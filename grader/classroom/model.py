"""The words of a class as data: students, what they handed in, what was found, what came of it.

Everything is frozen and plain (msgspec), without input or output.  Times are aware datetimes;
texts that strangers wrote (names, paths) are kept as they are and escaped where they are shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from grader.model import Exercise, Language, Model, Verdict

EntryRole = Literal[
    "submission",  # graded for a student
    "duplicate",  # the same bytes as another entry of this student and exercise; not graded twice
    "superseded",  # another file of the same attempt was chosen over this one
    "archive",  # a zip that was opened; what is in it has entries of its own
    "roster",  # the list of students
    "ignored",  # known not to be meant for grading: READMEs, __pycache__, .git, the platform's own
    "unknown",  # nobody's, or no exercise's: somebody must look at it
    "refused",  # a link, a path that leaves its folder, a device, too big, too many
    "unreadable",  # the system does not let it be read, or the archive is broken
]


class Student(Model, frozen=True):
    """One person of a class.

    ``key`` identifies the student between runs; the others are "" where they are unknown.
    ``in_roster`` is False for who was only found in the folder.  ``more`` are further columns
    of the roster, by their heading, for exports that give them back.
    """

    key: str
    name: str = ""
    id: str = ""  # the platform's number: Canvas "ID", Moodle "ID number"
    login: str = ""  # Canvas "SIS Login ID", Moodle "Username", a GitHub name
    sis_id: str = ""  # Canvas "SIS User ID"
    mail: str = ""
    section: str = ""
    url: str = ""  # of a git repository
    in_roster: bool = False
    more: dict[str, str] = msgspec.field(default_factory=dict)


class Handed(Model, frozen=True):
    """One file that a student handed in for one exercise.

    ``origin`` says where it was found ("all.zip!/Ann_1/tcp_echo.py"); ``sha256`` is that of its
    bytes.  ``attempt`` counts a student's attempts at an exercise from 1, the oldest; two files
    that could not be told apart have the same number.  ``late`` is what the platform says.
    """

    student: str  # Student.key
    exercise: str  # "ex03"
    origin: str
    name: str
    sha256: str
    size: int
    attempt: int = 1
    submitted_at: datetime | None = None
    late: bool = False


class Entry(Model, frozen=True):
    """One file, link or archive member of the folder, and what became of it.

    ``reason`` is a key of ``texts/*/collecting.json`` with ``detail`` for its ``{detail}``.
    """

    path: str
    role: EntryRole
    reason: str = ""
    detail: str = ""
    student: str = ""
    exercise: str = ""


class Remark(Model, frozen=True):
    """Something about the whole that somebody should know before anything is graded.

    ``about`` is a key of ``texts/*/collecting.json`` (``two_candidates``, ``same_name``, …), filled
    with ``values``.  ``student`` and ``paths`` say whom and what it concerns.
    """

    about: str
    values: dict[str, str] = msgspec.field(default_factory=dict)
    student: str = ""
    paths: tuple[str, ...] = ()


class Collection(Model, frozen=True):
    """What was understood of a folder, a zip, or a list of repositories."""

    source: str
    layout: str  # "folders", "flat", "moodle", "canvas", "repositories", "git", "mixed"
    students: tuple[Student, ...]  # of the roster first, in its order; then by key
    handed: tuple[Handed, ...]  # by student, exercise, attempt, origin
    entries: tuple[Entry, ...]  # every file of the folder, by path
    remarks: tuple[Remark, ...] = ()

    def missing(self) -> tuple[Student, ...]:
        """Return who has handed in nothing at all."""
        there = {handed.student for handed in self.handed}
        return tuple(student for student in self.students if student.key not in there)

    def stubs(self) -> dict[str, set[str]]:
        """Return for whom there is a stub as it was handed out, and nothing else, for what.

        In a copy of the whole suite there is one for whatever was not done: where anything was,
        these say nothing.
        """
        there = {(handed.student, handed.exercise) for handed in self.handed}
        at_work = {student for student, _ in there}
        found: dict[str, set[str]] = {}
        for entry in self.entries:
            who, exercise = entry.student, entry.exercise
            in_suite = "exercises/" in entry.path and who in at_work
            if entry.reason == "stub" and who and (who, exercise) not in there and not in_suite:
                found.setdefault(who, set()).add(exercise)
        return found


class Graded(Model, frozen=True):
    """A file that was handed in, with the verdict that counts for it.

    ``verdict`` is None where nothing has been graded yet; its status is ``error`` where we could
    not grade (``log`` says more, for instructors only).  ``at`` is when it was graded; ``reused``
    that an earlier run, or the same file of another student, had done so.
    """

    handed: Handed
    verdict: Verdict | None = None
    at: datetime | None = None
    log: str = ""
    reused: bool = False


@dataclass(frozen=True)
class ClassResult:
    """All that an export needs; ``source_of`` gives a file's bytes by its sha256, or None."""

    title: str
    collection: Collection
    exercises: tuple[Exercise, ...]  # those that were asked for, by id
    graded: tuple[Graded, ...]  # one for each of collection.handed, in its order
    made_at: datetime
    language: Language
    source_of: Callable[[str], bytes | None]

    def student(self, key: str) -> Student:
        """Return a student by key (KeyError)."""
        for student in self.collection.students:
            if student.key == key:
                return student
        raise KeyError(key)

    def exercise(self, name: str) -> Exercise:
        """Return an exercise by id (KeyError)."""
        for exercise in self.exercises:
            if exercise.id == name:
                return exercise
        raise KeyError(name)
