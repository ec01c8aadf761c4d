"""A graded class and its course's rules in, figures out: pure functions, exact arithmetic.

The laws (``docs/course.md`` tells them to instructors):

- A file's points are its share of the verdict's points, times what the exercise is worth, less
  what its lateness takes; rounded once, to two places, half up.
- A total is the sum of what its cells show, each ``weight`` times, out of what these could have
  been; rounded the same way.  A cell without points (excused, nothing handed in, our error)
  counts on neither side, so it costs nothing and gives nothing.
- Where we could not grade what might have counted, the cell has no points and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Literal

from grader.classroom.course import Course, ExerciseRule, names
from grader.classroom.model import ClassResult, Graded, Student
from grader.model import Exercise, Verdict
from grader.texts import text

CellStatus = Literal["graded", "ambiguous", "missing", "excused", "error"]
Flag = Literal[
    "two_candidates",  # several files of the attempt that counts: the best of them was taken
    "late",  # after the due time and the grace
    "late_unknown",  # the platform says late, and not by how much: one day is taken off
    "late_mark",  # the platform says late, but by course.yaml it is not
    "no_time",  # nobody knows when it was handed in: taken as in time
    "too_late",  # after the last day that is accepted: no points
    "extended",  # this student has more time than the others
    "ungraded_attempt",  # another attempt could not be graded, but could not have been better
    "not_counted",  # some checks could not be carried out here and are left out
    "grader_error",  # our fault: no points, but no zero
    "not_graded",  # the run ended before this was graded
    "stub",  # nothing but the file as it was handed out
]
_ZERO = Decimal("0.00")
# Years to reckon with: a stranger's clock may stand at either end of the calendar.
_YEARS = 1000, 9000


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What one student has for one exercise.

    ``points`` are None where there is no figure to show, else between 0 and ``out_of``, two
    places.  ``status`` is ``ambiguous`` where they are the best of several files that cannot be
    told apart.  ``chosen`` is what they come from; ``attempts`` how many attempts there were.
    ``score`` and ``max_score`` are the verdict's own.  ``late_s`` are the seconds after the due
    time and the grace, ``days_late`` the days that have begun since (0: in time), ``penalty`` the
    percents that are taken off.
    """

    student: str
    exercise: str
    status: CellStatus
    points: Decimal | None
    out_of: Decimal
    chosen: Graded | None = None
    attempts: int = 0
    due: datetime | None = None
    late_s: int = 0
    days_late: int = 0
    penalty: Decimal = _ZERO
    flags: tuple[Flag, ...] = ()

    @property
    def verdict(self) -> Verdict | None:
        """The verdict that counts."""
        return self.chosen.verdict if self.chosen else None

    @property
    def attempt(self) -> int:
        """The number of the attempt that counts, 0 where none does."""
        return self.chosen.handed.attempt if self.chosen else 0

    @property
    def score(self) -> float | None:
        """The verdict's points, before they are scaled and lateness is taken off."""
        return self.verdict.score if self.verdict and self.points is not None else None

    @property
    def max_score(self) -> float | None:
        """The most that the verdict's points could have been."""
        return self.verdict.max_score if self.verdict and self.points is not None else None


@dataclass(frozen=True)
class Row:
    """One student's cells, in the order of the gradebook's exercises, and what they add up to.

    ``out_of`` is what the cells with points could have been; ``percent`` is None where there are
    none.  ``complete`` says that no cell is still open (nothing handed in, or our error).
    """

    student: Student
    cells: tuple[Cell, ...]
    total: Decimal
    out_of: Decimal
    percent: Decimal | None
    complete: bool


@dataclass(frozen=True)
class Note:
    """Something about the rules that somebody should know: ``about`` is ``nobody`` (an entry of
    course.yaml that names no student) or ``several`` (it names more than one).
    """

    about: Literal["nobody", "several"]
    word: str


@dataclass(frozen=True)
class Gradebook:
    """All figures of a class, students in the order of the collection."""

    title: str
    exercises: tuple[Exercise, ...]
    rules: tuple[ExerciseRule, ...]
    rows: tuple[Row, ...]
    notes: tuple[Note, ...]

    def row(self, student: str) -> Row:
        """Return a student's row by key (KeyError)."""
        for row in self.rows:
            if row.student.key == student:
                return row
        raise KeyError(student)


