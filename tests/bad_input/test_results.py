"""Where results go: a path that cannot be written, a full disk, a reader that has gone.

Whatever fails, the other reports are written, an old one is kept or replaced whole, and what
has lost its file is printed.  That all formats are written at once is in tests/test_cli.py.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from grader import catalog, cli
from grader.commands import _reports
from grader.model import Language
from grader.report import json_

from .conftest import WORK, Answer, become_nobody, environment, mount_tiny

Ask = Callable[..., Answer]
PAGE = 4096


@pytest.fixture(autouse=True)
def unsolved(suite: Path) -> None:
    """Leave an empty file to grade: a whole verdict in a millisecond."""
    (suite / WORK).write_bytes(b"")


def is_verdict(path: Path) -> bool:
    return bool(json.loads(path.read_text("utf-8"))["exercise"] == "ex03")


# -- requests that can be refused before anything is graded ------------------------------

REFUSED: dict[str, tuple[list[str], str]] = {
    "one file twice": (["--format", "json=v", "--format", "junit=v"], "same file v"),
    "one file by two names": (["--format", "json=v", "--format", "junit=./no/../v"], "same file"),
    "one file by a link": (["--format", "json=old", "--format", "junit=link"], "same file link"),
    "--out on a format's file": (
        ["--format", "json", "--format", "junit=v", "--out", "v"],
        "same file v",
    ),
    "--out twice": (["--out", "a", "--out", "b"], "--out goes once"),
    "the file to grade": (["--format", f"json={WORK}"], "the file to grade"),
    "the file to grade by a link": (["--out", "mine"], "the file to grade"),
    "--file twice": (["--file", "a.py", "--file", "b.py"], "--file goes once"),
    "--file for two": (["ex03", "ex98", "--file", "a.py"], "--file goes once"),
    "--file for all of several": (["--file", "a.py"], "--file goes once"),
}


@pytest.mark.parametrize(("words", "said"), REFUSED.values(), ids=REFUSED)
def test_2_before_anything_is_lost(ask: Ask, suite: Path, words: list[str], said: str) -> None:
    (suite / "exercises" / "ex98_other").mkdir()
    (suite / WORK).write_text("my work\n")
    (suite / "old").write_text("old")
    (suite / "link").symlink_to("old")
    (suite / "mine").symlink_to(WORK)
    line = ask("grade", *([] if "all" in said or words[0] == "ex03" else ["ex03"]), *words)
    if words == ["--file", "a.py"]:
        line = ask("grade", *words)
    line.refuses(said)
    assert line.out == ""
    assert (suite / WORK).read_text() == "my work\n"
    assert (suite / "old").read_text() == "old"
    assert not (suite / "v").exists()


def test_any_number_of_reports_may_go_nowhere(ask: Ask) -> None:
    words = ["--format", f"json={os.devnull}", "--format", f"junit={os.devnull}"]
    assert ask("grade", "ex03", *words).code == cli.FALLEN_SHORT


# -- paths that cannot be written --------------------------------------------------------

UNWRITABLE = {
    "a folder": "exercises",
    "in a folder that is not there": "no/such/folder/v",
    "below a file": "noxfile/v",
    "a loop": "loop/v",
    "too long": "x" * 300,
    "a full device": "/dev/full",
    "no text": "a\x1b]0;x\x07\n/\udcff",
}


@pytest.mark.parametrize("path", UNWRITABLE.values(), ids=UNWRITABLE)
@pytest.mark.parametrize("form", ["text", "json"])
def test_what_has_lost_its_file_is_printed(ask: Ask, suite: Path, path: str, form: str) -> None:
    (suite / "noxfile").touch()
    (suite / "loop").symlink_to("loop")
    answer = ask("grade", "ex03", "--format", f"{form}={path}", "--format", "junit=v.xml")
    line = answer.refuses("cannot write ")
    assert "\x1b" not in line
    assert "tcp_echo.py is empty" in answer.out
    assert (suite / "v.xml").read_text("utf-8").endswith("</testsuites>\n")


def test_two_that_cannot_be_written_are_told_in_one_line(ask: Ask) -> None:
    answer = ask("grade", "ex03", "--format", "json=no/a", "--format", "junit=no/b")
    line = answer.refuses("cannot write no/a: ")
    assert " · cannot write no/b: " in line


def test_a_report_that_breaks_keeps_no_other_back(
    ask: Ask, suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_, "render", lambda *_: 1 / 0)
    answer = ask("grade", "ex03", "--format", "json=v.json", "--format", "junit=v.xml")
    answer.refuses("the grader itself failed", cli.OUR_FAULT)
    assert (suite / "v.xml").is_file()
    assert not (suite / "v.json").exists()
    assert "tcp_echo.py is empty" in answer.out


def test_the_summary_of_github_is_a_path_like_any_other(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "no/such/summary")
    answer = ask("grade", "ex03", "--format", "github")
    answer.refuses("cannot write no/such/summary: ")
    assert answer.out.startswith("::error ")


@pytest.mark.usefixtures("rootly")
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_is_read_only_is_left_alone(branch: Ask, open_suite: Path, kind: str) -> None:
    folder = open_suite / "results"
    folder.mkdir()
    old = folder / "v.json"
    old.write_text("old")
    if kind == "file":
        os.chmod(folder, 0o777)
        os.chmod(old, 0o444)
    answer = branch(
        *("grade", "ex03", "--format", f"json={old}"), cwd=open_suite, before=become_nobody
    )
    answer.refuses(f"cannot write {old}: Permission denied")
    assert "tcp_echo.py is empty" in answer.out
    assert old.read_text() == "old"
    assert [path.name for path in folder.iterdir()] == ["v.json"]


@pytest.mark.usefixtures("rootly")
def test_a_file_of_ones_own_in_a_folder_of_others_is_written(branch: Ask, open_suite: Path) -> None:
    """As where a container is given one file to write its results to."""
    old = open_suite / "v.json"
    old.write_text("old" * 100_000)
    old.chmod(0o666)
    words = ["grade", "ex03", "--format", f"json={old}"]
    answer = branch(*words, cwd=open_suite, before=become_nobody)
    assert (answer.code, answer.complaint) == (cli.FALLEN_SHORT, "")
    assert is_verdict(old)


def test_a_link_stays_a_link_and_a_mode_stays_as_it_is(ask: Ask, suite: Path) -> None:
    (suite / "old").write_text("old")
    (suite / "old").chmod(0o600)
    for name, target in (("link", "old"), ("new", "made")):
        (suite / name).symlink_to(target)
        assert ask("grade", "ex03", "--format", f"json={name}").code == cli.FALLEN_SHORT
        assert (suite / name).is_symlink()
        assert is_verdict(suite / target)
    assert stat.S_IMODE((suite / "old").stat().st_mode) == 0o600
    assert stat.S_IMODE((suite / "made").stat().st_mode) & 0o600 == 0o600


def test_a_pipe_is_written_to_and_stays_one(ask: Ask, suite: Path) -> None:
    os.mkfifo(suite / "pipe")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append((suite / "pipe").read_text("utf-8")))
    reader.start()
    assert ask("grade", "ex03", "--format", "json=pipe").code == cli.FALLEN_SHORT
    reader.join()
    assert json.loads(read[0])["exercise"] == "ex03"
    assert (suite / "pipe").is_fifo()


def test_a_report_with_what_utf8_has_no_place_for_is_not_lost(tmp_path: Path) -> None:
    _reports.write_whole(tmp_path / "v", "\udcff\n")
    assert (tmp_path / "v").read_bytes() == b"\\udcff\n"


# -- a full disk -------------------------------------------------------------------------


@pytest.mark.usefixtures("rootly")
@pytest.mark.parametrize("old", [b"old", None])
def test_a_full_disk_keeps_the_old_report(
    branch: Ask, suite: Path, tmp_path: Path, old: bytes | None
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    path = disk / "v.json"

    def fill() -> None:
        mount_tiny(disk, 2 * PAGE)
        if old is not None:
            path.write_bytes(old)
        (disk / "ballast").write_bytes(bytes(PAGE))

    def look(code: int, language: Language) -> int:
        now = path.read_bytes() if path.exists() else None
        assert now == old
        assert {entry.name for entry in disk.iterdir()} - {"v.json"} == {"ballast"}
        print("looked")
        return code

    def before() -> None:
        fill()
        cli._flushed = look  # the last that is called, and the disk goes with the process

    words = ["--format", f"json={path}", "--format", "junit=v.xml"]
    answer = branch("grade", "ex03", *words, before=before)
    answer.refuses(f"cannot write {path}: No space left on device")
    assert "tcp_echo.py is empty" in answer.out
    assert answer.out.endswith("looked\n")
    assert (suite / "v.xml").is_file()


@pytest.mark.usefixtures("rootly")
@pytest.mark.parametrize(
    ("isolation", "code"), [("full", cli.FALLEN_SHORT), ("none", cli.BAD_REQUEST)]
)
def test_a_full_tmp(
    branch: Ask,
    suite: Path,
    tmp_path: Path,
    isolation: str,
    code: int,
    request: pytest.FixtureRequest,
) -> None:
    """The full rung needs no file of the machine's; the plain one says that it cannot have any."""
    disk = tmp_path / "tmp"
    disk.mkdir()
    (suite / WORK).write_bytes(b"def serve(:\n" + b"#" * PAGE)

    def before() -> None:
        mount_tiny(disk, PAGE)
        (disk / "ballast").write_bytes(bytes(PAGE))
        tempfile.tempdir = str(disk)

    answer = branch("grade", "ex03", "--isolation", isolation, before=before).is_presentable()
    if isolation == "full" and "isolat" in answer.err:
        pytest.skip(answer.err)
    assert answer.code == code
    assert ("No space left" in answer.err) == (code == cli.BAD_REQUEST)


