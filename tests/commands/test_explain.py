"""The pages behind diagnoses: by id, by exercise, and the list of all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from grader import cli
from grader.catalog import load_exercise
from grader.commands import explain
from grader.history import History
from grader.model import CheckResult, GraderInfo, Isolation, Language, Verdict
from grader.pages import shared_ids

Explain = Callable[..., str]


@pytest.fixture
def ask(
    suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Explain:
    monkeypatch.chdir(suite)

    def ask(*words: str, language: Language = "en") -> str:
        assert explain.run(list(words), language) == cli.PASSED
        return capsys.readouterr().out

    return ask


def record(suite: Path, *diagnoses: str) -> None:
    """Note a grading of ex03 in which the first checks failed, each with a diagnosis."""
    checks: list[CheckResult] = []
    for check, diagnosis in zip(
        load_exercise(suite, "ex03").checks, [*diagnoses, *[""] * 20], strict=False
    ):
        status = "failed" if diagnosis else "passed"
        because = checks[0].id if checks and diagnosis == "because" else ""
        checks.append(
            CheckResult(check.id, "", status, 1, 0, "public", 0, diagnosis, because=because)  # type: ignore[arg-type]
        )
    verdict = Verdict(
        "ex03", "tcp_echo", "tcp_echo.py", "0" * 64, "failed", 0, 1, 0, 1,
        Isolation("full", "x"), GraderInfo("1", "3"), tuple(checks),
    )  # fmt: skip
    History(suite).record(verdict, None, suite / "exercises/ex03_tcp_echo/tcp_echo.py", True)


def test_shows_a_shared_page(ask: Explain) -> None:
    shown = ask("empty_recv_ignored")
    assert shown.startswith("The empty recv() was not noticed\n")
    assert "https://docs.python.org/3/library/socket.html#socket.socket.recv" in shown
    assert "\x1b" not in shown
    assert "`" not in shown
    assert shown.endswith("(empty_recv_ignored)\n")


def test_speaks_chinese(ask: Explain) -> None:
    assert ask("empty_recv_ignored", language="zh").startswith("没有认出空的 recv()\n")
    assert "发生了什么" in ask("empty_recv_ignored", "--lang", "zh")


def test_shows_a_page_of_one_exercise(ask: Explain) -> None:
    assert ask("never_connected").endswith("(never_connected)\n")


def test_a_word_that_is_nearly_one_is_put_right(ask: Explain) -> None:
    with pytest.raises(cli.BadRequestError, match="empty_recv_ignored"):
        ask("empty_recv_ignore")
    with pytest.raises(cli.BadRequestError, match="never_connected"):
        ask("never_conected")


@pytest.mark.parametrize("word", ["", "../texts/en/cli", "\x1b[2J", "x" * 100_000, "ex99"])
def test_what_is_no_diagnosis_is_one_line(ask: Explain, word: str) -> None:
    with pytest.raises(cli.BadRequestError, match="there is no diagnosis") as caught:
        ask(word)
    assert len(str(caught.value)) < 500


def test_the_list_has_every_diagnosis(ask: Explain, suite: Path) -> None:
    shown = ask()
    exercise = load_exercise(suite, "ex03")
    for name in (*shared_ids(), *exercise.diagnoses):
        assert f"  {name} " in shown, name
    assert "The empty recv() was not noticed" in shown


def test_an_exercise_means_what_its_last_grading_failed_with(ask: Explain, suite: Path) -> None:
    with pytest.raises(cli.BadRequestError, match="has not been graded yet"):
        ask("ex03")
    record(suite, "no_timeout", "because")
    assert ask("ex03").endswith("(no_timeout)\n")
    assert ask("tcp_echo").endswith("(no_timeout)\n")
    record(suite)
    with pytest.raises(cli.BadRequestError, match="nothing failed"):
        ask("ex03")


def test_works_outside_a_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert explain.run(["no_timeout"], "en") == cli.PASSED
    assert capsys.readouterr().out.endswith("(no_timeout)\n")


def test_a_broken_manifest_hinders_nothing(ask: Explain, suite: Path) -> None:
    (suite / "exercises" / "ex03_tcp_echo" / "exercise.yaml").write_text("[")
    assert ask("no_timeout").endswith("(no_timeout)\n")
