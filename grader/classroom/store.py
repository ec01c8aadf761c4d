"""Where grades are kept: one SQLite file, in which nothing is ever overwritten.

Every verdict is a row of its own, written in a transaction of its own (write-ahead log,
``synchronous=FULL``: when `record` returns, it outlives a power cut).  What counts for a key
(`work.key_of`) is its newest verdict that is no fault of ours.  One program at a time has a file.

``--regrade`` is kept per exercise.  Asking for it lists the keys that are to be graded again
(table ``again``); a key leaves the list in the transaction that records its new verdict, so who
goes on after an interruption, with or without ``--regrade``, neither forgets one nor grades one
twice.  While something asked for is left on the list, asking again goes on with the open rounds;
else all is graded anew, also after a kill between the last verdict and the end of its run.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import stat
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

import msgspec

from grader.classroom._packing import TABLE, Packing
from grader.classroom.model import Handed
from grader.classroom.work import Done
from grader.model import Language, Verdict
from grader.texts import text

NAME = "grades.sqlite3"
LOCK = "grades.lock"
SCHEMA = 1
APPLICATION = 0x646F6A6F  # "dojo"
MOST_LOG = 256 << 10
_TABLES = f"""
CREATE TABLE {TABLE};
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, ended TEXT, source TEXT NOT NULL,
    version TEXT NOT NULL, engine TEXT NOT NULL, language TEXT NOT NULL, isolation TEXT NOT NULL,
    regrade INTEGER NOT NULL, list INTEGER);
CREATE TABLE lists (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE);
CREATE TABLE handed (
    list INTEGER NOT NULL, student TEXT NOT NULL, exercise TEXT NOT NULL,
    attempt INTEGER NOT NULL, origin TEXT NOT NULL, sha256 BLOB NOT NULL, key BLOB NOT NULL);
CREATE INDEX handed_list ON handed (list);
CREATE TABLE verdicts (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL, run INTEGER NOT NULL, round INTEGER NOT NULL,
    at TEXT NOT NULL, exercise TEXT NOT NULL, sha256 BLOB NOT NULL, status TEXT NOT NULL,
    error TEXT NOT NULL, log BLOB, dictionary INTEGER, verdict BLOB);
CREATE INDEX verdicts_key ON verdicts (key);
CREATE INDEX verdicts_work ON verdicts (sha256, exercise);
CREATE TABLE rounds (
    exercise TEXT PRIMARY KEY, round INTEGER NOT NULL, open INTEGER NOT NULL);
CREATE TABLE again (key BLOB PRIMARY KEY, exercise TEXT NOT NULL)
"""


class StoreError(Exception):
    """The file of grades cannot be used; the text is one line in the reader's language."""


@dataclass(frozen=True)
class Kept:
    """One verdict as it is kept: when it was made, and by which run; "" is no error."""

    at: datetime
    run: int
    status: str
    verdict: Verdict | None
    error: str
    log: str


@dataclass(frozen=True)
class Run:
    """What somebody asked for: from where, and how."""

    source: str
    version: str
    engine: str
    language: Language
    isolation: str
    regrade: bool


