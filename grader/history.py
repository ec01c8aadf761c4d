"""What a learner has done so far: attempts, hints, solutions given up for, resets.

Kept in ``.dojo/history.sqlite3`` under the suite's root, never in an exercise, and never needed:
whatever is wrong with it costs one line on standard error and what would have been recorded,
never a grading (`grader.store`).
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.catalog import read_regular
from grader.model import Language, Verdict, first_things_first
from grader.settings import FOLDER
from grader.store import Store, relative, to_stderr
from grader.submission import MAX_SOURCE

if TYPE_CHECKING:
    import sqlite3

SCHEMA = 1
_MOST_SOURCE = 1 << 18  # compressed; what is bigger is no exercise's solution
_MOST_CHECKS = 10_000
_TABLES = """
CREATE TABLE sources (sha256 TEXT PRIMARY KEY, zlib BLOB NOT NULL);
CREATE TABLE attempts (
  id INTEGER PRIMARY KEY, at TEXT NOT NULL, exercise TEXT NOT NULL, sha256 TEXT NOT NULL,
  path TEXT NOT NULL, status TEXT NOT NULL, score REAL NOT NULL, max_score REAL NOT NULL,
  passed INTEGER NOT NULL, counted INTEGER NOT NULL, checks TEXT NOT NULL,
  complete INTEGER NOT NULL, isolation TEXT NOT NULL, duration_s REAL NOT NULL);
CREATE INDEX attempts_of ON attempts (exercise, id);
CREATE TABLE hints (
  exercise TEXT NOT NULL, check_id TEXT NOT NULL, diagnosis TEXT NOT NULL,
  stage INTEGER NOT NULL, at TEXT NOT NULL, PRIMARY KEY (exercise, check_id, diagnosis));
CREATE TABLE given_up (exercise TEXT PRIMARY KEY, at TEXT NOT NULL);
CREATE TABLE resets (id INTEGER PRIMARY KEY, at TEXT NOT NULL, exercise TEXT NOT NULL,
  kept TEXT NOT NULL);
"""
_COLUMNS = (
    "at, exercise, sha256, path, status, score, max_score, passed, counted, checks, complete,"
    " isolation, duration_s"
)


@dataclass(frozen=True)
class Checked:
    """What one check of an attempt came to, as in `model.CheckResult`."""

    id: str
    status: str
    diagnosis: str = ""
    because: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the learner has something to mend here."""
        return self.status in ("failed", "stuck")


@dataclass(frozen=True)
class Attempt:
    """One grading on record.

    ``when`` is in UTC; ``path`` is relative to the suite's root where the file is inside;
    ``complete`` says whether every check was asked for; ``passed`` and ``counted`` are checks.
    """

    when: datetime
    exercise: str
    sha256: str
    path: str
    status: str
    score: float
    max_score: float
    passed: int
    counted: int
    checks: tuple[Checked, ...]
    complete: bool
    isolation: str
    duration_s: float

    @property
    def first_open(self) -> Checked | None:
        """The check to mend first: the first open one that no other open one explains."""
        return first_open(self.checks)


@dataclass
class Standing:
    """Where a learner stands with one exercise; ``best`` and ``last`` are complete attempts
    wherever there is one.
    """

    attempts: int = 0
    best: Attempt | None = None
    last: Attempt | None = None
    passed_at: datetime | None = None
    given_up_at: datetime | None = None


def first_open(checks: Sequence[Checked]) -> Checked | None:
    """Return the check to mend first, None where none is open."""
    return next(iter(first_things_first(checks)), None)


def is_changed(attempt: Attempt, root: Path) -> bool:
    """Say whether the file that was graded is another one by now, or none at all."""
    try:
        source = read_regular(root / attempt.path, MAX_SOURCE + 1)
    except (OSError, ValueError):
        source = None
    return source is None or hashlib.sha256(source).hexdigest() != attempt.sha256


