"""A copy of the whole project, in which authors can try things."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return the root of a copy of the project: the grader, and ex03 alone as its exercise."""
    root = tmp_path / "checkout"
    clean = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "grader", root / "grader", ignore=clean)
    for kind in ("exercises", "solutions"):
        shutil.copytree(ROOT / kind / "ex03_tcp_echo", root / kind / "ex03_tcp_echo", ignore=clean)
    return root


@pytest.fixture
def dojo(checkout: Path) -> Run:
    """Return a function that runs a command of that copy's own grader, in its root."""

    def dojo(*words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(checkout), "DOJO_LANG": "en"}
        return subprocess.run(
            [sys.executable, "-m", "grader", *words],
            cwd=checkout,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            timeout=200,
            check=False,
        )

    return dojo
