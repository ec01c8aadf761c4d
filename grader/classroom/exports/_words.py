"""What exports say of a cell, an attempt, a student, in the language of the class."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from grader.classroom.gradebook import Cell, Flag, Gradebook, Row
from grader.classroom.model import ClassResult, Graded, Student
from grader.model import CheckResult, Exercise, Language, Verdict, first_things_first
from grader.report._layout import escape
from grader.texts import text

# What a student may read; the rest is for those who grade.
_FOR_STUDENTS: tuple[Flag, ...] = (
    "two_candidates",
    "late_unknown",
    "too_late",
    "extended",
    "not_counted",
)

_NAMED = 3
# What follows a comma and is no first name (after Canvas's app/models/user.rb, SUFFIXES).
_SUFFIX = re.compile(r"(?:[js]n?r|esq)\.?|junior|senior|esquire|i{2,3}|iv|vi?", re.IGNORECASE)
_CHINESE = re.compile(r"[\u3400-\u9fff]")


def say(entry: str, language: Language, **values: object) -> str:
    """Return one of the gradebook's texts."""
    return text(f"gradebook.{entry}", language, **values)


def headings(names: Sequence[str], language: Language) -> list[str]:
    """Return the headings of columns."""
    return [say(f"column_{name}", language) for name in names]


def yes_or_no(value: bool, language: Language) -> str:
    """Return a word for a truth."""
    return say("yes" if value else "no", language)


def remarks(cell: Cell, language: Language) -> str:
    """Return all that is odd about a cell, in words."""
    separator = say("separator", language)
    return separator.join(say(f"flag_{flag}", language) for flag in cell.flags)


def reason(entry: str, values: Mapping[str, str], language: Language) -> str:
    """Return a text of collecting; its key and values where there are no words for it."""
    key = f"collecting.{entry}"
    try:
        return text(key, language, **values)
    except (KeyError, TypeError):
        separator = say("separator", language)
        return separator.join([entry, *(value for value in values.values() if value)])


def display_name(student: Student) -> str:
    """Return what to call a student."""
    return student.name or student.login or student.mail or student.id or student.key


def spoken_name(student: Student) -> str:
    """Return what to call a student to his or her face: "Ann Archer" of "Archer, Ann"."""
    name = display_name(student)
    last, *first = (part.strip() for part in name.split(","))
    if len(first) != 1 or not last or not first[0] or _SUFFIX.fullmatch(first[0]):
        return name
    is_chinese = _CHINESE.match(last) and _CHINESE.match(first[0])
    return f"{last}{first[0]}" if is_chinese else f"{first[0]} {last}"


def plain(number: Decimal | float | None) -> str:
    """Return a number as short as it can be written, "" for none."""
    if number is None:
        return ""
    words = f"{number:f}" if isinstance(number, Decimal) else f"{round(number, 6):f}"
    return words.rstrip("0").rstrip(".") if "." in words else words


def open_checks(verdict: Verdict) -> list[CheckResult]:
    """Return the checks that did not pass and count."""
    return [check for check in verdict.checks if check.status in ("failed", "stuck")]


def sentence(cell: Cell, exercise: Exercise, language: Language) -> str:
    """Return what a student is told of one exercise, in one paragraph without names."""
    title = exercise.title.in_language(language)
    head = say("about_exercise", language, exercise=exercise.id, title=title)
    said = [head + result_words(cell, language), *circumstances(cell, language)]
    checks = open_checks(cell.verdict) if cell.points is not None and cell.verdict else []
    if checks:
        # Of many only the first are named: the page has them all.
        titles = [escape(check.title) for check in first_things_first(checks)[:_NAMED]]
        more = len(checks) - len(titles)
        separator = say("separator", language)
        entry = "still_open_more" if more else "still_open"
        said.append(say(entry, language, checks=separator.join(titles), n=more))
    return together(said, language)


def together(sentences: Sequence[str], language: Language) -> str:
    """Return sentences as one paragraph."""
    said = ""
    for more in sentences:
        said = say("one_after_another", language, said=said, more=more) if said else more
    return said


def result_words(cell: Cell, language: Language) -> str:
    """Return a cell's points in a sentence, or why it has none."""
    what = "stub" if "stub" in cell.flags else cell.status
    if cell.points is None:
        return say(f"told_{what}", language)
    if cell.chosen is None:
        entry = "told_stub_zero" if what == "stub" else "told_nothing_zero"
        return say(entry, language, out_of=plain(cell.out_of))
    return say("points_of", language, points=plain(cell.points), out_of=plain(cell.out_of))


def circumstances(cell: Cell, language: Language) -> list[str]:
    """Return what a student should know of how the points came about, in sentences."""
    said = []
    if cell.points is not None and "late" in cell.flags and "too_late" not in cell.flags:
        entry = "days_late_1" if cell.days_late == 1 else "days_late_n"
        if cell.penalty:
            said.append(say(entry, language, n=cell.days_late, penalty=plain(cell.penalty)))
    shown = [flag for flag in cell.flags if flag in _FOR_STUDENTS]
    return said + [say(f"told_{flag}", language, penalty=plain(cell.penalty)) for flag in shown]


def weight_words(weight: Decimal, language: Language) -> list[str]:
    """Return how often an exercise's points count in the total, where that is not once."""
    return [] if weight == 1 else [say("told_weight", language, weight=plain(weight))]


def total_words(row: Row, language: Language) -> str:
    """Return a student's total in words."""
    total, out_of = plain(row.total), plain(row.out_of)
    return say("total_of", language, total=total, out_of=out_of)


def letter(book: Gradebook, row: Row, language: Language) -> str:
    """Return the text of a mail to one student; paragraphs end with a line end."""
    name = escape(spoken_name(row.student))
    lines = [say("mail_hello", language, name=name), ""]
    for cell, exercise, rule in zip(row.cells, book.exercises, book.rules, strict=True):
        said = [sentence(cell, exercise, language)]
        if cell.points is not None:
            said += weight_words(rule.weight, language)
        lines.append(together(said, language))
    if row.percent is not None:
        lines += ["", total_words(row, language)]
    if not row.complete:
        lines.append(say("mail_incomplete", language))
    return "\n".join([*lines, "", say("mail_page", language)])


def status_of(graded: Graded, language: Language) -> str:
    """Return the state of one handed in file: passed, failed, our error, not graded yet."""
    verdict = graded.verdict
    if verdict is None:
        return say("state_error" if graded.log else "state_not_graded", language)
    return say(f"state_{verdict.status}", language)


def counting(book: Gradebook) -> dict[int, Cell]:
    """Return the cell of each file that counts, by the identity of its `Graded`."""
    return {id(cell.chosen): cell for row in book.rows for cell in row.cells if cell.chosen}


def students(result: ClassResult) -> dict[str, Student]:
    """Return the students by key."""
    return {student.key: student for student in result.collection.students}
