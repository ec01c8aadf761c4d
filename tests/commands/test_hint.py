"""Hints: one at a time, the next one each time, for what is to be mended first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from grader import cli
from grader.catalog import load_exercise
from grader.commands import hint
from grader.history import History
from grader.model import Check, CheckResult, Language

Hint = Callable[..., str]
Record = Callable[..., None]
WORK = "exercises/ex03_tcp_echo/tcp_echo.py"


@pytest.fixture
def ask(suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Hint:
    """Return a function that asks for a hint and gives what was printed."""
    monkeypatch.chdir(suite)

    def ask(*words: str, language: Language = "en") -> str:
        assert hint.run(["ex03", *words], language) == cli.PASSED
        said = capsys.readouterr()
        assert said.err == ""
        return said.out

    return ask


@pytest.fixture
def checks(suite: Path) -> tuple[Check, ...]:
    return load_exercise(suite, "ex03").checks


def test_begins_with_the_first_check(ask: Hint, checks: tuple[Check, ...]) -> None:
    first, hints = checks[0], checks[0].hints_for("")
    shown = ask()
    assert first.id in shown
    assert f"Hint 1 of {len(hints)}" in shown
    assert hints[0].en in shown
    assert hints[1].en not in shown
    assert "explain" not in shown


def test_goes_on_to_the_last_and_stays_there(ask: Hint, checks: tuple[Check, ...]) -> None:
    check = checks[3]
    hints = check.hints_for("")
    total = len(hints)
    for stage in [*range(1, total + 1), total, total]:
        shown = ask(check.id)
        assert f"Hint {stage} of {total}" in shown
        assert hints[stage - 1].en in shown
        assert (f"nox -s hint -- ex03 {check.id}" in shown) == (stage < total)


def test_says_the_last_one_again(ask: Hint, suite: Path, checks: tuple[Check, ...]) -> None:
    ask()
    assert "Hint 1 of" in ask("--again")
    assert History(suite).hint_stage("ex03", checks[0].id, "") == 1
    assert "Hint 2 of" in ask()


def test_again_without_a_first_one_is_the_first_one(ask: Hint) -> None:
    assert "Hint 1 of" in ask("--again")


# -- which check, and which diagnosis ---------------------------------------------------


def test_is_about_the_first_check_that_failed(
    ask: Hint, record: Record, checks: tuple[Check, ...]
) -> None:
    record({checks[4].id: "no_answer", checks[6].id: "no_answer"})
    assert ask().startswith(f"{checks[4].id}:")


def test_passes_over_what_another_failure_explains(
    ask: Hint, record: Record, checks: tuple[Check, ...]
) -> None:
    record({checks[4].id: f"no_answer {checks[6].id}", checks[6].id: "no_answer"})
    assert ask().startswith(f"{checks[6].id}:")


def test_is_chosen_by_the_diagnosis_and_names_its_page(
    ask: Hint, record: Record, suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(suite, "when: [busy_loop]", "when: [no_timeout]")
    first = load_exercise(suite, "ex03").checks[0]
    for diagnosis, stages in (("busy_loop", 1), ("no_timeout", 2), ("busy_loop", 2)):
        record({first.id: diagnosis})
        shown = ask()
        assert f"for {diagnosis} {stages if diagnosis == 'busy_loop' else 1}" in shown
        assert f"nox -s explain -- {diagnosis}" in shown
    record({first.id: "no_page_about_this"})
    shown = ask()
    assert "This check has no hints" in shown
    assert "explain" not in shown


def edit(suite: Path, *whens: str) -> None:
    """Give the first check hints for some diagnoses only."""
    path = suite / "exercises" / "ex03_tcp_echo" / "exercise.yaml"
    head, _, rest = path.read_text(encoding="utf-8").partition("    hints:\n")
    tail = rest[rest.index("\n  - id:") :]
    lines = ["    hints:"]
    for when in whens:
        name = when[len("when: [") : -1]
        for n in (1, 2, 3):
            lines.append(f'      - {{en: "for {name} {n}", zh: "{name}，{n}", {when}}}')
    path.write_text(head + "\n".join(lines) + tail, encoding="utf-8")


def test_a_check_by_name_has_the_hints_of_its_own_diagnosis(
    ask: Hint, record: Record, suite: Path
) -> None:
    edit(suite, "when: [busy_loop]", "when: [no_timeout]")
    checks = load_exercise(suite, "ex03").checks
    record({checks[4].id: "no_answer", checks[0].id: f"no_timeout {checks[4].id}"})
    assert "for no_timeout 1" in ask(checks[0].id)
    record({checks[4].id: "no_answer"})
    assert "This check has no hints" in ask(checks[0].id)


def test_a_single_check_that_was_graded_last_comes_first(
    ask: Hint, record: Record, checks: tuple[Check, ...]
) -> None:
    record({checks[2].id: "no_answer", checks[5].id: "busy_loop"})
    record({checks[5].id: "busy_loop"}, only=(checks[5].id,))
    assert ask().startswith(f"{checks[5].id}:")
    record(only=(checks[5].id,))
    assert ask().startswith(f"{checks[2].id}:")
    record(only=(checks[2].id,))
    assert "no hint is needed" in ask()


def test_what_is_shown_comes_before_what_was_graded_elsewhere(
    suite: Path, record: Record, checks: tuple[Check, ...]
) -> None:
    record({checks[2].id: "no_answer"})
    exercise = load_exercise(suite, "ex03")
    known = checks[5].id
    shown = CheckResult(known, "", "failed", 1.0, 0.0, "public", 0.1, diagnosis="busy_loop")
    lines = hint.next_hint(suite, exercise, None, "en", shown=shown)
    assert lines[0].startswith(f"{checks[5].id}:")
    assert hint.next_hint(suite, exercise, None, "en")[0].startswith(f"{checks[2].id}:")


def test_single_checks_that_passed_say_nothing_of_the_others(
    ask: Hint, record: Record, checks: tuple[Check, ...]
) -> None:
    record(only=(checks[0].id,))
    assert ask().startswith(f"{checks[1].id}:")


def test_needs_none_where_everything_passed(ask: Hint, record: Record) -> None:
    record()
    assert "no hint is needed" in ask()


def test_a_fault_of_the_graders_own_is_no_pass(
    ask: Hint, record: Record, checks: tuple[Check, ...]
) -> None:
    record(error=True)
    assert ask().startswith(f"{checks[0].id}:")
    record({checks[3].id: "no_answer"})
    record(error=True)
    assert ask().startswith(f"{checks[3].id}:")


def test_checks_that_are_gone_are_passed_over(
    ask: Hint, record: Record, suite: Path, checks: tuple[Check, ...]
) -> None:
    record({checks[0].id: "no_answer", checks[-1].id: "no_answer"})
    path = suite / "exercises" / "ex03_tcp_echo" / "exercise.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(checks[0].id, "renamed_since"), encoding="utf-8")
    assert ask().startswith(f"{checks[-1].id}:")


def test_says_that_the_file_has_changed_since(
    ask: Hint, record: Record, suite: Path, checks: tuple[Check, ...]
) -> None:
    record({checks[0].id: "no_answer"})
    assert "has changed" not in ask()
    (suite / WORK).write_text("# another attempt\n")
    assert f"({WORK} has changed since" in ask()


def test_speaks_chinese(ask: Hint, record: Record, checks: tuple[Check, ...]) -> None:
    record({checks[0].id: "no_answer"})
    shown = ask(language="zh")
    assert checks[0].hints_for("no_answer")[0].zh in shown
    assert "背后的道理：nox -s explain -- no_answer" in shown
    assert checks[0].hints_for("no_answer")[1].zh in ask("--lang", "zh")


def test_refuses_a_check_that_is_not_there(ask: Hint) -> None:
    with pytest.raises(cli.BadRequestError, match="no_such"):
        ask("no_such")
