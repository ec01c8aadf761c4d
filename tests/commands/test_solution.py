"""``solution``: after passing, or given up for; beside the learner's own, and harmless."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from grader import cli
from grader.catalog import load_exercise, variants
from grader.commands import solution
from grader.history import History

WORK = "exercises/ex03_tcp_echo/tcp_echo.py"
FIRST = "server_echoes_one_message"
Ask = Callable[..., str]
Record = Callable[..., None]


@pytest.fixture
def ask(suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Return a function that asks for ex03's solution and gives what was said."""
    monkeypatch.chdir(suite)
    monkeypatch.setenv("COLUMNS", "240")

    def ask(*words: str, code: int = cli.PASSED, language: str = "en") -> str:
        assert cli.main(["solution", "ex03", *words, "--lang", language]) == code
        said = capsys.readouterr()
        if code:
            assert said.out == ""
            assert said.err.count("\n") == 1
            return said.err
        assert said.err == ""
        return said.out

    return ask


# -- not before ----------------------------------------------------------------------------


def test_is_refused_before_anything_was_tried(ask: Ask, suite: Path) -> None:
    line = ask(code=cli.BAD_REQUEST)
    assert "has not been graded as a whole yet: nox -s grade -- ex03" in line
    assert "--give-up" in line
    assert not (suite / ".dojo").exists()


def test_is_refused_until_everything_passes(ask: Ask, record: Record, suite: Path) -> None:
    checks = load_exercise(suite, "ex03").checks
    record({checks[0].id: f"x {checks[1].id}", checks[1].id: "busy_loop"})
    record({check.id: "no_answer" for check in checks})
    line = ask(code=cli.BAD_REQUEST)
    assert f"2 of {len(checks)} checks were still open, first: {checks[1].title.en};" in line
    assert "nox -s hint -- ex03" in line
    line = ask("--variant", "threads", code=cli.BAD_REQUEST, language="zh")
    assert checks[1].title.zh in line
    record(error=True)
    assert f"2 of {len(checks)}" in ask(code=cli.BAD_REQUEST)


def test_single_checks_are_no_pass(ask: Ask, record: Record) -> None:
    record(only=(FIRST,))
    assert "as a whole" in ask(code=cli.BAD_REQUEST)


def test_is_shown_after_passing_and_stays_so(ask: Ask, record: Record, suite: Path) -> None:
    record()
    record({FIRST: "no_answer"})
    assert "the reference: solutions/ex03_tcp_echo/tcp_echo.py" in ask()
    ask("--give-up")
    assert History(suite).given_up("ex03") is None


def test_giving_up_is_recorded_and_holds(ask: Ask, suite: Path) -> None:
    assert "the reference:" in ask("--give-up")
    assert History(suite).given_up("ex03") is not None
    assert "the reference:" in ask()


