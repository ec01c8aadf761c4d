"""What counts of each student for each exercise: the gradebook's cells with their checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from grader.classroom.gradebook import Cell, Flag, Gradebook
from grader.classroom.model import ClassResult, Graded
from grader.model import CheckResult, Exercise, Verdict

State = Literal["passed", "failed", "error", "waiting", "missing", "excused"]
_LATE: frozenset[Flag] = frozenset({"late", "late_unknown", "too_late"})


@dataclass(frozen=True)
class Counted:
    """One student's standing in one exercise; ``attempts`` are all files, the oldest first."""

    exercise: Exercise
    cell: Cell
    state: State
    attempts: Sequence[Graded]

    @property
    def verdict(self) -> Verdict | None:
        """The verdict that counts, where there is one and we could grade."""
        return self.cell.verdict if self.state in ("passed", "failed") else None

    @property
    def share(self) -> float | None:
        """The points, after late rules, as a part of the most that can be had."""
        points, most = self.cell.points, self.cell.out_of
        return None if points is None or not most else float(points / most)

    @property
    def late(self) -> bool:
        """Whether it came late, by the course's rules or, without them, by the platform's word."""
        return not _LATE.isdisjoint(self.cell.flags)

    @property
    def unsure(self) -> bool:
        """Whether several files could be the attempt that counts."""
        return "two_candidates" in self.cell.flags

    def checks(self) -> Sequence[CheckResult | None]:
        """Return the result of each of the exercise's checks, in their order."""
        verdict = self.cell.verdict
        found = {check.id: check for check in verdict.checks} if verdict else {}
        return [found.get(check.id) for check in self.exercise.checks]


Standing = Mapping[tuple[str, str], Counted]


def standing(result: ClassResult, book: Gradebook) -> Standing:
    """Return what counts, by student's key and exercise's id, in the gradebook's order."""
    return {(one.cell.student, one.exercise.id): one for one in _all(result, book)}


def _all(result: ClassResult, book: Gradebook) -> Iterator[Counted]:
    attempts: dict[tuple[str, str], list[Graded]] = {}
    for graded in result.graded:
        attempts.setdefault((graded.handed.student, graded.handed.exercise), []).append(graded)
    for row in book.rows:
        for exercise, cell in zip(book.exercises, row.cells, strict=True):
            files = attempts.get((cell.student, exercise.id), [])
            files.sort(key=lambda one: (one.handed.attempt, one.handed.origin))
            yield Counted(exercise, cell, _state(cell), files)


def state_of(graded: Graded) -> State:
    """Return what came of one file that was handed in."""
    if graded.verdict is None:
        return "error" if graded.log else "waiting"
    return graded.verdict.status


def _state(cell: Cell) -> State:
    if cell.status == "excused":
        return "excused"
    if cell.chosen is None:
        return "missing"
    if cell.status == "error":
        return "waiting" if state_of(cell.chosen) == "waiting" else "error"
    return state_of(cell.chosen)
