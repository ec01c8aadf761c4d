"""``progress``: the path drawn from the record, and nothing graded for it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from grader import cli, judge
from grader.catalog import load_exercise
from grader.commands import progress
from grader.commands.progress import Look, Stop, clock, next_stop, path_of
from grader.history import Attempt, History, Standing
from grader.model import LANGUAGES, Check, Language
from grader.report._layout import columns

ROOT = Path(__file__).resolve().parents[2]
WORK = "exercises/ex03_tcp_echo/tcp_echo.py"
WHEN = datetime(2026, 11, 20, 17, 12, tzinfo=timezone.utc)
Record = Callable[..., None]
Ask = Callable[..., str]


@pytest.fixture
def ask(suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Return a function that asks where one stands; grading for it would fail."""
    for name in ("ex01_bytes_codec", "ex13_udp_broadcast"):
        shutil.copytree(ROOT / "exercises" / name, suite / "exercises" / name)
    monkeypatch.chdir(suite)
    monkeypatch.setenv("COLUMNS", "110")
    monkeypatch.setattr(judge, "grade", None)

    def ask(*words: str) -> str:
        assert progress.run(words, "en") == cli.PASSED
        said = capsys.readouterr()
        assert said.err == ""
        return said.out

    return ask


@pytest.fixture
def checks(suite: Path) -> tuple[Check, ...]:
    return load_exercise(suite, "ex03").checks


def line_of(shown: str, exercise: str) -> str:
    """Return what stands beside and below one exercise."""
    after = shown[shown.index(f" {exercise} ") :]
    return re.split(r"\n(?=  ┃ Part|\n)|\n  ┃\n", after)[0]


def test_at_the_beginning(ask: Ask, suite: Path) -> None:
    shown = ask()
    assert shown.startswith("Your path: 0 of 3 exercises passed\n")
    assert "○━━○━━○" in shown
    assert shown.count("not begun") == 3
    assert "Next: ex01 " in shown
    assert "nox -s grade -- ex01" in shown
    assert not (suite / ".dojo").exists()


def test_each_state_is_told(ask: Ask, suite: Path, record: Record, checks: Sequence[Check]) -> None:
    record(exercise="ex01")
    record({check.id: "no_answer" for check in checks})
    record({checks[0].id: "no_answer"})
    record({check.id: "no_answer" for check in checks[1:]})
    shown = ask()
    assert "Your path: 1 of 3 exercises passed" in shown
    assert "●━━◐━━○" in shown
    assert re.search(r"passed 20\d\d-\d\d-\d\d \d\d:\d\d · 1 attempt$", line_of(shown, "ex01"))
    tried = line_of(shown, "ex03")
    assert f"▰▱ {len(checks) - 1} of {len(checks)} checks · 3 attempts" in tried
    assert "last 20" in tried
    assert "Next: ex03 " in shown
    History(suite).give_up("ex03")
    shown = ask()
    assert "●━━◌━━○" in shown
    assert "given up 20" in line_of(shown, "ex03")
    assert "Next: ex13 " in shown
    record()
    shown = ask()
    assert "●━━●━━○" in shown
    assert "given up 20" in line_of(shown, "ex03")


def test_says_where_the_file_has_changed_since(ask: Ask, suite: Path, record: Record) -> None:
    record()
    assert "changed since" not in ask()
    (suite / WORK).write_text("# another one\n")
    assert "changed since" in line_of(ask(), "ex03")
    record({"server_echoes_one_message": "no_answer"})
    shown = line_of(ask(), "ex03")
    assert "passed 20" in shown
    assert "2 attempts · last 20" in shown
    assert "changed since" not in shown


def test_single_checks_are_no_whole_attempt(
    ask: Ask, record: Record, checks: Sequence[Check]
) -> None:
    record(only=(checks[0].id,))
    assert "single checks only · 1 attempt" in line_of(ask(), "ex03")


def test_at_the_end(ask: Ask, record: Record) -> None:
    for name in ("ex01", "ex03", "ex13"):
        record(exercise=name)
    shown = ask()
    assert "●━━●━━●" in shown
    assert "Next:" not in shown
    assert "Every exercise is passed." in shown