class History:
    """The history of one suite; exercises go by id (``ex03``).

    Nothing here raises over a file that cannot be read or written.  ``tell`` gets one line about
    the first thing that is wrong, in ``language``.
    """

    def __init__(
        self, root: Path, language: Language = "en", tell: Callable[[str], None] = to_stderr
    ) -> None:
        self.root = root
        self._store = Store(root, FOLDER, "history", SCHEMA, _TABLES, language, tell)

    # -- attempts ----------------------------------------------------------------------

    def record(self, verdict: Verdict, source: bytes | None, path: Path, complete: bool) -> None:
        """Note a grading.  ``source`` is kept where it is what was graded (its hash tells).

        What lies in ``solutions/`` is not the learner's work, and not recorded.
        """
        shown = relative(path, self.root)
        if shown.startswith("solutions/"):
            return
        counted = [check for check in verdict.checks if check.status not in ("skipped", "error")]
        row = (
            _now(),
            verdict.exercise,
            verdict.sha256,
            shown,
            verdict.status,
            verdict.score,
            verdict.max_score,
            sum(check.status == "passed" for check in counted),
            len(counted),
            json.dumps([[c.id, c.status, c.diagnosis, c.because] for c in verdict.checks]),
            complete,
            verdict.isolation.level,
            verdict.duration_s,
        )
        packed = None
        if source is not None and hashlib.sha256(source).hexdigest() == verdict.sha256:
            packed = zlib.compress(source)

        def write(database: sqlite3.Connection) -> None:
            marks = ", ".join("?" * len(row))
            database.execute(f"INSERT INTO attempts ({_COLUMNS}) VALUES ({marks})", row)
            if packed is not None and len(packed) <= _MOST_SOURCE:
                values = (verdict.sha256, packed)
                database.execute("INSERT OR IGNORE INTO sources VALUES (?, ?)", values)

        self._store.write(write)

    def attempts(self, exercise: str, limit: int = 20) -> list[Attempt]:
        """Return the last attempts at an exercise, the newest first."""
        query = f"SELECT {_COLUMNS} FROM attempts WHERE exercise = ? ORDER BY id DESC LIMIT ?"
        return _attempts(self._store.read(query, exercise, limit))

    def last(self, exercise: str, complete: bool = False) -> Attempt | None:
        """Return the newest attempt; ``complete``: the newest at all checks."""
        query = (
            f"SELECT {_COLUMNS} FROM attempts WHERE exercise = ? AND complete >= ?"
            " ORDER BY id DESC LIMIT 1"
        )
        return next(iter(_attempts(self._store.read(query, exercise, complete))), None)

    def best(self, exercise: str) -> Attempt | None:
        """Return the complete attempt with the most points, of several the first."""
        query = (
            f"SELECT {_COLUMNS} FROM attempts WHERE exercise = ? AND complete"
            " ORDER BY status = 'passed' DESC, score DESC, passed DESC, id LIMIT 1"
        )
        return next(iter(_attempts(self._store.read(query, exercise))), None)

    def passed(self, exercise: str) -> bool:
        """Say whether a complete attempt has passed."""
        query = "SELECT 1 FROM attempts WHERE exercise = ? AND complete AND status = 'passed'"
        return bool(self._store.read(f"{query} LIMIT 1", exercise))

    def known(self, exercise: str) -> tuple[Checked, ...]:
        """Return what was last seen of each check: the last complete attempt, and what later
        ones at single checks came to.  A fault of the grader's own says nothing of a check.
        """
        query = (
            f"SELECT {_COLUMNS} FROM attempts WHERE exercise = ?1 AND id >="
            " (SELECT coalesce(max(id), 0) FROM attempts WHERE exercise = ?1 AND complete"
            " AND status != 'error') ORDER BY id"
        )
        seen: dict[str, Checked] = {}
        for attempt in _attempts(self._store.read(query, exercise)):
            seen |= {check.id: check for check in attempt.checks if check.status != "error"}
        return tuple(seen.values())

    def source(self, sha256: str) -> bytes | None:
        """Return a submission that was graded, by its hash; None where it was not kept."""
        for (packed,) in self._store.read("SELECT zlib FROM sources WHERE sha256 = ?", sha256):
            with suppress(zlib.error, TypeError):
                found = zlib.decompressobj().decompress(packed, 1 << 20)
                return found if hashlib.sha256(found).hexdigest() == sha256 else None
        return None

    def standing(self) -> dict[str, Standing]:
        """Return where the learner stands with each exercise that there is something about."""
        found: dict[str, Standing] = {}
        for exercise, count, passed_at in self._store.read(
            "SELECT exercise, count(*), min(CASE WHEN complete AND status = 'passed' THEN at END)"
            " FROM attempts GROUP BY exercise"
        ):
            last = self.last(exercise, complete=True) or self.last(exercise)
            best = self.best(exercise) or last
            found[exercise] = Standing(count, best, last, _when(passed_at))
        for exercise, at in self._store.read("SELECT exercise, at FROM given_up"):
            found.setdefault(exercise, Standing()).given_up_at = _when(at)
        return found

    # -- hints, solutions, resets --------------------------------------------------------

    def hint_stage(self, exercise: str, check: str, diagnosis: str) -> int:
        """Return how many stages of help have been shown for a check and a diagnosis."""
        query = "SELECT stage FROM hints WHERE exercise = ? AND check_id = ? AND diagnosis = ?"
        rows = self._store.read(query, exercise, check, diagnosis)
        stage = rows[0][0] if rows else 0
        return stage if isinstance(stage, int) and stage > 0 else 0

    def note_hint(self, exercise: str, check: str, diagnosis: str, stage: int) -> None:
        """Note that a stage of help has been shown (the first one is 1)."""
        row = (exercise, check, diagnosis, stage, _now())
        self._store.write(
            lambda d: d.execute("INSERT OR REPLACE INTO hints VALUES (?, ?, ?, ?, ?)", row)
        )

    def give_up(self, exercise: str) -> None:
        """Note that the solution was asked for before the exercise was passed; once."""
        row = (exercise, _now())
        self._store.write(lambda d: d.execute("INSERT OR IGNORE INTO given_up VALUES (?, ?)", row))

    def given_up(self, exercise: str) -> datetime | None:
        """Return when the learner gave an exercise up (UTC), None if not."""
        rows = self._store.read("SELECT at FROM given_up WHERE exercise = ?", exercise)
        return _when(rows[0][0]) if rows else None

    def note_reset(self, exercise: str, kept: Path) -> None:
        """Note that the stub was put back, and where the attempt before it is kept."""
        row = (_now(), exercise, relative(kept, self.root))
        self._store.write(
            lambda d: d.execute("INSERT INTO resets (at, exercise, kept) VALUES (?, ?, ?)", row)
        )

    def resets(self, exercise: str, limit: int = 20) -> list[tuple[datetime, str]]:
        """Return when the stub was put back and where the attempt before it is, newest first."""
        query = "SELECT at, kept FROM resets WHERE exercise = ? ORDER BY id DESC LIMIT ?"
        rows = [(_when(at), str(kept)) for at, kept in self._store.read(query, exercise, limit)]
        return [(when, kept) for when, kept in rows if when]


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def _when(at: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(at))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def _attempts(rows: Sequence[tuple[Any, ...]]) -> list[Attempt]:
    """Return the attempts that rows speak of; what is no attempt is passed over."""
    found = []
    for row in rows:
        with suppress(TypeError, ValueError, OverflowError, RecursionError):
            at, exercise, sha256, path, status, score, most, passed, counted, checks, *rest = row
            complete, isolation, duration_s = rest
            if not 0 <= int(passed) <= int(counted) <= _MOST_CHECKS:
                continue
            found.append(
                Attempt(
                    _when(at) or datetime.fromtimestamp(0, timezone.utc),
                    str(exercise),
                    str(sha256),
                    str(path),
                    str(status),
                    float(score),
                    float(most),
                    int(passed),
                    int(counted),
                    tuple(Checked(*map(str, check)) for check in json.loads(checks)),
                    bool(complete),
                    str(isolation),
                    float(duration_s),
                )
            )
    return found
