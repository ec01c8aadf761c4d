"""Grades a class by the command line, for real, with ``kill -9`` on the way; looks at the store."""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from select import select

from grader.submission import MAX_SOURCE

from ..making import Truth

ROOT = Path(__file__).resolve().parents[3]
_PATIENCE = 600.0  # for one step of a run; a run as a whole has no bound


@dataclass(frozen=True)
class Drive:
    """How one class is graded: the command's source, results folder and further arguments."""

    truth: Truth
    results: Path
    arguments: tuple[str, ...] = ()

    def command(self) -> list[str]:
        """Return the command line."""
        roster = ["--roster", str(self.truth.roster)] if self.truth.roster else []
        start = [sys.executable, "-m", "grader", "grade-class", str(self.truth.source)]
        return [*start, *roster, "--out", str(self.results), "--lang", "en", *self.arguments]

    def run(self) -> subprocess.CompletedProcess[str]:
        """Grade to the end; return what it said."""
        return subprocess.run(
            self.command(), cwd=ROOT, capture_output=True, encoding="utf-8", check=False
        )

    def kill_after(self, verdicts: int) -> bool:
        """Grade until the store has so many verdicts, then kill -9; False: it was done before.

        Nothing of it is left behind when this returns (AssertionError).
        """
        with (self.results.parent / "killed.log").open("ab") as log:
            process = subprocess.Popen(self.command(), cwd=ROOT, stdout=log, stderr=log)
            try:
                _until(lambda: process.poll() is not None or len(self.kept()) >= verdicts)
                ended = process.poll() is not None
            finally:
                process.send_signal(signal.SIGKILL)
                process.wait()
        _until(lambda: not list(self._left()), f"left behind: {list(self._left())}")
        return not ended

    def kept(self) -> list[tuple[int, str, str]]:
        """Return the number, key and status of every verdict in the store."""
        path = self.results / "grades.sqlite3"
        if not path.exists():
            return []
        query = "SELECT id, hex(key), status FROM verdicts ORDER BY id"
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
                return [tuple(row) for row in database.execute(query)]
        except sqlite3.OperationalError:
            return []  # it is just being made

    def _left(self) -> Iterator[str]:
        """Give the processes that have this results folder in their environment."""
        mine = os.fsencode(self.results)
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if mine in (place / "environ").read_bytes() and place.name != str(os.getpid()):
                    yield place.name
            except OSError:
                continue


def files_to_grade(truth: Truth) -> int:
    """Return how many gradings a class needs: the same bytes for an exercise are graded once."""
    return len(
        {
            (name, hashlib.sha256(one.known.source[: MAX_SOURCE + 1]).digest())
            for (_, name), files in truth.handed.items()
            for one in files
        }
    )


def grade_with_kills(drive: Drive, kills: int) -> list[str]:
    """Grade a class, killed so many times on the way; return what is not as it must be."""
    todo, found = files_to_grade(drive.truth), []
    before: list[tuple[int, str, str]] = []
    for number in range(1, kills + 1):
        if not drive.kill_after(todo * number // (kills + 1)):
            found.append(f"it came to its end before the {number}. kill")
        now = drive.kept()
        if now[: len(before)] != before:
            found.append(f"the {number}. run lost verdicts, or changed some")
        before = now
    ended = drive.run()
    if ended.returncode != 0:
        found.append(f"exit code {ended.returncode}: {ended.stderr[-500:]}")
    after = drive.kept()
    if after[: len(before)] != before:
        found.append("the last run lost verdicts, or changed some")
    keys = [key for _, key, _ in after]
    if len(set(keys)) != len(keys):
        found.append(f"{len(keys) - len(set(keys))} verdicts of what had been graded")
    if len(set(keys)) != todo:
        found.append(f"{len(set(keys))} keys graded, not {todo}")
    if errors := [key for _, key, status in after if status == "error"]:
        found.append(f"{len(errors)} grader errors")
    again = drive.run()
    if again.returncode != 0 or drive.kept() != after:
        found.append(f"grading it once more: {again.returncode}, {len(drive.kept())} verdicts")
    return found


def _until(is_so: Callable[[], bool], problem: str = "it never came about") -> None:
    end = time.monotonic() + _PATIENCE
    while not is_so():
        assert time.monotonic() < end, problem
        select([], [], [], 0.02)