def test_a_broken_manifest_hides_no_other(ask: Ask, suite: Path, record: Record) -> None:
    record()
    (suite / "exercises" / "ex01_bytes_codec" / "exercise.yaml").write_text("[")
    shown = ask()
    assert "passed 20" in line_of(shown, "ex03")
    assert "not begun" in line_of(shown, "ex01")


def test_a_broken_record_is_told_and_the_path_is_shown(
    ask: Ask, suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (suite / ".dojo").mkdir()
    (suite / ".dojo" / "history.sqlite3").write_bytes(b"broken" * 99)
    assert cli.main(["progress", "--lang", "en"]) == cli.PASSED
    said = capsys.readouterr()
    assert "kept as .dojo/history.broken-1.sqlite3" in said.err
    assert said.err.count("\n") == 1
    assert said.out.count("not begun") == 3


# -- one exercise ----------------------------------------------------------------------


def test_the_attempts_at_one_exercise(
    ask: Ask, suite: Path, record: Record, checks: Sequence[Check]
) -> None:
    assert "No attempt yet: nox -s grade -- ex03" in ask("ex03")
    record({check.id: "no_answer" for check in checks})
    record({checks[1].id: "busy_loop " + checks[2].id, checks[2].id: "no_timeout"})
    record(only=(checks[0].id,))
    record(error=True)
    record()
    (suite / WORK).write_text("#")
    History(suite).give_up("ex03")
    History(suite).note_reset("ex03", suite / ".dojo" / "attempts" / "old\x1b.py")
    shown = ask("tcp_echo")
    lines = shown.splitlines()
    assert lines[0].startswith("ex03 · ")
    total = len(checks)
    said = [line.split("  ", 2)[-1] for line in lines if re.search(r" \d\d:\d\d  ", line)]
    points = sum(check.points for check in checks)
    assert said[0] == f"{total} of {total} checks, {points:g} of {points:g} points"
    assert said[1] == "no verdict: the grader failed"
    assert said[2] == "1 of 1 checks (not all were asked for)"
    assert said[3].startswith(f"{total - 2} of {total} checks")
    assert said[4].startswith(f"0 of {total} checks")
    assert f"first open: {checks[2].title.en} (no_timeout)" in shown
    assert f"first open: {checks[0].title.en} (no_answer)" in shown
    assert f"{WORK} has changed since" in shown
    assert "given up 20" in shown
    assert "the attempt is kept: .dojo/attempts/old\\x1b.py" in shown


def test_long_lines_are_broken(
    ask: Ask, suite: Path, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    record({"server_echoes_one_message": "no_answer_" + "x" * 50})
    History(suite).note_reset("ex03", suite / "kept" / ("long" * 30 + ".py"))
    monkeypatch.setenv("COLUMNS", "60")
    for colour in (False, True):
        monkeypatch.setattr(progress, "wants_colour", lambda colour=colour: colour)
        lines = re.sub(r"\x1b\[\d+m", "", ask("ex03")).splitlines()
        assert max(map(columns, lines)) <= 60
        assert "long" * 30 in "".join(line.strip() for line in lines)


def test_older_attempts_are_counted(ask: Ask, record: Record) -> None:
    for _ in range(23):
        record()
    shown = ask("ex03")
    assert shown.count("points") == 20
    assert "and 3 earlier attempts" in shown


def test_what_the_record_names_is_made_harmless(ask: Ask, suite: Path, record: Record) -> None:
    path = suite / "a\x1b[2Jb.py"
    path.write_text("#")
    record({"server_echoes_one_message": "no_\x1b[2Janswer"}, path=path)
    path.write_text("# other")
    shown = ask("ex03") + ask()
    assert "\x1b" not in shown
    assert "a\\x1b[2Jb.py has changed since" in shown


def test_refuses_an_exercise_that_is_not_there(
    ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["progress", "ex99", "--lang", "en"]) == cli.BAD_REQUEST
    assert capsys.readouterr().err.startswith("dojo: there is no exercise ex99")


# -- the drawing -----------------------------------------------------------------------


def attempt(passed: int, counted: int) -> Attempt:
    return Attempt(
        WHEN, "ex03", "", "x.py", "failed", 0.0, 1.0, passed, counted, (), True, "none", 0.1
    )


def curriculum() -> list[Stop]:
    """Return a path of 21 exercises in every state, with titles of both kinds and lengths."""
    found = []
    for number in range(1, 22):
        title = "粘包与消息边界" * (number % 4 + 1) if number % 2 else "framing " * (number % 5 + 1)
        best = attempt(number, 21)
        standing = [
            Standing(3, best, best, passed_at=WHEN),
            Standing(12, best, best),
            Standing(1, best, best, given_up_at=WHEN),
            Standing(),
        ][number % 4]
        found.append(Stop(f"ex{number:02}", title.strip(), standing, changed=number % 3 == 0))
    return found


@pytest.mark.parametrize("width", [50, 64, 80, 110])
@pytest.mark.parametrize("language", LANGUAGES)
def test_fits_every_width(language: Language, width: int) -> None:
    lines = path_of(curriculum(), Look(language, width=width))
    assert [line for line in lines if columns(line) > width] == []
    shown = "\n".join(lines)
    assert len(re.findall(r"^  [●◐◌○] ex\d\d ", shown, re.MULTILINE)) == 21
    assert len(re.findall(r"· TCP$|· UDP$", shown, re.MULTILINE)) == 2
    assert shown.count("· ") > 20


def test_says_everything_whatever_the_width() -> None:
    """A narrower terminal breaks lines, and leaves nothing out but ends of long titles."""
    wide = path_of(curriculum(), Look("en", width=110))
    narrow = path_of(curriculum(), Look("en", width=50))
    for word in ("attempts", "changed since", "given up 2026", "passed 2026", "not begun"):
        assert sum(line.count(word) for line in wide) == sum(line.count(word) for line in narrow)


@pytest.mark.parametrize("width", [50, 100])
def test_in_ascii(width: int) -> None:
    shown = "\n".join(path_of(curriculum(), Look("en", width=width, ascii=True)))
    titles = "".join(stop.title for stop in curriculum())
    assert not [char for char in shown if ord(char) > 126 and char not in titles]


def test_in_colour_nothing_is_said_that_is_not_said_without() -> None:
    plain = path_of(curriculum(), Look("en"))
    coloured = path_of(curriculum(), Look("en", colour=True))
    assert any("\x1b[32m" in line for line in coloured)
    assert [re.sub(r"\x1b\[\d+m", "", line) for line in coloured] == plain
    assert not any("\x1b" in line for line in plain)


def test_no_color_is_honoured(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "wants_colour", lambda: True)
    assert "\x1b[" in ask()
    monkeypatch.setattr(progress, "wants_colour", cli.wants_colour)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in ask()


@pytest.mark.parametrize(
    ("states", "following"),
    [
        ("", None),
        ("p", None),
        ("pn", 1),
        ("ptn", 1),
        ("pgn", 2),
        ("pgp", 1),
        ("gg", 0),
        ("tpn", 0),
        ("npt", 2),
        ("nTt", 1),
        ("tT", 1),
        ("gt", 1),
    ],
)
def test_what_is_next(states: str, following: int | None) -> None:
    standing = {
        "p": Standing(1, passed_at=WHEN),
        "g": Standing(1, given_up_at=WHEN),
        "t": Standing(1, last=attempt(1, 2)),
        "T": Standing(1, last=replace(attempt(1, 2), when=WHEN + timedelta(days=1))),
        "n": Standing(),
    }
    path = [Stop(f"ex{n:02}", "", standing[state]) for n, state in enumerate(states, 1)]
    assert next_stop(path) == (None if following is None else path[following])


def test_a_time_that_no_clock_shows() -> None:
    assert clock(datetime(1, 1, 1, tzinfo=timezone.utc))
    assert clock(datetime(9999, 12, 31, 23, 59, tzinfo=timezone.utc))
