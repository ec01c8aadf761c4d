"""Plain CSV: ``grades.csv``, a line a student; ``submissions.csv``, a line a file that was handed
in; ``files.csv``, a line for everything that was found; ``notes.csv``, where there is any, a line
for what somebody should look at.

They begin with a byte order mark: Excel takes a CSV without one for the system's own encoding
(support.microsoft.com, "Opening CSV UTF-8 files correctly in Excel").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from grader.classroom.course import Course
from grader.classroom.exports._files import table, write_or_remove, write_whole
from grader.classroom.exports._words import (
    counting,
    display_name,
    headings,
    open_checks,
    plain,
    reason,
    remarks,
    say,
    status_of,
    students,
    yes_or_no,
)
from grader.classroom.gradebook import Cell, Gradebook, figures
from grader.classroom.model import ClassResult, Graded, Student
from grader.model import Language

NAME = "csv"
_STUDENT = ("key", "name", "id", "login", "sis_id", "mail", "section", "in_roster")
_CELL = ("points", "out_of", "status", "attempt", "attempts", "days_late", "penalty", "remarks")
_ROW = ("total", "total_out_of", "percent", "complete")
_FILE = (
    "student", "name", "exercise", "attempt", "file", "origin", "sha256", "size", "submitted_at",
    "marked_late", "state", "score", "max_score", "counts", "points", "failed", "diagnoses",
    "isolation", "graded_at", "reused", "log",
)  # fmt: skip
_ENTRY = ("path", "role", "reason", "student", "exercise")
_LONGEST_LOG = 500


def write(result: ClassResult, course: Course, folder: Path) -> list[Path]:
    """Write the tables."""
    book = figures(result, course)
    tables = {
        "grades.csv": _grades(book, result.language),
        "submissions.csv": _submissions(result, book, course),
        "files.csv": _files(result),
    }
    written = [write_whole(folder / name, table(rows, bom=True)) for name, rows in tables.items()]
    return written + write_or_remove(folder / "notes.csv", list(_notes(result, book)), bom=True)


def _grades(book: Gradebook, language: Language) -> Iterator[Sequence[object]]:
    head = headings(_STUDENT, language)
    for exercise in book.exercises:
        head += [f"{exercise.id} {word}" for word in headings(_CELL, language)]
    yield [*head, *headings(_ROW, language)]
    for row in book.rows:
        line = _student(row.student, language)
        for cell in row.cells:
            line += _cell(cell, language)
        complete = yes_or_no(row.complete, language)
        yield [*line, row.total, row.out_of, row.percent, complete]


def _student(student: Student, language: Language) -> list[object]:
    return [
        student.key,
        student.name,
        student.id,
        student.login,
        student.sis_id,
        student.mail,
        student.section,
        yes_or_no(student.in_roster, language),
    ]


def _cell(cell: Cell, language: Language) -> list[object]:
    return [
        cell.points,
        cell.out_of,
        say(f"status_{cell.status}", language),
        cell.attempt or None,
        cell.attempts,
        cell.days_late or None,
        plain(cell.penalty) if cell.penalty else None,
        remarks(cell, language),
    ]


def _submissions(
    result: ClassResult, book: Gradebook, course: Course
) -> Iterator[Sequence[object]]:
    yield headings(_FILE, result.language)
    counts, people = counting(book), students(result)
    for graded in result.graded:
        student = people.get(graded.handed.student)
        yield _file(graded, student, counts.get(id(graded)), course, result.language)


def _file(
    graded: Graded,
    student: Student | None,
    cell: Cell | None,
    course: Course,
    language: Language,
) -> list[object]:
    handed, verdict = graded.handed, graded.verdict
    checks = open_checks(verdict) if verdict else []
    return [
        handed.student,
        display_name(student) if student else None,
        handed.exercise,
        handed.attempt,
        handed.name,
        handed.origin,
        handed.sha256,
        handed.size,
        _clock(handed.submitted_at, course),
        yes_or_no(handed.late, language),
        status_of(graded, language),
        plain(verdict.score) if verdict and verdict.status != "error" else None,
        plain(verdict.max_score) if verdict and verdict.status != "error" else None,
        yes_or_no(cell is not None, language),
        cell.points if cell else None,
        " ".join(check.id for check in checks),
        " ".join(dict.fromkeys(check.diagnosis for check in checks if check.diagnosis)),
        verdict.isolation.level if verdict else None,
        _clock(graded.at, course),
        yes_or_no(graded.reused, language),
        " ".join(graded.log.split())[:_LONGEST_LOG],
    ]


def _clock(moment: datetime | None, course: Course) -> str | None:
    """Write a time to the second by the course's clock; one without a zone is its own already."""
    if moment is None:
        return None
    with suppress(OverflowError):  # at either end of the calendar, as a stranger may write
        moment = moment.astimezone(course.zone) if moment.tzinfo else moment
    return moment.isoformat(timespec="seconds")


def _files(result: ClassResult) -> Iterator[Sequence[object]]:
    yield headings(_ENTRY, result.language)
    for entry in result.collection.entries:
        role = say(f"role_{entry.role}", result.language)
        detail = {"detail": entry.detail}
        why = reason(entry.reason, detail, result.language) if entry.reason else ""
        yield [entry.path, role, why, entry.student, entry.exercise]


def _notes(result: ClassResult, book: Gradebook) -> Iterator[Sequence[object]]:
    language = result.language
    yield headings(("note", "student", "path"), language)
    for note in book.notes:
        yield [say(f"note_{note.about}", language, word=note.word), None, None]
    for remark in result.collection.remarks:
        words = reason(remark.about, remark.values, language)
        yield [words, remark.student, "\n".join(remark.paths)]
