"""One Python file on its way to being somebody's submission, and the order of attempts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from grader.classroom.collecting.found import Found
from grader.classroom.collecting.subjects import Evidence

# A zip's times have 2 s; what is unpacked or copied at once lies closer together than this.
_APART = 60.0


@dataclass(frozen=True)
class Piece:
    """A file with its student and exercise; what orders it among others of the same."""

    found: Found
    student: str
    exercise: str
    evidence: Evidence
    name: str
    turn: int | None = None
    upload: int = 0
    late: bool = False
    committed_at: datetime | None = None
    complete: bool = True  # defines functions of its exercise
    attempt: int = 1

    @property
    def path(self) -> str:
        """Where it was found."""
        return self.found.path

    @property
    def time(self) -> float:
        """The commit's time, or the file's own, in seconds; 0 where there is none."""
        at = self.committed_at or self.found.at
        return at.timestamp() if at else 0.0


@dataclass(frozen=True)
class Sorted:
    """The files of one student for one exercise: attempts in order, and what is none.

    ``alike`` are those that could not be told apart; ``by_time`` that their times ordered them.
    """

    attempts: tuple[Piece, ...]
    duplicates: tuple[tuple[Piece, Piece], ...] = ()  # with the one that it is the same as
    superseded: tuple[tuple[Piece, Piece], ...] = ()  # with the one that was chosen
    alike: tuple[Piece, ...] = ()
    by_time: bool = False


def sort_out(pieces: Sequence[Piece]) -> Sorted:
    """Order a student's files for one exercise, the oldest first."""
    pieces = sorted(pieces, key=_place)
    best = min(_rank(piece) for piece in pieces)
    chosen = [piece for piece in pieces if _rank(piece) == best]
    superseded = [(piece, chosen[0]) for piece in pieces if _rank(piece) != best]
    first: dict[str, Piece] = {}
    duplicates = []
    for piece in chosen:
        same = first.setdefault(piece.found.sha256, piece)
        if same is not piece:
            duplicates.append((piece, same))
    for piece, _ in list(superseded):
        if piece.found.sha256 in first:
            superseded = [pair for pair in superseded if pair[0] is not piece]
            duplicates.append((piece, first[piece.found.sha256]))
    attempts, alike, by_time = _numbered(list(first.values()))
    return Sorted(attempts, tuple(duplicates), tuple(superseded), alike, by_time)


def _rank(piece: Piece) -> tuple[int, int]:
    """Return how likely a file is the one: its name tells more than its folder or functions."""
    named = piece.evidence <= Evidence.NAME
    group = 0 if piece.evidence is Evidence.SUITE else 1 if named or piece.complete else 2
    return group, 0 if named or piece.evidence is Evidence.WORDS else 1


def _place(piece: Piece) -> tuple[int, int, int, int, str]:
    """Order by marks, then the outermost and the shortest first: a copy is neither."""
    steps = piece.found.steps
    return _turn(piece), piece.upload, len(steps), len(steps[-1]), piece.path


def _turn(piece: Piece) -> int:
    return piece.turn or 0


def _numbered(pieces: list[Piece]) -> tuple[tuple[Piece, ...], tuple[Piece, ...], bool]:
    """Number attempts by their marks, else by the platform's counting, else by their times."""
    if len(pieces) < 2:
        return tuple(pieces), (), False
    if _all_differ([(_turn(piece), piece.upload) for piece in pieces]):
        return _counted(pieces), (), False
    if len({piece.found.archived for piece in pieces}) > 1:
        # A zip's times are when it was written, a file's often when it was unpacked.
        return tuple(pieces), tuple(pieces), False
    timed = sorted((piece.time, piece.path, piece) for piece in pieces)
    if all(later[0] - one[0] >= _APART for one, later in pairwise(timed)):
        return _counted([piece for _, _, piece in timed]), (), True
    return tuple(pieces), tuple(pieces), False


def _counted(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    return tuple(replace(piece, attempt=at) for at, piece in enumerate(pieces, 1))


def _all_differ(values: Sequence[object]) -> bool:
    return len(set(values)) == len(values)
