"""Odd surroundings: locales, terminals, folders that are gone, descriptors that run out, clocks.

Where a suite cannot be found, and a terminal without Unicode, is in tests/test_cli.py.
"""

from __future__ import annotations

import ast
import itertools
import json
import os
import resource
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from grader import cli

from .conftest import EX03, ROOT, WORK, Answer

Ask = Callable[..., Answer]
ONE = ("--check", "client_lets_refusal_through")


@pytest.fixture
def solved(suite: Path) -> None:
    """Put the reference in the learner's place."""
    shutil.copy(suite / "solutions" / EX03 / "tcp_echo.py", suite / WORK)


# -- what text is shown in ---------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "gbk", "utf-16", "utf-7"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_character_can_be_shown(
    branch: Ask, suite: Path, encoding: str, language: str
) -> None:
    """The check fails at a line in Chinese, in a file whose name is no text at all."""
    name = "作业\udcff🎉.py"
    (suite / name).write_text("def serve(: # 你好 é 🎉\n")
    words = ["grade", "ex03", *ONE, "--lang", language, "--file", name]
    answer = branch(*words, encoding=encoding)
    assert (answer.code, answer.err) == (cli.FALLEN_SHORT, "")
    assert ".py:1" in answer.out
    answer = branch("grade", "练习🎉\udcff", "--lang", language, encoding=encoding)
    assert "ex03_tcp_echo" in answer.refuses()


@pytest.mark.parametrize(
    "locale", ["xx", "zh_CN.GB18030", "tlh_KL.UTF-8@klingon", "", "\udcff", "C"]
)
def test_no_locale_is_too_odd(branch: Ask, locale: str) -> None:
    def before() -> None:
        os.environ["LC_ALL"] = os.environ["LANG"] = locale

    answer = branch("grade", "ex99", before=before)
    chinese = "没有练习" in answer.refuses("ex99")
    assert chinese == locale.startswith("zh")


@pytest.mark.parametrize("columns", ["0", "-5", "1", "9" * 30, "abc", ""])
def test_no_terminal_is_too_narrow(branch: Ask, suite: Path, columns: str) -> None:
    (suite / WORK).write_bytes(b"")

    def before() -> None:
        os.environ["COLUMNS"] = os.environ["LINES"] = columns

    answer = branch("grade", "ex03", before=before)
    assert (answer.code, answer.err) == (cli.FALLEN_SHORT, "")
    assert max(map(len, answer.out.splitlines())) <= 120
    assert branch("grade", "--help", before=before).code == cli.PASSED


# -- what is missing ---------------------------------------------------------------------


@pytest.mark.usefixtures("solved")
def test_an_empty_environment(branch: Ask) -> None:
    """No HOME, no PATH, no TMPDIR: graded on whatever rung is left."""
    answer = branch("grade", "ex03", *ONE, before=os.environ.clear)
    assert (answer.code, answer.err) == (cli.PASSED, "")


@pytest.mark.usefixtures("solved")
def test_odd_variables(branch: Ask) -> None:
    odd = {"HOME": "/nowhere", "TMPDIR": "/nowhere", "PYTEST_ADDOPTS": "--no-such-option"}
    odd |= {"PYTHONPATH": "\udcff:/dev/null", "TERM": "\x1b", "NO_COLOR": "\udcff"}
    answer = branch("grade", "ex03", *ONE, before=lambda: os.environ.update(odd))
    assert (answer.code, answer.err) == (cli.PASSED, "")


@pytest.mark.usefixtures("solved")
def test_2_where_there_is_no_place_for_a_temporary_file(branch: Ask) -> None:
    def before() -> None:
        tempfile._candidate_tempdir_list = lambda: ["/nowhere"]  # type: ignore[attr-defined]

    words = ["--isolation", "none"]
    branch("grade", "ex03", *ONE, *words, before=before).refuses("No usable temporary directory")


@pytest.mark.parametrize("command", [["grade"], ["grade", "ex03"], ["hint", "ex03"]])
def test_2_where_the_folder_one_is_in_is_gone(
    branch: Ask, tmp_path: Path, command: list[str]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    answer = branch(*command, cwd=gone, before=gone.rmdir)
    answer.refuses("the folder that you are in is no longer there")
    gone.mkdir()
    assert branch("--help", cwd=gone, before=gone.rmdir).code == cli.PASSED


# -- what runs out -----------------------------------------------------------------------


@pytest.mark.usefixtures("solved")
@pytest.mark.parametrize("most", [4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 32])
def test_out_of_descriptors(branch: Ask, best: str, most: int) -> None:
    """One line, or a verdict on the rung that was to be had: never on a lower one in silence."""

    def before() -> None:
        os.closerange(3, 256)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    answer = branch("grade", "ex03", *ONE, "--format", "json", before=before).is_presentable()
    assert answer.code in (cli.PASSED, cli.BAD_REQUEST, cli.OUR_FAULT)
    if answer.out:
        verdict = json.loads(answer.out)
        assert verdict["isolation"]["level"] == best
        assert verdict["status"] == {cli.PASSED: "passed", cli.OUR_FAULT: "error"}[answer.code]
        assert "failed" not in {check["status"] for check in verdict["checks"]}
    else:
        assert "open files" in answer.err


def test_a_report_that_is_larger_than_a_file_may_be(branch: Ask, suite: Path) -> None:
    (suite / WORK).write_bytes(b"")
    (suite / "v.json").write_text("old")

    def before() -> None:
        # Standard output is a file, too, here: only the JSON is larger than this.
        resource.setrlimit(resource.RLIMIT_FSIZE, (8000, 8000))

    answer = branch("grade", "ex03", "--format", "json=v.json", before=before)
    answer.refuses("cannot write v.json: File too large")
    assert "tcp_echo.py is empty" in answer.out
    assert (suite / "v.json").read_text() == "old"
    assert {path.name for path in suite.iterdir()} <= {"exercises", "solutions", "v.json", ".dojo"}


@pytest.mark.usefixtures("solved")
def test_a_parent_that_wants_to_hear_of_no_child(branch: Ask) -> None:
    """SIGCHLD ignored is inherited, and then nobody learns how a process ended (wait(2))."""
    answer = branch(
        "grade", "ex03", *ONE, before=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    )
    assert (answer.code, answer.err) == (cli.PASSED, "")


# -- a clock that jumps ------------------------------------------------------------------


@pytest.mark.usefixtures("solved")
@pytest.mark.parametrize("step", [1e9, -1e9, 0.0], ids=["forward", "back", "standing"])
def test_a_clock_that_jumps_is_looked_at_by_nobody(branch: Ask, step: float) -> None:
    def before() -> None:
        now = itertools.count(time.time(), step)
        time.time = lambda: next(now)
        time.time_ns = lambda: int(next(now) * 1e9)

    words = ["--check", "client_times_out_on_silence", "--check", "server_echoes_one_message"]
    answer = branch("grade", "ex03", *words, "--format", "json", before=before)
    assert (answer.code, answer.err) == (cli.PASSED, "")
    verdict = json.loads(answer.out)
    times = [check["duration_s"] for check in verdict["checks"]]
    assert all(0 <= seconds < 1000 for seconds in [verdict["duration_s"], *times])


def test_durations_come_from_a_clock_that_only_goes_forward() -> None:
    wall = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today"}
    # When an attempt was made, what a kept one is called, when something was graded or handed in.
    dated = {"history.py", "reset.py", "store.py", "grade_class.py", "classroom50.py"}
    for path in (ROOT / "grader").rglob("*.py"):
        if path.name in dated:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in wall, f"{path.name}:{node.lineno}"
