"""Moodle: gradebook tables to import, and offline grading worksheets to give back.

``moodle-by-mail.csv`` and ``moodle-by-id-number.csv`` are for Grades, Import, CSV file.  As
Moodle's importer reads them (moodle/moodle, ``grade/import/csv/classes/load_data.php``):

- One column maps to the user ("Email address" to email, case and all, or "ID number"), each
  exercise's to a grade item.  A row whose user is not found ends the import; one whose user is
  *empty* is taken for the user of the row before.  So each table has only students who have
  what it goes by, and who share it with nobody.
- An empty cell, or "-", takes the item's grade away; more than 100 needs a setting of the site.

``moodle-worksheet-exNN.csv`` is what "Download grading worksheet" gave, where that was the
roster and somebody handed in exNN, with all its columns, for "Upload grading worksheet"
(``mod/assign/feedback/offline/importgradeslib.php``, ``locallib.php``):

- "Identifier", "Grade" and "Last modified (grade)" must be there, in the language that the
  teacher sees; a row without a grade, or with more than the maximum, is passed over.
- Identifiers are an assignment's own: another assignment's worksheet changes nothing.
- Feedback comments are HTML, and an empty one takes away what is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from html import escape as html_escape
from pathlib import Path

from grader.classroom.course import Course
from grader.classroom.exports._files import cell as shown
from grader.classroom.exports._files import write_or_remove
from grader.classroom.exports._words import display_name, headings, plain, say, sentence
from grader.classroom.gradebook import Gradebook, Row, figures, handed_in_as_stubs
from grader.classroom.model import ClassResult, Student
from grader.model import Language

NAME = "moodle"
_TABLES: dict[str, tuple[str, Callable[[Student], str]]] = {
    "moodle-by-mail.csv": ("Email address", lambda student: student.mail),
    "moodle-by-id-number.csv": ("ID number", lambda student: student.id),
}
_IDENTIFIER = "Identifier"
# What collecting takes out of the worksheet's columns, in the worksheet's order.
_TAKEN: dict[str, Callable[[Student], str]] = {
    "Full name": lambda student: student.name,
    "Username": lambda student: student.login,
    "ID number": lambda student: student.id,
    "Email address": lambda student: student.mail,
}
_GRADE = ("Grade", "成绩", "评分", "Bewertung", "Note", "Calificación")
_FEEDBACK = ("Feedback comments", "反馈评语", "反馈意见", "Feedback als Kommentar")
_MAXIMUM = ("Maximum Grade", "Maximum grade", "最高分", "满分")


def write(result: ClassResult, course: Course, folder: Path) -> list[Path]:
    """Write the tables, a worksheet an exercise, and who or what is not in them."""
    book = figures(result, course)
    has_roster = any(student.in_roster for student in result.collection.students)
    rows = [row for row in book.rows if row.student.in_roster or not has_roster]
    written, inside = [], set[str]()
    for name, (heading, key_of) in _TABLES.items():
        found = _with_a_key(rows, key_of)
        inside |= {row.student.key for row in found}
        content = list(_gradebook(book, found, heading, key_of, result.language))
        written += write_or_remove(folder / name, content, bom=False)
    sheet = [row for row in rows if row.student.more.get(_IDENTIFIER)]
    inside |= {row.student.key for row in sheet}
    there = _handed_in(result)
    for number, exercise in enumerate(book.exercises):
        # A worksheet is one assignment's: of what nobody handed in it cannot be.
        own = sheet if exercise.id in there else []
        content = list(_worksheet(book, own, number, result.language))
        path = folder / f"moodle-worksheet-{exercise.id}.csv"
        written += write_or_remove(path, content, bom=False)
    outside = [row for row in book.rows if row.student.key not in inside]
    rest = list(_left_out(book, outside, sheet, there, result.language))
    return written + write_or_remove(folder / "moodle-left-out.csv", rest, bom=True)


def _handed_in(result: ClassResult) -> set[str]:
    """Return the exercises of which somebody handed in a file, be it the unchanged stub."""
    handed = {graded.handed.exercise for graded in result.graded}
    return handed | {exercise for _, exercise in handed_in_as_stubs(result)}


def _with_a_key(rows: Sequence[Row], key_of: Callable[[Student], str]) -> list[Row]:
    """Return the rows of those whose key is there, nobody else's, and fit for a cell as it is."""
    keys = [key_of(row.student).strip() for row in rows]
    count = Counter(key.casefold() for key in keys)
    fit = [bool(key) and count[key.casefold()] == 1 and shown(key) == key for key in keys]
    return [row for row, is_fit in zip(rows, fit, strict=True) if is_fit]


def _gradebook(
    book: Gradebook,
    rows: Sequence[Row],
    heading: str,
    key_of: Callable[[Student], str],
    language: Language,
) -> Iterator[Sequence[object]]:
    titles = [
        rule.moodle or f"{exercise.id} {exercise.title.in_language(language)}"
        for exercise, rule in zip(book.exercises, book.rules, strict=True)
    ]
    yield [heading, "Full name", *titles]
    for row in rows:
        points = [cell.points for cell in row.cells]
        yield [key_of(row.student).strip(), display_name(row.student), *points]


def _worksheet(
    book: Gradebook, rows: Sequence[Row], number: int, language: Language
) -> Iterator[Sequence[object]]:
    """Give a worksheet's rows: every column as it came, but for the grade and the feedback."""
    taken = [name for name, of in _TAKEN.items() if any(of(row.student) for row in rows)]
    more = list(dict.fromkeys(name for row in rows for name in row.student.more))
    rest = [name for name in more if name != _IDENTIFIER and name not in taken]
    if not any(name in _GRADE for name in rest):
        rest.append(_GRADE[0])
    yield [_IDENTIFIER, *taken, *rest]
    for row in rows:
        cell, student = row.cells[number], row.student
        line: list[object] = [student.more[_IDENTIFIER], *(_TAKEN[n](student) for n in taken)]
        for name in rest:
            value: object = student.more.get(name, "")
            if name in _GRADE:
                value = cell.points
            elif name in _FEEDBACK and cell.points is not None:
                words = sentence(cell, book.exercises[number], language)
                value = html_escape(words, quote=False)
            line.append(value)
        yield line


def _left_out(
    book: Gradebook,
    rows: Sequence[Row],
    sheet: Sequence[Row],
    there: Collection[str],
    language: Language,
) -> Iterator[Sequence[object]]:
    exercises = [exercise.id for exercise in book.exercises]
    yield [*headings(("key", "name", "id", "login", "mail"), language), *exercises, ""]
    for row in rows:
        student = row.student
        who = (student.key, display_name(student), student.id, student.login, student.mail)
        why = say("no_identifier" if student.in_roster else "not_in_roster", language)
        yield [*who, *(cell.points for cell in row.cells), why]
    for exercise, rule in zip(book.exercises, book.rules, strict=True):
        maxima = _maxima(sheet) if exercise.id in there else set[Decimal]()
        for most in sorted(maxima - {rule.points}):
            problem = say(
                "other_maximum",
                language,
                exercise=exercise.id,
                points=plain(rule.points),
                maximum=plain(most),
            )
            yield ["", "", "", "", "", *("" for _ in exercises), problem]


def _maxima(rows: Sequence[Row]) -> set[Decimal]:
    """Return the maximum grades that the worksheet names."""
    found = set()
    for row in rows:
        for name in _MAXIMUM:
            try:
                number = Decimal(row.student.more.get(name, "").strip().replace(",", "."))
            except InvalidOperation:
                continue
            if number.is_finite():
                found.add(number)
    return found
