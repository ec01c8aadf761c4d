"""The front door: every session says in one line what it is for."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from grader.cli import COMMANDS

NOXFILE = Path(__file__).resolve().parents[1] / "noxfile.py"
SESSIONS = {
    node.name.replace("_", "-"): node  # as nox is told by name=, where the word has a hyphen
    for node in ast.parse(NOXFILE.read_text(encoding="utf-8")).body
    if isinstance(node, ast.FunctionDef)
    and any("session" in ast.unparse(decorator) for decorator in node.decorator_list)
}


@pytest.mark.parametrize("name", SESSIONS)
def test_says_what_it_is_for(name: str) -> None:
    docstring = ast.get_docstring(SESSIONS[name])
    assert docstring
    line = docstring.splitlines()[0]
    assert line.endswith(".")
    assert len(line) < 100


def test_every_command_has_its_session() -> None:
    assert set(COMMANDS) <= set(SESSIONS)
    assert {"tests", "lint"} <= set(SESSIONS)


def test_nox_lists_them() -> None:
    nox = pytest.importorskip("nox")
    assert nox.needs_version is not None or nox.options is not None
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "nox", "-f", str(NOXFILE), "--list"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    for name in SESSIONS:
        line = next(line for line in done.stdout.splitlines() if line[1:].startswith(f" {name} "))
        assert " -> " in line
