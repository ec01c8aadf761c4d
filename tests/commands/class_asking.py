"""``grade-class`` as tests ask for it: a small class, a backend that grades at once.

The fixtures are taken over by ``conftest.py``.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader import cli
from grader.classroom.store import NAME
from grader.commands import grade_class
from tests.classroom.conftest import FakeBackend

ROOT = Path(__file__).resolve().parents[2]

Answer = tuple[int, str, str]
Ask = Callable[..., Answer]


def hand_in(folder: Path, **files: bytes) -> Path:
    """Make a folder with a folder per student, each with a file for ex03."""
    for student, source in files.items():
        path = folder / student / "tcp_echo.py"
        path.parent.mkdir(parents=True)
        path.write_bytes(source)
    return folder


@pytest.fixture
def handed(tmp_path: Path) -> Path:
    """Return what three students have handed in."""
    return hand_in(tmp_path / "class", ann=b"pass = 1\n", bob=b"fail = 2\n", cyd=b"fail = 3\n")


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> FakeBackend:
    """Return the backend that grades, in place of real workers."""
    made = FakeBackend()
    monkeypatch.setattr(grade_class, "_backend", lambda request, scratch: made)
    return made


@pytest.fixture
def ask(
    suite: Path,
    backend: FakeBackend,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Ask:
    """Return a function that gives the command, in a suite of its own: code, output, complaints."""
    monkeypatch.chdir(suite)
    monkeypatch.setenv("DOJO_LANG", "en")

    def ask(*words: str | Path) -> Answer:
        capsys.readouterr()
        backend.graded.clear()
        return cli.main(["grade-class", *map(str, words)]), *capsys.readouterr()

    return ask


def complaint(answer: Answer, code: int = cli.BAD_REQUEST) -> str:
    """Return the one line that says why a request cannot be carried out."""
    assert answer[0] == code, answer
    lines = [line for line in answer[2].splitlines() if line.startswith("dojo: ")]
    assert len(lines) == 1, answer
    assert lines[0].isprintable()
    return lines[0]


def rows(results: Path, query: str = "SELECT status FROM verdicts ORDER BY id") -> list[Any]:
    with contextlib.closing(sqlite3.connect(results / NAME)) as database:
        return database.execute(query).fetchall()