@dataclass(frozen=True)
class _Attempt:
    """One handed in file, and what it would give."""

    graded: Graded
    share: Fraction | None  # of the exercise's points, before lateness; None: not known
    late_s: int
    days: int
    penalty: Decimal
    flags: tuple[Flag, ...]
    accepted: bool

    @property
    def kept(self) -> Fraction:
        """What lateness leaves of the points, from 0 to 1."""
        return 1 - Fraction(self.penalty) / 100 if self.accepted else Fraction(0)

    @property
    def worth(self) -> Fraction:
        """The share that counts in the end; unknown ones are nothing."""
        return (self.share or Fraction(0)) * self.kept

    @property
    def number(self) -> int:
        return self.graded.handed.attempt


def figures(result: ClassResult, course: Course) -> Gradebook:
    """Return the gradebook of a class."""
    by_cell: dict[tuple[str, str], list[Graded]] = {}
    for graded in result.graded:
        handed = graded.handed
        by_cell.setdefault((handed.student, handed.exercise), []).append(graded)
    stubs = handed_in_as_stubs(result)
    rules = tuple(course.rule(exercise) for exercise in result.exercises)
    rows = []
    for student in result.collection.students:
        cells = []
        for exercise in result.exercises:
            files = by_cell.get((student.key, exercise.id), ())
            cell = _cell(student, exercise, files, course, result.made_at)
            if cell.status == "missing" and (student.key, exercise.id) in stubs:
                cell = replace(cell, flags=(*cell.flags, "stub"))
            cells.append(cell)
        rows.append(_row(student, tuple(cells), [rule.weight for rule in rules]))
    notes = _notes(result.collection.students, course)
    return Gradebook(course.title or result.title, result.exercises, rules, tuple(rows), notes)


def handed_in_as_stubs(result: ClassResult) -> set[tuple[str, str]]:
    """Return the students and exercises of which an unchanged stub was found (and ignored)."""
    return {
        (entry.student, entry.exercise)
        for entry in result.collection.entries
        if entry.role == "ignored" and entry.reason == "stub"
    }


def rounded(number: Fraction | Decimal) -> Decimal:
    """Return a number of at least 0 with two places, half up."""
    return Decimal(floor(Fraction(number) * 100 + Fraction(1, 2))).scaleb(-2)


def share_of(verdict: Verdict) -> Fraction | None:
    """Return which part of its points a verdict gives; None where none were counted.

    Scores are sums of decimal numbers in binary: what is beyond the sixth place is noise.
    """
    score, most = (Fraction(repr(round(n, 6))) for n in (verdict.score, verdict.max_score))
    return score / most if most > 0 else None


def _cell(
    student: Student,
    exercise: Exercise,
    files: Sequence[Graded],
    course: Course,
    made_at: datetime,
) -> Cell:
    due, extended = course.due(student, exercise)
    most = course.rule(exercise).points
    cell = Cell(
        student=student.key,
        exercise=exercise.id,
        status="missing",
        points=None,
        out_of=rounded(most),
        attempts=len({graded.handed.attempt for graded in files}),
        due=due,
        flags=("extended",) if extended else (),
    )
    if course.is_excused(student, exercise.id):
        return replace(cell, status="excused")
    if not files:
        # Without a due time nobody's time is ever over.
        over = due is not None and course.days_late(made_at, due) > 0
        return replace(cell, points=_ZERO) if over and course.missing == "zero" else cell
    tries = [_attempt(graded, due, extended, course) for graded in files]
    chosen, certain = _choose(tries, course)
    flags = [*cell.flags, *chosen.flags]
    several = sum(other.number == chosen.number for other in tries) > 1
    if several:
        flags.append("two_candidates")
    if certain and any(other.share is None for other in tries):
        flags.append("ungraded_attempt")
    return replace(
        cell,
        status="error" if not certain else "ambiguous" if several else "graded",
        points=rounded(Fraction(most) * chosen.worth) if certain else None,
        chosen=chosen.graded,
        late_s=chosen.late_s,
        days_late=chosen.days,
        penalty=chosen.penalty,
        flags=tuple(flags),
    )