@pytest.mark.usefixtures("rootly")
def test_a_full_disk_under_the_suite_costs_the_record_only(branch: Ask, suite: Path) -> None:
    def before() -> None:
        (suite / ".dojo").mkdir()
        mount_tiny(suite / ".dojo", PAGE)
        (suite / ".dojo" / "ballast").write_bytes(bytes(PAGE))

    answer = branch("grade", "ex03", before=before)
    assert answer.code == cli.FALLEN_SHORT
    assert answer.err.startswith("dojo: this cannot be recorded (.dojo/")
    assert answer.err.count("\n") == 1
    assert "Isolation: " in answer.out


# -- standard output ---------------------------------------------------------------------


def test_a_full_standard_output_is_told(run: Ask, suite: Path) -> None:
    with open("/dev/full", "w") as full:
        for words in (["grade", "ex03", "--format", "junit=v.xml"], ["--help"]):
            run(*words, stdout=full).refuses("cannot write stdout: No space left on device")
            unbuffered = environment(PYTHONUNBUFFERED="1")
            run(*words, stdout=full, env=unbuffered).refuses("No space left on device")
    assert (suite / "v.xml").is_file()


@pytest.mark.parametrize("words", [["grade", "ex99"], ["no-such-command"]])
def test_a_full_standard_error_changes_no_code(run: Ask, words: list[str]) -> None:
    with open("/dev/full", "w") as full:
        answer = run(*words, stderr=full)
    assert (answer.code, answer.out) == (cli.BAD_REQUEST, "")