def test_giving_up_without_a_record_shows_it_once(
    ask: Ask, suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (suite / ".dojo").write_text("in the way")
    assert cli.main(["solution", "ex03", "--give-up", "--lang", "en"]) == cli.PASSED
    said = capsys.readouterr()
    assert "the reference:" in said.out
    assert said.err.count("\n") == 1
    assert cli.main(["solution", "ex03", "--lang", "en"]) == cli.BAD_REQUEST


# -- what is shown ---------------------------------------------------------------------------


def test_mine_is_beside_the_reference(ask: Ask, suite: Path, reference: str) -> None:
    (suite / WORK).write_text("# of my own\n\n\ndef serve(host, port):\n    mine()\n")
    shown = ask("--give-up")
    head = shown.splitlines()[0]
    assert re.match(rf" +yours: {WORK} +│ +the reference: ", head)
    assert "def serve(host, port):" in shown
    (row,) = [line for line in shown.splitlines() if "def serve(host, port)" in line]
    assert "def serve(host: str, port: int)" in row
    for line in reference.splitlines():
        assert line.rstrip() in shown


def test_a_narrow_terminal_shows_one_after_the_other(ask: Ask) -> None:
    shown = ask("--give-up", "--width", "90")
    assert "│" not in shown
    assert shown.index("yours: ") < shown.index("the reference: ")
    assert max(map(len, shown.splitlines())) <= 90
    assert ask("--width", "1") == ask("--width", "50")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_says_what_to_look_for_and_what_else_there_is(ask: Ask, suite: Path, language: str) -> None:
    shown = ask("--give-up", language=language)
    exercise = load_exercise(suite, "ex03")
    for concept in exercise.concepts:
        assert f"  - {concept.in_language('zh' if language == 'zh' else 'en')}" in shown
    begins = {"en": "# variant: ", "zh": "# 变体："}[language]
    for path in variants(suite, exercise):
        lines = path.read_text(encoding="utf-8").splitlines()
        (about,) = [line.removeprefix(begins) for line in lines if line.startswith(begins)]
        assert re.search(rf"^ +{path.stem} +{re.escape(about)}", shown, re.M)
    assert "nox -s solution -- ex03 --variant " in shown


@pytest.mark.parametrize(
    ("head", "en", "zh"),
    [
        ("# variant: one\n# 变体：一\nimport os\n", "one", "一"),
        ("# variant: one,\n#          two\n# 变体：一和二\n", "one, two", "一和二"),
        ("# variant: one\r\n# 变体：一\r\n", "one", "一"),
        ("# variant: one\n# 变体：一\n# ruff: noqa\n", "one", "一"),
        ("# variant: one\n# ruff: noqa\n", "one", "one"),
        ("# variant: one\n# 变体：\n", "one", "one"),
        ("# variant: one\n#   two\n\n# 变体：后来的\n", "one two", "one two"),
        ("# variant: \x1b[2J\n# 变体：\u202e一\n", r"\x1b[2J", r"\u202e一"),
        ("import os\n# variant: late\n", "", ""),
        ("", "", ""),
    ],
)
def test_a_variant_is_described_in_the_learners_language(
    ask: Ask, suite: Path, head: str, en: str, zh: str
) -> None:
    path = suite / "solutions" / "ex03_tcp_echo" / "variants" / "zz_mine.py"
    path.write_bytes(head.encode())
    for language, about in (("en", en), ("zh", zh)):
        shown = ask("--give-up", language=language)
        (line,) = [line for line in shown.splitlines() if line.startswith("    zz_mine")]
        assert line.split(maxsplit=1)[1:] == ([about] if about else [])


def test_a_variant_is_shown_as_it_is(ask: Ask, suite: Path) -> None:
    path = suite / "solutions" / "ex03_tcp_echo" / "variants" / "selectors_buffered.py"
    for language in ("en", "zh"):
        shown = ask("--give-up", "--variant", "selectors_buffered", language=language)
        for line in path.read_text(encoding="utf-8").splitlines():
            assert line in shown


@pytest.mark.parametrize("name", ["threads", "threads.py"])
def test_a_variant_is_shown_instead(ask: Ask, name: str) -> None:
    shown = ask("--give-up", "--variant", name)
    assert "a variant: solutions/ex03_tcp_echo/variants/threads.py" in shown
    assert "the reference:" not in shown
    assert "threading.Thread(" in shown
    assert "  > threads " in shown or name == "threads.py"


def test_a_variant_that_is_not_there(ask: Ask) -> None:
    line = ask("--give-up", "--variant", "../tcp_echo", code=cli.BAD_REQUEST)
    assert "there is no variant ../tcp_echo; there are: asyncio_streams, " in line


def test_the_file_that_was_graded_last_is_mine(ask: Ask, suite: Path, record: Record) -> None:
    mine = suite / "my_echo.py"
    mine.write_text("# elsewhere\n")
    record(path=mine)
    assert "yours: my_echo.py" in ask()
    mine.unlink()
    assert f"yours: {WORK}" in ask()
    (suite / WORK).unlink()
    shown = ask()
    assert "yours: " not in shown
    assert "the reference: " in shown


def test_what_a_file_holds_is_made_harmless(
    ask: Ask, suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = "\x1b[2J\x1b]0;title\x07 \x9b31m \u202eabc [red]x[/red]\r\n\tindented\x00\n"
    (suite / WORK).write_bytes(b"# \xff\n" + evil.encode())
    for colour in (False, True):
        monkeypatch.setattr(solution, "wants_colour", lambda colour=colour: colour)
        shown = ask("--give-up")
        shown = re.sub(r"\x1b\[[\d;]*m", "", shown) if colour else shown
        assert "\\x1b[2J\\x1b]0;title\\x07 \\x9b31m \\u202eabc [red]x[/red]" in shown
        assert not [char for char in shown if not char.isprintable() and char != "\n"]
        assert "    indented\\x00" in shown


def test_a_file_without_end_is_cut(ask: Ask, suite: Path) -> None:
    (suite / WORK).write_text("x\n" * 50_000)
    assert len(ask("--give-up").splitlines()) < 3000


def test_colour_is_for_terminals(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solution, "wants_colour", lambda: True)
    assert "\x1b[" in ask("--give-up")
    monkeypatch.setattr(solution, "wants_colour", cli.wants_colour)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" not in ask()


# -- without solutions -----------------------------------------------------------------------


@pytest.mark.parametrize("words", [[], ["--give-up"], ["--variant", "threads", "--give-up"]])
def test_a_handout_has_none(ask: Ask, suite: Path, record: Record, words: list[str]) -> None:
    shutil.rmtree(suite / "solutions")
    assert "handed out without" in ask(*words, code=cli.BAD_REQUEST)
    assert History(suite).given_up("ex03") is None
    record()
    assert "handed out without" in ask(*words, code=cli.BAD_REQUEST)


def test_a_reference_alone_has_no_list(ask: Ask, suite: Path) -> None:
    shutil.rmtree(suite / "solutions" / "ex03_tcp_echo" / "variants")
    shown = ask("--give-up")
    assert "the reference: " in shown
    assert "--variant" not in shown
