"""``reset``: the stub is back, and what it replaced is kept, whatever stands in the way."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from grader import cli
from grader.catalog import load_exercise
from grader.commands import reset
from grader.commands.reset import is_reset, put_back
from grader.history import History

EX03 = "ex03_tcp_echo"
WORK = f"exercises/{EX03}/tcp_echo.py"
STUB = f"exercises/{EX03}/.stub.py"
MINE = b"# mine\r\nprint('\xff')\n"
Ask = Callable[..., str]


@pytest.fixture
def ask(suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Return a function that resets ex03 and gives what was said; stdin is no terminal."""
    monkeypatch.chdir(suite)
    monkeypatch.setattr("sys.stdin", io.StringIO())

    def ask(*words: str, code: int = cli.PASSED) -> str:
        assert cli.main(["reset", "ex03", *words, "--lang", "en"]) == code
        said = capsys.readouterr()
        if code:
            assert said.out == ""
            assert said.err.count("\n") == 1
            return said.err
        assert said.err == ""
        return said.out

    return ask


@pytest.fixture
def work(suite: Path) -> Path:
    """Return the learner's file, with something of their own in it."""
    path = suite / WORK
    path.write_bytes(MINE)
    return path


def kept(suite: Path) -> list[Path]:
    """Return the attempts that are kept, the oldest first, the older name first."""
    folder = suite / ".dojo" / "attempts" / EX03
    return sorted(folder.iterdir(), key=lambda path: (len(path.name), path.name))


def nothing_lost(suite: Path, path: Path) -> None:
    """Prove that a refused reset has left everything as it was."""
    assert path.read_bytes() == MINE
    assert [entry.name for entry in path.parent.iterdir() if "dojo-" in entry.name] == []
    folder = suite / ".dojo" / "attempts" / EX03
    assert not folder.is_dir() or list(folder.iterdir()) == []
    assert History(suite).resets("ex03") == []


def test_the_stub_is_back_and_the_attempt_is_kept(ask: Ask, suite: Path, work: Path) -> None:
    work.chmod(0o750)
    shown = ask("--yes")
    assert work.read_bytes() == (suite / STUB).read_bytes()
    assert stat.S_IMODE(work.stat().st_mode) == 0o750
    (old,) = kept(suite)
    assert old.read_bytes() == MINE
    assert old.name.endswith("_tcp_echo.py")
    name = old.relative_to(suite).as_posix()
    assert shown == f"{WORK} is the stub again.\nYour attempt is kept: {name}\n"
    assert [path for _, path in History(suite).resets("ex03")] == [name]


def test_no_attempt_replaces_another(ask: Ask, suite: Path, work: Path) -> None:
    for number in range(4):
        work.write_bytes(b"# %d" % number)
        ask("--yes")
    assert sorted(path.read_bytes() for path in kept(suite)) == [b"# 0", b"# 1", b"# 2", b"# 3"]


def test_what_is_the_stub_already_stays(ask: Ask, suite: Path) -> None:
    before = (suite / WORK).stat()
    assert "there is nothing to reset" in ask()
    assert "there is nothing to reset" in ask("--yes")
    assert (suite / WORK).stat().st_mtime_ns == before.st_mtime_ns
    assert not (suite / ".dojo").exists()


def test_a_missing_file_comes_back(ask: Ask, suite: Path) -> None:
    (suite / WORK).unlink()
    assert ask() == f"{WORK} is the stub again.\n"
    assert (suite / WORK).read_bytes() == (suite / STUB).read_bytes()
    assert History(suite).resets("ex03") == []


@pytest.mark.parametrize("hard_links", [True, False])
def test_what_an_editor_holds_open_is_kept(
    ask: Ask, suite: Path, work: Path, monkeypatch: pytest.MonkeyPatch, hard_links: bool
) -> None:
    """Where the system has no hard links, the attempt is copied."""
    if not hard_links:
        monkeypatch.delattr(os, "link")
    with work.open("ab") as editor:
        ask("--yes")
        editor.write(b"# late\n")
    (old,) = kept(suite)
    assert old.read_bytes() == (MINE + b"# late\n" if hard_links else MINE)
    assert work.read_bytes() == (suite / STUB).read_bytes()


