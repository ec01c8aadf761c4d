"""The map of the dashboard: a row for each student, a cell for each exercise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from grader.classroom.exports._dashboard_causes import Cause, Causes, ranges
from grader.classroom.exports._dashboard_counted import Counted, Standing
from grader.classroom.exports._dashboard_words import Words, number
from grader.classroom.gradebook import Gradebook
from grader.classroom.gradebook import Row as BookRow
from grader.classroom.model import Graded, Student
from grader.model import CheckResult, CheckStatus
from grader.report._layout import cut

# One sign a check, as wide as any other in the fonts of code: the letters of WGL4 have it.
SIGNS: Mapping[CheckStatus | None, str] = {
    "passed": "·",
    "failed": "×",
    "stuck": "∞",
    "skipped": "–",
    "error": "!",
    None: " ",
}
# Short elements: a class of 500 has tens of thousands.
TAGS: Mapping[str, str] = {"×": "b", "∞": "i", "–": "s", "!": "u"}
# By what the script filters: what each letter of a cell's ``data-f`` says.
FLAGS: Mapping[str, str] = {
    "passed": "p",
    "failed": "f",
    "stuck": "s",
    "skipped": "k",
    "error": "e",
    "missing": "m",
    "waiting": "w",
    "excused": "x",
    "late": "l",
    "unsure": "a",
}
_NOTED = (
    "late_unknown", "late_mark", "no_time", "too_late", "extended", "two_candidates",
    "ungraded_attempt", "not_counted",
)  # fmt: skip
_NAME, _LONG = 48, 300
_MANY = 4000  # cells: where there are more, each check by its name would make the page heavy


@dataclass(frozen=True)
class Attempt:
    """One file that was handed in, in words; ``counts`` for the one that does."""

    origin: str
    words: str
    counts: bool


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One exercise of one student.

    ``signs`` are (element, signs) for the map; ``said`` is the same for a screen reader.
    ``share`` sorts ("" comes last); ``flags`` and ``diagnoses`` are what the script filters by.
    """

    counted: Counted
    points: str
    share: str
    signs: Sequence[tuple[str, str]]
    said: str
    flags: str
    diagnoses: Sequence[int]
    causes: Sequence[Cause]
    attempts: Sequence[Attempt]
    notes: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One student; ``query`` is what the filter looks for a name in.

    ``part`` says how many exercises the total is of, where it is not all of them; ``page`` is
    where the student's own page lies, "" where it was not written.
    """

    number: int
    student: Student
    name: str
    whole_name: str
    under: str
    query: str
    total: str
    share: str
    part: str
    cells: Sequence[Cell]
    facts: Sequence[tuple[str, str]]
    page: str


def rows(
    book: Gradebook,
    standing: Standing,
    diagnoses: Mapping[tuple[str, str], int],
    words: Words,
    pages: Mapping[str, str] | None = None,
) -> list[Row]:
    """Return the map; ``diagnoses`` are numbers by exercise and id, ``pages`` places by key."""
    causes = Causes(diagnoses, words, in_full=len(standing) <= _MANY)
    make = partial(_cell, causes=causes, words=words)
    made = []
    for n, row in enumerate(book.rows):
        cells = [make(standing[cell.student, cell.exercise]) for cell in row.cells]
        made.append(_row(n, row, cells, (pages or {}).get(row.student.key, ""), words))
    return made


def name_of(student: Student) -> str:
    """Return what a student is called here."""
    known = (student.name, student.login, student.mail, student.id, student.key)
    return next((words.strip() for words in known if words.strip()), "?")


def _row(number_: int, row: BookRow, cells: Sequence[Cell], page: str, words: Words) -> Row:
    student = row.student
    name = name_of(student)
    names = ("id", "login", "sis_id", "mail", "section", "url")
    facts = [(words(f"fact_{key}"), getattr(student, key)) for key in names]
    known = [(label, cut(value, _LONG)) for label, value in facts if value.strip()]
    if not student.in_roster:
        known.append((words("fact_roster"), words("not_in_roster")))
    under = next((v for v in (student.id, student.login, student.mail) if v not in ("", name)), "")
    counted = sum(cell.points is not None for cell in row.cells)
    return Row(
        number=number_,
        student=student,
        name=cut(name, _NAME),
        whole_name=cut(name, _LONG),
        under=cut(under, _NAME),
        query=" ".join(cut(v, _LONG) for v in (name, *(value for _, value in facts)) if v).lower(),
        total="" if row.percent is None else f"{number(row.percent)}%",
        share="" if row.percent is None else str(row.percent),
        part="" if row.complete else words("n_of", n=counted, of=len(cells)),
        cells=cells,
        facts=known,
        page=page,
    )


def _cell(counted: Counted, causes: Causes, words: Words) -> Cell:
    results = list(counted.checks()) if counted.state in ("passed", "failed", "error") else []
    signs = "".join(SIGNS[check.status if check else None] for check in results)
    if not signs.strip():
        signs = ""
    found = causes.of(counted.exercise, results)
    share, points = counted.share, counted.cell.points
    most = number(counted.cell.out_of)
    return Cell(
        counted=counted,
        points="" if points is None else words("points", points=number(points), most=most),
        share="" if share is None else f"{share:.4f}",
        signs=[(tag, "".join(run)) for tag, run in groupby(signs, lambda sign: TAGS.get(sign, ""))],
        said=_said(results, words),
        flags=_flags(counted, results),
        diagnoses=sorted({cause.diagnosis for cause in found if cause.diagnosis >= 0}),
        causes=found,
        attempts=[_attempt(one, counted, words) for one in counted.attempts],
        notes=_notes(counted, words),
    )


def _flags(counted: Counted, results: Sequence[CheckResult | None]) -> str:
    statuses = {check.status for check in results if check}
    found: set[str] = {counted.state, *statuses.intersection(("stuck", "skipped"))}
    found.update(name for name in ("late", "unsure") if getattr(counted, name))
    return "".join(sorted(FLAGS[name] for name in found))


def _said(results: Sequence[CheckResult | None], words: Words) -> str:
    """Say what the signs show, for who does not see them."""
    by_status: dict[str, list[int]] = {}
    for n, check in enumerate(results, 1):
        if check:
            by_status.setdefault(check.status, []).append(n)
    passed = len(by_status.pop("passed", ()))
    said = [words("said_passed", n=passed, of=len(results))] if results else []
    said += [
        words("said", status=words(f"check_{status}"), numbers=ranges(numbers))
        for status, numbers in by_status.items()
    ]
    return words("separator").join(said)


def _attempt(graded: Graded, counted: Counted, words: Words) -> Attempt:
    handed, verdict = graded.handed, graded.verdict
    said = [words("attempt", n=handed.attempt)]
    if handed.submitted_at:
        said.append(words.clock(handed.submitted_at))
    if verdict is None or verdict.status == "error":
        said.append(words("state_error" if verdict or graded.log else "state_waiting"))
    else:
        score, most = number(verdict.score), number(verdict.max_score)
        said += [words("points", points=score, most=most), words.seconds(verdict.duration_s)]
    counts = graded is counted.cell.chosen
    if counts and len(counted.attempts) > 1:
        said.append(words("counts"))
    return Attempt(cut(handed.origin, _LONG), words("separator").join(said), counts)


def _notes(counted: Counted, words: Words) -> list[str]:
    cell = counted.cell
    notes = [words.late(cell)] if cell.late_s else []
    notes += [words(f"flag_{flag}") for flag in cell.flags if flag in _NOTED]
    if cell.penalty and cell.points is not None:
        notes.append(words("penalty", percent=number(cell.penalty)))
    return notes
