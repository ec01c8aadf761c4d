"""What the dashboard adds up: diagnoses, checks, scores, exercises, the slowest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from markupsafe import Markup

from grader.classroom.exports._dashboard_counted import Counted, Standing
from grader.classroom.exports._dashboard_words import Words
from grader.classroom.model import Student
from grader.model import Check, Exercise
from grader.pages import Page
from grader.report._markup import explanation

_Key = tuple[str, Page | None, str]  # the id, its page, the exercise that alone has it
_BAD = ("failed", "stuck")
# What is said of a whole file, in every check of it: none of them could be begun.
_UNLOADED = frozenset({
    "file_missing", "file_is_directory", "file_not_regular", "file_empty", "file_too_big",
    "file_not_utf8", "file_not_python", "syntax_error", "not_compilable", "import_raised",
    "import_ended", "endless_import",
})  # fmt: skip
_BINS = 10
_SLOWEST = 10
_HEADING = 4  # of a page's first section, below the diagnosis's own


@dataclass(frozen=True)
class Bar:
    """One column of a distribution: its label, how many, and that as a part of the highest."""

    label: str
    count: int
    part: float


@dataclass(frozen=True)
class Scores:
    """How scores are spread over a class: of one exercise, or (None) of all."""

    exercise: Exercise | None
    bars: Sequence[Bar]
    count: int
    middle: float | None


@dataclass(frozen=True, kw_only=True)
class DiagnosisView:
    """One reason why checks failed, and for how many students."""

    number: int
    title: str
    sentence: str
    page: Markup | None
    students: int
    share: float
    where: Sequence[tuple[str, int]]


@dataclass(frozen=True, kw_only=True)
class CheckView:
    """One check: for how many of those whose file was checked it failed, and mostly why.

    ``mostly`` is the commonest reason of its own, ``often`` how often, ``diagnosis`` its number
    (-1: it has none).  Counted apart: ``follows`` from another failure, and ``unloaded``, where
    the whole file could not be loaded.
    """

    exercise: Exercise
    number: int
    check: Check
    tried: int
    failed: int
    share: float
    mostly: str
    often: int
    diagnosis: int
    follows: int
    unloaded: int


@dataclass(frozen=True, kw_only=True)
class ExerciseView:
    """One exercise: how many students stand where."""

    exercise: Exercise
    title: str
    states: Mapping[str, int]
    handed: int
    late: int
    scores: Scores


@dataclass(frozen=True)
class Slow:
    """One submission that took long."""

    student: Student
    exercise: Exercise
    seconds: float


def causes(counted: Counted) -> set[str]:
    """Return the diagnoses of what failed, without what follows from another failure."""
    checks = counted.verdict.checks if counted.verdict else ()
    return {c.diagnosis for c in checks if c.status in _BAD and c.diagnosis and not c.because}


def diagnoses(
    standing: Standing, words: Words
) -> tuple[list[DiagnosisView], dict[tuple[str, str], int]]:
    """Return the diagnoses, the commonest first, and their numbers by exercise and id.

    One id is one diagnosis in all exercises where one page explains it: two exercises may call
    different things by one name.
    """
    students: dict[_Key, set[str]] = {}
    where: dict[_Key, Counter[str]] = {}
    first: dict[_Key, Exercise] = {}
    for (student, _), counted in standing.items():
        for name in causes(counted):
            key = _key(counted.exercise, name, words)
            students.setdefault(key, set()).add(student)
            where.setdefault(key, Counter())[counted.exercise.id] += 1
            first.setdefault(key, counted.exercise)
    everybody = len({student for student, _ in standing}) or 1
    order = sorted(students, key=lambda key: (-len(students[key]), key[0], min(where[key])))
    views = []
    for n, key in enumerate(order):
        name, page, _ = key
        views.append(
            DiagnosisView(
                number=n,
                title=words.diagnosis(first[key], name),
                sentence=words.sentence(first[key], name) if page else "",
                page=explanation(page.body, _HEADING, words("drawing")) if page else None,
                students=len(students[key]),
                share=len(students[key]) / everybody,
                where=sorted(where[key].items()),
            )
        )
    numbers = {(exercise, key[0]): n for n, key in enumerate(order) for exercise in where[key]}
    return views, numbers


def _key(exercise: Exercise, diagnosis: str, words: Words) -> _Key:
    own = diagnosis in exercise.diagnoses
    page = words.page(exercise, diagnosis)
    return diagnosis, page, exercise.id if own and not page else ""


def checks(
    exercises: Sequence[Exercise],
    standing: Standing,
    numbers: Mapping[tuple[str, str], int],
    words: Words,
) -> list[CheckView]:
    """Return every check, the hardest first; ``numbers`` are those of diagnoses."""
    found = []
    for exercise in exercises:
        cells = [counted for (_, name), counted in standing.items() if name == exercise.id]
        results = [cell.checks() for cell in cells if cell.state in ("passed", "failed")]
        for at, check in enumerate(exercise.checks):
            here = [one for row in results if (one := row[at])]
            failed = [one for one in here if one.status in _BAD]
            tried = len(failed) + sum(one.status == "passed" for one in here)
            loaded = [one for one in failed if one.diagnosis not in _UNLOADED]
            why = Counter(one.diagnosis for one in loaded if not one.because)
            mostly = min(why, key=lambda name: (-why[name], name), default="")
            found.append(
                CheckView(
                    exercise=exercise,
                    number=at + 1,
                    check=check,
                    tried=tried,
                    failed=len(failed),
                    share=len(failed) / tried if tried else 0.0,
                    mostly=words.diagnosis(exercise, mostly) if mostly else "",
                    often=why[mostly],
                    diagnosis=numbers.get((exercise.id, mostly), -1),
                    follows=sum(bool(one.because) for one in loaded),
                    unloaded=len(failed) - len(loaded),
                )
            )
    return sorted(found, key=lambda view: -view.share)


def scores(exercise: Exercise | None, shares: Iterable[float | None]) -> Scores:
    """Return the distribution of scores (parts of 1; who has none is left out)."""
    known = [share for share in shares if share is not None]
    bins = Counter(min(max(int(share * _BINS + 1e-9), 0), _BINS - 1) for share in known)
    highest = max(bins.values(), default=1)
    width = 100 // _BINS
    bars = [Bar(f"{width * n}", bins[n], bins[n] / highest) for n in range(_BINS)]
    return Scores(exercise, bars, len(known), median(known) if known else None)


def overview(exercises: Sequence[Exercise], standing: Standing, words: Words) -> list[ExerciseView]:
    """Return what came of each exercise."""
    views = []
    for exercise in exercises:
        cells = [counted for (_, name), counted in standing.items() if name == exercise.id]
        states = Counter[str](cell.state for cell in cells)
        views.append(
            ExerciseView(
                exercise=exercise,
                title=exercise.title.in_language(words.language),
                states=states,
                handed=sum(bool(cell.attempts) for cell in cells),
                late=sum(cell.late for cell in cells),
                scores=scores(exercise, (cell.share for cell in cells)),
            )
        )
    return views


def slowest(students: Sequence[Student], standing: Standing) -> list[Slow]:
    """Return the submissions that took longest, of those that count."""
    known = {student.key: student for student in students}
    found = [
        Slow(known[key], counted.exercise, counted.verdict.duration_s)
        for (key, _), counted in standing.items()
        if counted.verdict
    ]
    return sorted(found, key=lambda slow: -slow.seconds)[:_SLOWEST]
