"""What somebody must look at: our errors, odd files, who is missing, who is late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.classroom.exports._dashboard_counted import Counted, Standing, state_of
from grader.classroom.exports._dashboard_rows import name_of
from grader.classroom.exports._dashboard_words import Words
from grader.classroom.gradebook import Gradebook
from grader.classroom.model import ClassResult, Graded, Remark, Student
from grader.report._layout import cut

_ODD = ("unknown", "refused", "unreadable")
_LOG, _LONG, _PATHS = 4000, 400, 8
MOST = 300  # rows of one list; how many more there are is said


@dataclass(frozen=True)
class Broken:
    """A submission that we could not grade; ``log`` is for the instructor."""

    student: str
    graded: Graded
    why: str
    log: str


@dataclass(frozen=True)
class Odd:
    """A file that is nobody's, or that may not be read."""

    path: str
    role: str
    why: str


@dataclass(frozen=True)
class Said:
    """A remark: what it is, whom it concerns, the files."""

    words: str
    student: str
    paths: Sequence[str]
    more: int


@dataclass(frozen=True)
class Late:
    """A submission that counts and came late."""

    student: str
    counted: Counted
    by: str


@dataclass(frozen=True, kw_only=True)
class Look:
    """All of it."""

    broken: Sequence[Broken]
    waiting: int
    odd: Sequence[Odd]
    remarks: Sequence[Said]
    missing: Sequence[Student]
    late: Sequence[Late]


def look(result: ClassResult, book: Gradebook, standing: Standing, words: Words) -> Look:
    """Return what somebody must look at."""
    names = {student.key: name_of(student) for student in result.collection.students}
    return Look(
        broken=[_broken(one, names, words) for one in result.graded if state_of(one) == "error"],
        waiting=sum(state_of(graded) == "waiting" for graded in result.graded),
        odd=[
            Odd(cut(entry.path, _LONG), entry.role, cut(words.entry(entry), _LONG))
            for entry in result.collection.entries
            if entry.role in _ODD
        ],
        remarks=[
            *(Said(words(f"note_{note.about}", word=note.word), "", (), 0) for note in book.notes),
            *(_said(remark, names, words) for remark in result.collection.remarks),
        ],
        missing=result.collection.missing(),
        late=[
            Late(
                cut(names[key], 80),
                counted,
                words.late(counted.cell) if counted.cell.late_s else "",
            )
            for (key, _), counted in standing.items()
            if counted.late
        ],
    )


def _said(remark: Remark, names: Mapping[str, str], words: Words) -> Said:
    said = words.remark(remark)
    name = names.get(remark.student, remark.student)
    return Said(
        cut(said, _LONG),
        "" if name in said else cut(name, 80),
        [cut(path, _LONG) for path in remark.paths[:_PATHS]],
        max(len(remark.paths) - _PATHS, 0),
    )


def _broken(graded: Graded, names: Mapping[str, str], words: Words) -> Broken:
    checks = graded.verdict.checks if graded.verdict else ()
    said = [check.message for check in checks if check.status == "error" and check.message.strip()]
    why = said[0] if said else graded.log.strip().partition("\n")[0]
    handed = graded.handed
    log = graded.log.strip()
    return Broken(
        cut(names.get(handed.student, handed.student), 80),
        graded,
        cut(why, _LONG) or words("no_reason"),
        log if len(log) <= _LOG else f"{log[: _LOG // 2]}\n…\n{log[-_LOG // 2 :]}",
    )
