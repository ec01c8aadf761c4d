"""What the tests of handing out share: one handout of the whole suite, and a way to run it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from grader.catalog import load_all
from grader.handout.builder import build
from grader.handout.writing import write_new
from grader.model import LANGUAGES, Exercise

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def exercises(root: Path) -> list[Exercise]:
    """Return the suite's exercises, hidden checks and all."""
    return load_all(root)


@pytest.fixture(scope="session")
def files(root: Path, exercises: Sequence[Exercise]) -> dict[str, bytes]:
    """Return the files of a handout of all exercises in both languages."""
    return build(root, exercises, LANGUAGES)


@pytest.fixture
def made(files: dict[str, bytes], tmp_path: Path) -> Path:
    """Return a handout in a folder of its own."""
    folder = tmp_path / "handout"
    write_new(folder, files)
    return folder


@pytest.fixture
def run(made: Path) -> Run:
    """Return a function that runs a command of the handout's own grader."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "PYTHONPATH": str(made), "DOJO_LANG": "en"}
        return subprocess.run(
            [sys.executable, "-X", "utf8", "-m", "grader", *words],
            cwd=made,
            env={**environ, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    return run