def _choose(tries: Sequence[_Attempt], course: Course) -> tuple[_Attempt, bool]:
    """Return what counts, and whether that is certain: nothing we could not grade beats it."""
    pool = [one for one in tries if one.accepted] or list(tries)
    if course.attempts == "last":
        last = max(one.number for one in pool)
        pool = [one for one in pool if one.number == last]
    pool.sort(key=lambda one: (-one.worth, one.number, one.graded.handed.origin))
    known = [one for one in pool if one.share is not None]
    unknown = sorted((one for one in pool if one.share is None), key=lambda one: -one.kept)
    if known and all(one.kept <= known[0].worth for one in unknown):
        return known[0], True
    return unknown[0], False


def _attempt(graded: Graded, due: datetime | None, extended: bool, course: Course) -> _Attempt:
    verdict = graded.verdict
    late_s, days, flags = _lateness(graded, due, extended, course)
    limit, share = course.late.none_after, None
    accepted = limit is None or days <= limit
    if not accepted:
        flags.append("too_late")
    if verdict is None:
        flags.append("grader_error" if graded.log else "not_graded")
    else:
        share = share_of(verdict) if verdict.status != "error" else None
        if share is None:
            flags.append("grader_error")
        elif any(check.status == "skipped" for check in verdict.checks):
            flags.append("not_counted")
    penalty = min(course.late.cap, course.late.per_day * days) if accepted else Decimal(100)
    return _Attempt(graded, share, late_s, days, penalty, tuple(flags), accepted)


def _lateness(
    graded: Graded, due: datetime | None, extended: bool, course: Course
) -> tuple[int, int, list[Flag]]:
    """Return the seconds after due time and grace, the days that have begun, and what is odd."""
    handed, when = graded.handed, _when(graded, course)
    if due is not None and when is not None:
        days = course.days_late(when, due)
        if not days:
            return 0, 0, ["late_mark"] if handed.late else []
        late = when.astimezone(timezone.utc) - due.astimezone(timezone.utc)
        return max(1, ceil(late.total_seconds()) - course.late.grace), days, ["late"]
    if handed.late:
        # The platform's due time is not this student's, or it is all that is known; then at
        # least one day has begun, and nobody is charged for more than is certain.
        return (0, 0, ["late_mark"]) if extended else (0, 1, ["late_unknown"])
    return 0, 0, ["no_time"] if due is not None else []


def _when(graded: Graded, course: Course) -> datetime | None:
    """Return when a file was handed in; a time without a zone is read in the student's favour."""
    when = graded.handed.submitted_at
    if when is not None and not _YEARS[0] <= when.year <= _YEARS[1]:
        when = when.replace(year=min(max(when.year, _YEARS[0]), _YEARS[1]), day=1)
    if when is None or when.tzinfo is not None:
        return when
    readings = (when.replace(tzinfo=course.zone, fold=fold) for fold in (0, 1))
    return min(readings, key=lambda moment: moment.astimezone(timezone.utc))


def _row(student: Student, cells: tuple[Cell, ...], weights: Sequence[Decimal]) -> Row:
    total = out_of = Fraction(0)
    for cell, weight in zip(cells, weights, strict=True):
        if cell.points is not None:
            total += Fraction(cell.points) * Fraction(weight)
            out_of += Fraction(cell.out_of) * Fraction(weight)
    return Row(
        student=student,
        cells=cells,
        total=rounded(total),
        out_of=rounded(out_of),
        percent=rounded(total / out_of * 100) if out_of else None,
        complete=all(cell.points is not None or cell.status == "excused" for cell in cells),
    )


def notes(result: ClassResult, course: Course) -> list[str]:
    """Return what is odd about the course's entries, in the class's language."""
    return [
        text(f"gradebook.note_{note.about}", result.language, word=note.word)
        for note in _notes(result.collection.students, course)
    ]


def _notes(students: Sequence[Student], course: Course) -> tuple[Note, ...]:
    words = [entry.student for entry in course.extensions]
    words += [entry.student for entry in course.excused]
    notes = []
    for word in dict.fromkeys(words):
        found = sum(names(student, word) for student in students)
        if found != 1:
            notes.append(Note("several" if found else "nobody", word))
    return tuple(notes)
