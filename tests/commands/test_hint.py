"""Hints: one at a time, the next one each time, for the check that is open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from grader import cli
from grader.catalog import load_exercise
from grader.commands import hint
from grader.model import Language
from grader.progress import recall, store

Hint = Callable[..., str]


@pytest.fixture
def ask(suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Hint:
    """Return a function that asks for a hint and gives what was printed."""
    monkeypatch.chdir(suite)

    def ask(*words: str, language: Language = "en") -> str:
        assert hint.run(["ex03", *words], language) == cli.PASSED
        return capsys.readouterr().out

    return ask


def test_begins_with_the_first_check(ask: Hint, suite: Path) -> None:
    first = load_exercise(suite, "ex03").checks[0]
    shown = ask()
    assert first.id in shown
    assert f"Hint 1 of {len(first.hints)}" in shown
    assert first.hints[0].en in shown
    assert first.hints[1].en not in shown


def test_goes_on_to_the_last_and_stays_there(ask: Hint, suite: Path) -> None:
    check = load_exercise(suite, "ex03").checks[3]
    total = len(check.hints)
    for stage in [*range(1, total + 1), total, total]:
        shown = ask(check.id)
        assert f"Hint {stage} of {total}" in shown
        assert check.hints[stage - 1].en in shown
    assert "nox -s hint" not in shown


def test_says_the_last_one_again(ask: Hint, suite: Path) -> None:
    ask()
    again = ask("--again")
    assert "Hint 1 of" in again
    assert recall(suite, "ex03")["shown"] == {load_exercise(suite, "ex03").checks[0].id: 1}


def test_is_about_the_first_check_that_failed(ask: Hint, suite: Path) -> None:
    fifth = load_exercise(suite, "ex03").checks[4].id
    store(suite, "ex03", {"graded": True, "failed": ["gone_since", fifth]})
    assert ask().startswith(f"{fifth}:")


def test_needs_none_where_everything_passed(ask: Hint, suite: Path) -> None:
    store(suite, "ex03", {"graded": True, "failed": []})
    assert "no hint is needed" in ask()


@pytest.mark.parametrize(
    "state", [{"graded": 1, "failed": 7}, {"shown": [1]}, {"shown": {"x": "y"}}, {"failed": None}]
)
def test_a_strange_state_is_no_error(ask: Hint, suite: Path, state: dict[str, object]) -> None:
    store(suite, "ex03", state)
    assert ask()


@pytest.mark.parametrize("count", [-5, 10**9, "x", None, 2.5])
def test_a_strange_count_is_no_error(ask: Hint, suite: Path, count: object) -> None:
    first = load_exercise(suite, "ex03").checks[0].id
    store(suite, "ex03", {"shown": {first: count}})
    assert "Hint " in ask()


def test_speaks_chinese(ask: Hint, suite: Path) -> None:
    assert load_exercise(suite, "ex03").checks[0].hints[0].zh in ask(language="zh")


def test_refuses_a_check_that_is_not_there(ask: Hint) -> None:
    with pytest.raises(cli.BadRequestError, match="no_such"):
        ask("no_such")
