"""``canvas.csv``: what Canvas's gradebook imports.

As Canvas's own importer reads it (instructure/canvas-lms, ``lib/gradebook_importer.rb``):

- The headings are ``Student, ID, SIS User ID, SIS Login ID, Section`` and one column an
  assignment.  The number in brackets behind a title is the assignment's id; a title without one
  is looked for among the titles, and where none is alike *a new assignment is made*.
- The row that contains "Points Possible" sets the assignments' points.
- A student is found by ID, then by SIS user id or login, at last by the name; a row that finds
  nobody would be shown as a new student.  So who is not in the roster goes into another file.
- "EX" excuses.  An empty cell where Canvas has a grade takes that grade away (it is shown before).
- The separator is guessed from the first three lines, so no cell may have a line end in it.

There is no byte order mark: the importer compares the first heading.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from grader.classroom.course import Course
from grader.classroom.exports._files import table, write_or_remove, write_whole
from grader.classroom.exports._words import display_name, headings, plain, say
from grader.classroom.gradebook import Cell, Gradebook, Row, figures
from grader.classroom.model import ClassResult, Student
from grader.model import Exercise, Language

NAME = "canvas"
_HEADINGS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
_POINTS_POSSIBLE = "    Points Possible"
_EXCUSED = "EX"


def write(result: ClassResult, course: Course, folder: Path) -> list[Path]:
    """Write ``canvas.csv`` and, for who cannot be in it, ``canvas-left-out.csv``."""
    book = figures(result, course)
    has_roster = any(student.in_roster for student in result.collection.students)
    inside = [row for row in book.rows if _is_known(row.student, has_roster)]
    outside = [row for row in book.rows if not _is_known(row.student, has_roster)]
    written = [write_whole(folder / "canvas.csv", table(_rows(book, inside, result), bom=False))]
    rest = list(_left_out(book, outside, result.language))
    return written + write_or_remove(folder / "canvas-left-out.csv", rest, bom=True)


def _is_known(student: Student, has_roster: bool) -> bool:
    """Say whether Canvas knows a student: from the roster, or by a number that it gave."""
    return student.in_roster if has_roster else student.id.isascii() and student.id.isdigit()


def _rows(book: Gradebook, rows: list[Row], result: ClassResult) -> Iterator[list[object]]:
    columns = [_column(e, book, n, result.language) for n, e in enumerate(book.exercises)]
    yield [*_HEADINGS, *columns]
    yield [_POINTS_POSSIBLE, "", "", "", "", *(plain(rule.points) for rule in book.rules)]
    for row in rows:
        student = row.student
        names = (student.name, student.id, student.sis_id, student.login, student.section)
        yield [*(_one_line(name) for name in names), *(_figure(cell) for cell in row.cells)]


def _column(exercise: Exercise, book: Gradebook, number: int, language: Language) -> str:
    return book.rules[number].canvas or f"{exercise.id} {exercise.title.in_language(language)}"


def _figure(cell: Cell) -> object:
    return _EXCUSED if cell.status == "excused" else cell.points


def _one_line(words: str) -> str:
    return words.replace("\r", " ").replace("\n", " ")


def _left_out(book: Gradebook, rows: list[Row], language: Language) -> Iterator[list[object]]:
    exercises = [exercise.id for exercise in book.exercises]
    yield [*headings(("key", "name", "id", "login", "mail"), language), *exercises, ""]
    for row in rows:
        student = row.student
        who = (student.key, display_name(student), student.id, student.login, student.mail)
        why = say("not_in_roster", language)
        yield [*who, *(_figure(cell) for cell in row.cells), why]
