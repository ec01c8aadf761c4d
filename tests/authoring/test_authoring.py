"""The walk that CONTRIBUTING describes, gone in a copy of the project from start to proof."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "authoring-example"
PARTS = ("exercises", "solutions", "grader")
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
# A quotation: a link to the file, and right after it a block that is in that file.
_QUOTED = re.compile(
    r"\[[^\]\n]+\]\((docs/authoring-example/[^)\n]+)\)[^\n]*:\n```\w*\n(.*?)^```", re.M | re.S
)


def example_files() -> set[str]:
    found = set()
    for part in PARTS:
        for path in (EXAMPLE / part).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                found.add(path.relative_to(EXAMPLE).as_posix())
    return found


@pytest.mark.needs_proc
def test_the_walk_from_start_to_proof(checkout: Path, dojo: Run) -> None:
    laid_out = dojo("new-exercise", "ex90", "line_length")
    assert laid_out.returncode == 0, laid_out.stderr
    assert laid_out.stderr == ""

    graded = dojo("grade", "ex90")
    assert graded.returncode == 1, graded.stderr
    assert "Score 0 of 3" in graded.stdout

    refused = dojo("verify", "ex90")
    assert refused.returncode == 1, refused.stderr
    assert "fewer than twelve mistakes" in refused.stdout
    assert "✗ reference" in refused.stdout
    assert "Traceback" not in refused.stdout + refused.stderr

    # What the templates have, the example has as well, but for the names that were examples.
    new = {path.relative_to(checkout).as_posix() for path in checkout.rglob("*ex90*/**/*.*")}
    for name in ("variants/first_variant.py", "mistakes/first_mistake.py"):
        (checkout / "solutions" / "ex90_line_length" / name).unlink()
        new.remove(f"solutions/ex90_line_length/{name}")
    assert new < example_files()
    for part in PARTS:
        shutil.copytree(EXAMPLE / part, checkout / part, dirs_exist_ok=True)
    proven = dojo("verify", "ex90")
    assert proven.returncode == 0, proven.stdout + proven.stderr
    lines = proven.stdout.splitlines()
    assert lines[-1] == "Proven: everything is as it must be."
    kinds = [line.split()[1] for line in lines[1:-1]]
    assert kinds == ["stub", "reference", *["variant"] * 5, *["mistake"] * 13]


def test_the_guide_quotes_what_is_there() -> None:
    quoted = _QUOTED.findall(GUIDE)
    assert len(quoted) >= 3
    for name, block in quoted:
        path = ROOT / name
        assert block in path.read_text(encoding="utf-8"), name


def test_the_guide_links_to_what_is_there() -> None:
    targets = re.findall(r"\]\(([^)\s#]+)[^)]*\)", GUIDE)
    for target in targets:
        assert "://" in target or (ROOT / target).exists(), target


def test_the_example_is_too_small_to_be_an_exercise() -> None:
    """It stands in docs/, so that nobody is given it to solve."""
    assert not list((ROOT / "exercises").glob("ex90*"))
    assert not [part for part in PARTS if not (EXAMPLE / part).is_dir()]