def test_copies_replace_none_either(suite: Path, work: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken.py"
    taken.write_bytes(b"old")
    assert not reset._copy(work, taken)
    assert taken.read_bytes() == b"old"


# -- asked first ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "agreed"),
    [("y\n", True), ("YES\n", True), (" 是\n", True), ("n\n", False), ("\n", False), ("", False),
     ("yep\n", False)],
)  # fmt: skip
def test_asks_at_a_terminal(
    ask: Ask,
    suite: Path,
    work: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    agreed: bool,
) -> None:
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    shown = ask()
    assert "[y/N]" in shown
    if agreed:
        assert kept(suite)[0].read_bytes() == MINE
    else:
        assert f"{WORK} stays as it is." in shown
        nothing_lost(suite, work)


def test_does_nothing_where_nobody_can_be_asked(ask: Ask, suite: Path, work: Path) -> None:
    assert "add --yes" in ask(code=cli.BAD_REQUEST)
    nothing_lost(suite, work)


# -- what stands in the way --------------------------------------------------------------


@pytest.mark.parametrize("target", ["tcp_echo.py", "gone.py", "exercises"])
def test_a_link_stays(ask: Ask, suite: Path, work: Path, target: str) -> None:
    elsewhere = suite / "tcp_echo.py"
    work.rename(elsewhere)
    work.symlink_to(suite / target)
    assert "is a link" in ask("--yes", code=cli.BAD_REQUEST)
    assert os.readlink(work) == str(suite / target)
    assert elsewhere.read_bytes() == MINE


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_stays(
    ask: Ask, suite: Path, work: Path, make: Callable[[Path], None]
) -> None:
    work.unlink()
    make(work)
    assert "is not a file" in ask("--yes", code=cli.BAD_REQUEST)
    assert not work.is_file()
    assert not (suite / ".dojo").exists()


def test_a_write_protected_file_stays(
    ask: Ask, suite: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work.chmod(0o444)
    if os.access(work, os.W_OK):  # root may write what is protected
        monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "is write-protected" in ask("--yes", code=cli.BAD_REQUEST)
    nothing_lost(suite, work)


def test_where_no_attempt_can_be_kept_nothing_is_replaced(
    ask: Ask, suite: Path, work: Path
) -> None:
    (suite / ".dojo").write_text("in the way")
    line = ask("--yes", code=cli.BAD_REQUEST)
    assert line == f"dojo: {WORK} stays as it is: .dojo: File exists\n"
    (suite / ".dojo").unlink()
    (suite / ".dojo").mkdir()
    (suite / ".dojo" / "attempts").write_text("in the way, too")
    assert ".dojo/attempts" in ask("--yes", code=cli.BAD_REQUEST)
    nothing_lost(suite, work)


@pytest.mark.parametrize("moment", ["mkstemp", "link", "replace"])
def test_a_disk_that_is_full_loses_nothing(
    ask: Ask, suite: Path, work: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    def full(*words: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    if moment == "link":
        monkeypatch.delattr(os, "link")
        monkeypatch.setattr(reset.shutil, "copyfileobj", full)  # type: ignore[attr-defined]
    else:
        owner = reset.tempfile if moment == "mkstemp" else os  # type: ignore[attr-defined]
        monkeypatch.setattr(owner, moment, full)
    line = ask("--yes", code=cli.BAD_REQUEST)
    assert line == f"dojo: {WORK} stays as it is: No space left on device\n"
    nothing_lost(suite, work)


@pytest.mark.parametrize("content", [None, b""])
def test_without_a_stub_nothing_is_replaced(
    ask: Ask, suite: Path, work: Path, content: bytes | None
) -> None:
    (suite / STUB).unlink()
    if content is not None:
        (suite / STUB).write_bytes(content)
    line = ask("--yes", code=cli.BAD_REQUEST)
    assert f"the stub {STUB} cannot be read (No such file or directory)" in line
    nothing_lost(suite, work)


def test_a_record_that_cannot_be_written_hinders_no_reset(
    suite: Path, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (suite / ".dojo" / "history.sqlite3").mkdir(parents=True)
    lines = put_back(suite, load_exercise(suite, "ex03"), "en")
    assert lines[0] == f"{WORK} is the stub again."
    assert kept(suite)[0].read_bytes() == MINE
    assert capsys.readouterr().err.count("\n") == 1


def test_for_other_commands(suite: Path, work: Path) -> None:
    exercise = load_exercise(suite, "ex03")
    assert not is_reset(suite, exercise, "zh")
    assert put_back(suite, exercise, "zh")[0] == f"{WORK} 已恢复成初始文件。"
    assert is_reset(suite, exercise, "zh")
    assert put_back(suite, exercise, "zh") == [f"{WORK} 本来就是初始文件，不需要恢复。"]