class Store:
    """The grades of one class, in a folder; nobody else has the file meanwhile (StoreError)."""

    def __init__(self, folder: Path, language: Language) -> None:
        self.path = folder / NAME
        self._language = language
        self._packing = Packing()
        self._rounds: dict[str, int] = {}
        self._made: list[Path] = []  # folders, the innermost first
        self._lock: IO[bytes] | None = None
        self._database: sqlite3.Connection | None = None
        with self._telling():
            self._check_folder(folder)
            if not folder.is_dir():
                made = [path for path in (folder, *folder.parents) if not path.exists()]
                folder.mkdir(parents=True, mode=0o700)  # grades are nobody else's business
                self._made = made
        try:
            self._take(folder / LOCK)
            with self._telling():
                self._open()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file; where nothing came of it, leave no new folder behind."""
        unused = self._is_unused()
        if self._database is not None:
            with contextlib.suppress(sqlite3.Error):
                self._database.close()
            self._database = None
        if unused:
            with contextlib.suppress(OSError):
                self.path.unlink()
                self.path.with_name(LOCK).unlink()
                for folder in self._made:
                    folder.rmdir()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Store:
        """Return the store itself."""
        return self

    def __exit__(self, *problem: object) -> None:
        """Let go of the file."""
        self.close()

    def _is_unused(self) -> bool:
        """Say whether the folder is ours and new, and nothing is kept in it."""
        if not self._made or self._database is None:
            return False
        query = "SELECT (SELECT count(*) FROM runs) + (SELECT count(*) FROM verdicts)"
        with contextlib.suppress(sqlite3.Error):
            return bool(self._database.execute(query).fetchone()[0] == 0)
        return False

    # -- runs --------------------------------------------------------------------------

    def other_class(self, source: str, students: Iterable[str]) -> str:
        """Return where the grades come from if that is another class, else "".

        Another class has another source, and none of its students is among ``students`` (keys).
        """
        with self._telling():
            found = self._db.execute("SELECT source FROM runs ORDER BY id DESC").fetchall()
            there = {row[0] for row in self._db.execute("SELECT DISTINCT student FROM handed")}
        sources: list[str] = [row[0] for row in found]
        if _clean(source) in sources or there & {_clean(key) for key in students}:
            return ""
        return sources[0] if sources and there else ""

    def begin(self, run: Run, handed: Sequence[tuple[Handed, str]]) -> int:
        """Note a run, and what was handed in with the keys of that; return the run's number."""
        digest = hashlib.sha256()
        for one, key in handed:
            digest.update(json.dumps([msgspec.to_builtins(one), key]).encode())
        with self._writing() as database:
            query = "SELECT id FROM lists WHERE digest = ?"
            found = database.execute(query, [digest.digest()]).fetchone()
            number = found[0] if found else None
            if found is None:
                made = database.execute("INSERT INTO lists (digest) VALUES (?)", [digest.digest()])
                number = made.lastrowid
                database.executemany(
                    "INSERT INTO handed VALUES (?, ?, ?, ?, ?, ?, ?)",
                    ([number, *_row(one, key)] for one, key in handed),
                )
            asked = [run.version, run.engine, run.language, run.isolation, int(run.regrade)]
            made = database.execute(
                "INSERT INTO runs (at, source, version, engine, language, isolation, regrade, list)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [_now(), _clean(run.source), *asked, number],
            )
            assert made.lastrowid is not None
            return made.lastrowid

    def ask_again(self, asked: Mapping[str, Iterable[str]]) -> None:
        """List keys, by exercise, for being graded again: on with what is left, or a new round."""
        listed = {exercise: [_blob(key) for key in keys] for exercise, keys in asked.items()}
        with self._writing() as database:
            again = {row[0] for row in database.execute("SELECT key FROM again")}
            goes_on = not all(again.isdisjoint(keys) for keys in listed.values())
            for exercise, keys in listed.items():
                round_ = self._round(exercise)
                query = "SELECT 1 FROM rounds WHERE exercise = ? AND open"
                if not goes_on or database.execute(query, [exercise]).fetchone() is None:
                    self._rounds[exercise] = round_ = round_ + 1
                    query = "INSERT OR REPLACE INTO rounds VALUES (?, ?, 1)"
                    database.execute(query, [exercise, round_])
                for key in keys:
                    query = "SELECT 1 FROM verdicts WHERE key = ? AND round >= ? LIMIT 1"
                    if database.execute(query, [key, round_]).fetchone() is None:
                        query = "INSERT OR IGNORE INTO again VALUES (?, ?)"
                        database.execute(query, [key, exercise])

    def to_do(self, keys: Iterable[str]) -> list[str]:
        """Return which keys are to be graded: those without a grade, and those listed again."""
        with self._telling():
            again = {row[0] for row in self._db.execute("SELECT key FROM again")}
            return [key for key in keys if _blob(key) in again or not self._has_grade(key)]

    def end(self, run: int, exercises: Iterable[str]) -> None:
        """Note that a run has come to its end, and with it the rounds of its exercises."""
        with self._writing() as database:
            database.execute("UPDATE runs SET ended = ? WHERE id = ?", [_now(), run])
            for exercise in exercises:
                database.execute("DELETE FROM again WHERE exercise = ?", [exercise])
                database.execute("UPDATE rounds SET open = 0 WHERE exercise = ?", [exercise])

    # -- verdicts ----------------------------------------------------------------------

    def record(self, key: str, exercise: str, sha256: str, done: Done, run: int) -> None:
        """Keep what came of one job, for good."""
        verdict = done.verdict
        status = "error" if verdict is None else verdict.status
        at, digest = _now(), bytes.fromhex(sha256)
        log = zlib.compress(_clean(done.log[-MOST_LOG:]).encode(), 9) if done.log else None
        with self._writing() as database:
            dictionary, packed = (
                self._packing.pack(database, verdict) if verdict is not None else (None, None)
            )
            values = [_blob(key), run, self._round(exercise), at, exercise, digest, status]
            database.execute(
                "INSERT INTO verdicts (key, run, round, at, exercise, sha256, status, error, log,"
                " dictionary, verdict) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [*values, _clean(done.error), log, dictionary, packed],
            )
            database.execute("DELETE FROM again WHERE key = ?", [_blob(key)])

    def current(self, key: str) -> Kept | None:
        """Return what counts for a key: its newest grade, else our newest failure."""
        return self._one("key = ? ORDER BY status = 'error', id DESC", [_blob(key)])

    def last(self, key: str) -> Kept | None:
        """Return what came of a key the last time, whether or not it counts."""
        return self._one("key = ? ORDER BY id DESC", [_blob(key)])

    def earlier(self, exercise: str, sha256: str) -> Kept | None:
        """Return the newest grade of the same bytes under any key: by another grader, say."""
        where = "sha256 = ? AND exercise = ? AND status != 'error' ORDER BY id DESC"
        try:
            return self._one(where, [bytes.fromhex(sha256), exercise])
        except msgspec.ValidationError:
            return None  # a verdict of other times

    def _one(self, where: str, values: Sequence[object]) -> Kept | None:
        with self._telling():
            row = self._db.execute(
                "SELECT at, run, status, error, log, dictionary, verdict FROM verdicts"
                f" WHERE {where} LIMIT 1",
                values,
            ).fetchone()
            if row is None:
                return None
            at, run, status, error, log, dictionary, packed = row
            verdict = None if packed is None else self._packing.unpack(self._db, dictionary, packed)
            said = zlib.decompress(log).decode("utf-8", "replace") if log else ""
            return Kept(datetime.fromisoformat(at), run, status, verdict, error, said)

    def _has_grade(self, key: str) -> bool:
        query = "SELECT 1 FROM verdicts WHERE key = ? AND status != 'error' LIMIT 1"
        return self._db.execute(query, [_blob(key)]).fetchone() is not None

    def _round(self, exercise: str) -> int:
        if exercise not in self._rounds:
            query = "SELECT round FROM rounds WHERE exercise = ?"
            found = self._db.execute(query, [exercise]).fetchone()
            self._rounds[exercise] = found[0] if found else 0
        return self._rounds[exercise]

    # -- the file ----------------------------------------------------------------------

    @property
    def _db(self) -> sqlite3.Connection:
        assert self._database is not None
        return self._database

    def _check_folder(self, folder: Path) -> None:
        """Refuse a folder that is somebody else's: what lies in it would be written over."""
        if not folder.is_dir():
            if folder.exists():
                raise StoreError(self._say("store_no_folder", folder=folder))
        elif not self.path.exists() and any(
            path.name != LOCK and not path.name.startswith(".") for path in folder.iterdir()
        ):
            raise StoreError(self._say("store_not_ours", folder=folder))

    def _take(self, path: Path) -> None:
        """Hold the lock of the folder as long as the store is open."""
        with self._telling():
            self._lock = open(path, "ab")  # noqa: SIM115 - open as long as the store is
        try:
            _lock_file(self._lock)
        except OSError:
            raise StoreError(self._say("store_busy")) from None

    def _open(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISREG(os.stat(self.path).st_mode):
                raise StoreError(self._say("store_foreign"))
        self._database = database = sqlite3.connect(
            str(self.path), isolation_level=None, timeout=5.0
        )
        tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        application = database.execute("PRAGMA application_id").fetchone()[0]
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if tables and application != APPLICATION:
            raise StoreError(self._say("store_foreign"))
        if version > SCHEMA:
            raise StoreError(self._say("store_newer"))
        # Where a file system has no shared memory, SQLite stays with its rollback journal.
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        if not tables:
            database.execute("BEGIN IMMEDIATE")
            for statement in _TABLES.split(";"):
                database.execute(statement)
            database.execute(f"PRAGMA application_id = {APPLICATION}")
            database.execute(f"PRAGMA user_version = {SCHEMA}")
            database.execute("COMMIT")

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Do something in one transaction: all of it is kept, or none."""
        with self._telling():
            database = self._db
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                # What was to be remembered of it is to be read again.
                self._packing.forget()
                self._rounds.clear()
                with contextlib.suppress(sqlite3.Error):
                    database.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        """Turn what the system or SQLite complain of into one line."""
        try:
            yield
        except (sqlite3.Error, zlib.error) as error:
            # SQLITE_CORRUPT and SQLITE_NOTADB have no class of their own.
            broken = type(error) is sqlite3.DatabaseError or isinstance(error, zlib.error)
            key = "store_broken" if broken else "store_fails"
            raise StoreError(self._say(key, error=error)) from error
        except OSError as error:
            problem = error.strerror or error
            raise StoreError(self._say("store_fails", error=problem)) from error

    def _say(self, key: str, **values: object) -> str:
        return text(f"classroom.{key}", self._language, path=self.path, **values)


def _row(one: Handed, key: str) -> list[Any]:
    named = [_clean(one.student), one.exercise, one.attempt, _clean(one.origin)]
    return [*named, bytes.fromhex(one.sha256), _blob(key)]


def _blob(key: str) -> bytes:
    return bytes.fromhex(key)


def _clean(words: str) -> str:
    """Return a text as UTF-8 can have it: a file's name may be any bytes."""
    return words.encode("utf-8", "backslashreplace").decode()


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def _lock_file(file: IO[bytes]) -> None:
    """Lock a file for this process; the system lets go of it with the process (OSError)."""
    try:
        import fcntl
    except ImportError:
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        return
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