@pytest.mark.parametrize("closed", [[1], [2], [0, 1, 2]], ids=str)
def test_a_closed_stream_takes_nothing_else_along(run: Ask, suite: Path, closed: list[int]) -> None:
    """Nor does a file that is opened later stand in its place."""

    def close() -> None:
        for fd in closed:
            os.close(fd)

    (suite / WORK).write_text("def serve(:\n")
    answer = run("grade", "ex03", "--format", "json=v.json", preexec_fn=close)
    assert (answer.code, answer.complaint) == (cli.FALLEN_SHORT, "")
    assert is_verdict(suite / "v.json")
    assert ("Score 0" in answer.out) == (1 not in closed)
    assert run("grade", "ex99", preexec_fn=close).code == cli.BAD_REQUEST


@pytest.mark.parametrize("unbuffered", [None, "1"])
def test_a_reader_that_has_gone_costs_no_file(
    run: Ask, suite: Path, unbuffered: str | None
) -> None:
    """``grade | head -1``: the verdict is what counts, and nobody is there to be told more."""
    reading, writing = os.pipe()
    os.close(reading)
    how = {"stdout": writing, "env": environment(PYTHONUNBUFFERED=unbuffered)}
    answer = run("grade", "ex03", "--format", "text", "--format", "json=v.json", **how)
    assert (answer.code, answer.complaint) == (cli.FALLEN_SHORT, "")
    assert is_verdict(suite / "v.json")
    answer = run("--help", **how)
    assert (answer.code in (cli.PASSED, cli.READER_GONE), answer.err) == (True, "")
    os.close(writing)


@pytest.mark.parametrize("buffering", [1, -1], ids=["lines", "blocks"])
def test_a_command_that_is_cut_off_has_not_passed(branch: Ask, buffering: int) -> None:
    """Such as ``verify | head -1``: what it had to say was not said to its end."""

    def before() -> None:
        reading, writing = os.pipe()
        os.close(reading)
        os.dup2(writing, 1)
        sys.stdout = open(1, "w", buffering, closefd=False)  # noqa: SIM115
        catalog.load_exercise = lambda *_: print("x" * 100_000)  # type: ignore[assignment]
        sys.modules.pop("grader.commands.hint", None)

    answer = branch("hint", "ex03", before=before)
    assert (answer.code, answer.err) == (cli.READER_GONE, "")


def test_a_broken_pipe_of_ours_is_not_taken_for_a_reader(branch: Ask) -> None:
    def before() -> None:
        def breaks(*_: object) -> None:
            raise BrokenPipeError(32, "Broken pipe")

        catalog.load_exercise = breaks  # type: ignore[assignment]
        sys.modules.pop("grader.commands.hint", None)

    branch("hint", "ex03", before=before).refuses("the system refused: ")
