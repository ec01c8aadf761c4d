"""The lines of a session: first the list, then the first failure in full, then the score."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import msgspec
import pytest

from grader.catalog import load_exercise
from grader.history import Attempt, Standing
from grader.model import LANGUAGES, Language, Verdict
from grader.report import ReportOptions
from grader.report._layout import columns
from grader.texts import table
from grader.watching import views


@pytest.fixture(scope="module")
def mistake(root: Path) -> str:
    """Return a submission of which some checks pass."""
    folder = root / "solutions" / "ex03_tcp_echo" / "mistakes"
    return sorted(folder.glob("*.py"))[0].read_text(encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [50, 80, 120])
def test_every_check_has_one_line_and_the_first_failure_all_of_its_own(
    grade_source: Callable[..., Verdict], mistake: str, language: Language, width: int
) -> None:
    verdict = grade_source("ex03", mistake, isolation=None, language=language)
    first = views.first_open(verdict)
    assert first is not None
    assert first.because == ""
    options = ReportOptions(language=language, width=width)
    lines = views.result(verdict, options)
    count = len(verdict.checks)
    marks = "".join(line[0] for line in lines[:count])
    assert marks == "".join("✓" if c.status == "passed" else "✗" for c in verdict.checks)
    assert all(columns(line) <= width for line in lines[:count])
    assert lines[count] == ""
    assert lines[count + 1].startswith("✗ ")
    shown = "".join("".join(lines).split())
    assert "".join(first.message.split()) in shown
    others = [c for c in verdict.checks if c.message and c.message != first.message]
    assert not any("".join(c.message.split()) in shown for c in others)


def test_a_first_failure_is_one_that_no_other_explains(
    grade_source: Callable[..., Verdict],
) -> None:
    verdict = grade_source("ex03", "def serve(:\n")
    one, two, *rest = verdict.checks
    explained = msgspec.structs.replace(one, because=two.id)
    two = msgspec.structs.replace(two, because="")
    verdict = msgspec.structs.replace(verdict, checks=(explained, two, *rest))
    assert views.first_open(verdict) == two
    passed = tuple(msgspec.structs.replace(c, status="passed") for c in verdict.checks)
    assert views.first_open(msgspec.structs.replace(verdict, checks=passed)) is None


def test_a_fault_of_ours_is_told(grade_source: Callable[..., Verdict]) -> None:
    verdict = grade_source("ex03", "def serve(:\n")
    error = msgspec.structs.replace(verdict.checks[0], status="error", message="no sockets left")
    verdict = msgspec.structs.replace(verdict, status="error", checks=(error,))
    lines = views.result(verdict, ReportOptions(ascii=True))
    assert "no sockets left" in lines
    assert lines[0].startswith("! ")
    assert lines[0].endswith("not counted")


def test_the_header_leaves_the_path_out_where_there_is_no_room(root: Path) -> None:
    exercise = load_exercise(root, "ex03")
    wide = views.header(exercise, "a/b.py\x1b", ReportOptions(width=120))
    assert wide.endswith("a/b.py\\x1b")
    assert columns(wide) == 120
    narrow = views.header(exercise, "a/b.py", ReportOptions(width=30))
    assert "a/b.py" not in narrow
    assert columns(narrow) <= 30


def attempt(passed: int) -> Attempt:
    now = datetime(2026, 11, 20, tzinfo=timezone.utc)
    return Attempt(now, "ex03", "", "", "failed", 1, 9, passed, 20, (), True, "full", 1.0)


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (None, "not begun"),
        (Standing(), "not begun"),
        (Standing(given_up_at=attempt(0).when), "solution looked at"),
        (Standing(3, attempt(4), attempt(2)), "4 of 20 checks"),
        (Standing(3, attempt(20), attempt(2), passed_at=attempt(0).when), "passed"),
    ],
)
def test_the_list_says_where_the_learner_stands(
    root: Path, standing: Standing | None, words: str
) -> None:
    exercise = load_exercise(root, "ex03")
    entries = [views.Entry("3", exercise, standing, False), views.Entry("13", exercise, None, True)]
    lines = views.exercises(entries, "", ReportOptions(width=70))
    assert lines[2].endswith(words)
    assert lines[2].startswith("   3 ")
    assert lines[3].startswith("▸ 13 ")
    assert all(columns(line) <= 70 for line in lines)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_keys_fit_the_width_and_stay_whole(language: Language) -> None:
    names = [key.removeprefix("key_") for key in table("watch", language) if key.startswith("key_")]
    for width in (20, 50, 120):
        lines = views.key_line(names, ReportOptions(language=language, width=width))
        assert all(columns(line) <= width for line in lines)
        for name in names:
            assert any(table("watch", language)[f"key_{name}"] in line for line in lines)
