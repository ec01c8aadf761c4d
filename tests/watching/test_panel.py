"""What keys do, where no grading is needed to see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from grader.history import History
from grader.model import Check, Exercise, Text, Verdict
from grader.pages import Page
from grader.report import ReportOptions
from grader.watching.around import Refusal, Surroundings
from grader.watching.panel import Panel

NUMBERS = ("ex01", "ex02", "ex03", "ex07", "ex13", "ex14", "ex20", "ex104")


def exercise(name: str) -> Exercise:
    title = Text(f"title of {name}", f"{name} 的标题")
    return Exercise(name, "slug", title, title, (), {}, (Check("a_check", title, 1.0),))


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    """Return surroundings with some exercises, in which hints are refused."""

    def refuse(exercise: Exercise) -> list[str]:
        raise Refusal("not now")

    return Surroundings(
        root=tmp_path,
        language="en",
        exercises=[exercise(name) for name in NUMBERS],
        history=History(tmp_path),
        isolation="none",
        command=[],
        hint=lambda exercise, check: [f"a hint for {exercise.id} {check.id}"],
        reset=refuse,
        page=lambda exercise, check: Page(check.diagnosis, "A title", "Words"),
        explain=lambda page, width: [f"line {number}" for number in range(1, 101)],
        record=lambda verdict, source, path: None,
        complaints=[],
        end_if_asked=lambda: None,
    )


@pytest.fixture
def panel(around: Surroundings) -> Panel:
    """Return a panel that is at ex03."""
    panel = Panel(around, ReportOptions())
    panel.turned_to(around.exercises[2])
    return panel


def press(panel: Panel, *names: str, rows: int = 24) -> str:
    """Press keys and return the exercise that is turned to."""
    for name in names:
        panel.press(name, rows)
    return panel.turn_to.id if panel.turn_to else ""


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("3", "ex03"),
        ("03", "ex03"),
        ("7", "ex07"),
        ("07", "ex07"),
        ("1", ""),
        ("1.", "ex01"),
        ("01", "ex01"),
        ("13", "ex13"),
        ("14", "ex14"),
        ("10", "ex104"),
        ("2", ""),
        ("2.", "ex02"),
        ("20", "ex20"),
        ("9", ""),
        ("9.", ""),
        ("93", "ex03"),
        ("1<3", "ex03"),
        (".", ""),
    ],
)
def test_an_exercise_is_chosen_by_its_number(panel: Panel, typed: str, found: str) -> None:
    names = [{".": "enter", "<": "rub_out"}.get(char, char) for char in typed]
    assert press(panel, "l", *names) == found


def test_the_list_shows_what_is_typed_and_closes(panel: Panel) -> None:
    press(panel, "l", "1")
    shown = panel.overlay(ReportOptions(), 0) or []
    assert shown[-1].endswith(": 1")
    assert sum("title of" in line for line in shown) == len(NUMBERS)
    assert next(line for line in shown if "▸" in line).startswith("▸   3    ex03")
    press(panel, "escape")
    assert panel.overlay(ReportOptions(), 0) is None


def test_next_begins_anew_after_the_last(around: Surroundings) -> None:
    panel = Panel(around, ReportOptions())
    panel.turned_to(around.exercises[-1])
    assert press(panel, "n") == "ex01"


def test_keys_that_need_a_verdict_say_so(panel: Panel) -> None:
    for name in ("h", "e"):
        press(panel, name)
        assert panel.notice == ["Nothing has been graded yet."]


def test_a_notice_stays_until_something_else_fails(
    panel: Panel, grade_source: Callable[..., Verdict]
) -> None:
    empty, wrong = grade_source("ex03", ""), grade_source("ex03", "def serve(:\n")
    panel.result_is(empty)
    press(panel, "h")
    panel.result_is(empty)
    assert panel.notice == [f"a hint for ex03 {empty.checks[0].id}"]
    panel.result_is(wrong)
    assert panel.notice == []


def test_a_page_is_turned_within_its_bounds(
    panel: Panel, grade_source: Callable[..., Verdict]
) -> None:
    panel.result_is(grade_source("ex03", ""))
    options = ReportOptions()

    def shown() -> tuple[str, str, str]:
        lines = panel.overlay(options, 25) or []
        assert len(lines) == 20
        return lines[0], lines[-2], lines[-1]

    press(panel, "e", rows=25)
    assert shown() == (
        "line 1",
        "line 19",
        "lines 1 to 19 of 100 · space: on · b: back · q: close",
    )
    press(panel, " ", rows=25)
    assert shown()[:2] == ("line 20", "line 38")
    press(panel, *["down"] * 9, rows=25)
    assert shown()[:2] == ("line 82", "line 100")
    press(panel, *["b"] * 9, rows=25)
    assert shown()[0] == "line 1"
    assert len(panel.overlay(options, 0) or []) == 100
    assert len(panel.overlay(options, 3) or []) == 2
    press(panel, "e", rows=25)
    assert panel.overlay(options, 25) is None


@pytest.mark.parametrize("opened", ["l", "?"])
def test_q_closes_a_page_before_it_quits(panel: Panel, opened: str) -> None:
    press(panel, opened)
    press(panel, "q")
    assert (panel.mode, panel.has_quit) == ("", False)
    press(panel, "q")
    assert panel.has_quit


def test_what_is_refused_is_said(panel: Panel) -> None:
    press(panel, "r", "y")
    assert panel.notice == ["not now"]
    press(panel, "r", "q")
    assert not panel.has_quit
    assert panel.notice == ["The file stays as it is."]
    press(panel, "q")
    assert panel.has_quit


def test_a_failure_without_a_page_says_so(
    around: Surroundings, grade_source: Callable[..., Verdict]
) -> None:
    panel = Panel(replace(around, page=lambda exercise, check: None), ReportOptions())
    panel.turned_to(around.exercises[0])
    panel.result_is(grade_source("ex03", ""))
    press(panel, "e")
    assert panel.notice == ["There is no page for this failure."]
