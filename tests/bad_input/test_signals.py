"""Ctrl-C, SIGTERM, SIGHUP at any moment: one line, a 130, verdicts are kept, nothing is left.

Each moment is met exactly: the process sends the signal to itself from within the function that
is under way then, and once more while it clears up.  A learner's code that ignores signals, and
a judge that is killed, are in tests/test_cli.py.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader import cli
from grader.commands import _reports
from grader.commands import grade as grade_command
from grader.harness import session
from grader.history import History
from grader.report import json_
from grader.sandbox.base import Drain
from grader.sandbox.spawn import SpawnSandbox
from grader.sandbox.zygote import ZygoteSandbox
from grader.store import Store

from .conftest import EX03, ROOT, WORK, Answer, environment

Ask = Callable[..., Answer]
ONE = ("--check", "client_lets_refusal_through")
INT, TERM, HUP = signal.SIGINT, signal.SIGTERM, signal.SIGHUP

pytestmark = [pytest.mark.needs_proc, pytest.mark.usefixtures("leaves_nothing")]


@pytest.fixture(autouse=True)
def solved(suite: Path) -> None:
    """Put the reference in the learner's place, and an old report where the new one goes."""
    shutil.copy(suite / "solutions" / EX03 / "tcp_echo.py", suite / WORK)
    (suite / "v.json").write_text("old")


def send_in(owner: Any, name: str, *numbers: int, after: bool = False, on: int = 1) -> None:
    """Have this process send itself signals in the ``on``-th call of a function."""
    really = getattr(owner, name)
    calls = []

    def instead(*words: Any, **named: Any) -> Any:
        calls.append(1)
        due = len(calls) == on
        result = really(*words, **named) if after else None
        if due:
            for number in numbers:
                os.kill(os.getpid(), number)
        return result if after else really(*words, **named)

    setattr(owner, name, instead)


def send_while_closing(*numbers: int) -> None:
    send_in(Drain, "close", *numbers)
    send_in(subprocess.Popen, "wait", *numbers)


# -- before there is a verdict: the old report stays --------------------------------------

BEFORE: dict[str, tuple[Callable[..., None], str, tuple[int, ...]]] = {
    "manifests are read": (lambda *n: send_in(grade_command, "_targets", *n), "", (INT,)),
    "a process is started": (lambda *n: send_in(subprocess.Popen, "__init__", *n), "", (INT, INT)),
    "a process has been started": (
        lambda *n: send_in(subprocess.Popen, "__init__", *n, after=True),
        "none",
        (TERM, TERM, TERM),
    ),
    "the sandbox is set up": (lambda *n: send_in(ZygoteSandbox, "_receive", *n), "none", (HUP,)),
    "a file is compiled": (lambda *n: send_in(ZygoteSandbox, "compiled", *n), "", (TERM, INT)),
    "a learner is forked": (lambda *n: send_in(ZygoteSandbox, "fork", *n), "", (HUP, TERM)),
    "an interpreter is started": (lambda *n: send_in(SpawnSandbox, "fork", *n), "spawn", (INT,)),
    "checks run": (lambda *n: send_in(session, "run_body", *n), "", (INT,)),
    "checks run side by side": (lambda *n: send_in(session, "run_body", *n), "none", (TERM, HUP)),
    "a sandbox is made": (lambda *n: send_in(Drain, "__init__", *n), "none", (INT,)),
    "a folder has been made": (
        lambda *n: send_in(tempfile, "mkdtemp", *n, after=True),
        "none",
        (TERM,),
    ),
    "a sandbox is closed": (lambda *n: send_in(Drain, "close", *n), "none", (INT, TERM)),
    "a sandbox has ended": (lambda *n: send_in(subprocess.Popen, "wait", *n), "none", (HUP,)),
    "an interpreter has ended": (lambda *n: send_in(subprocess.Popen, "wait", *n), "spawn", (INT,)),
}  # fmt: skip


@pytest.mark.parametrize(("moment", "rung", "numbers"), BEFORE.values(), ids=BEFORE)
def test_interrupted_while(
    branch: Ask,
    suite: Path,
    best: str,
    moment: Callable[..., None],
    rung: str,
    numbers: tuple[int, ...],
) -> None:
    def before() -> None:
        send_while_closing(*numbers)
        moment(*numbers)

    words = ["--isolation", rung or best, "--format", "json=v.json"]
    answer = branch("grade", "ex03", *ONE, *words, before=before)
    answer.refuses("interrupted; nothing is left running", cli.INTERRUPTED)
    assert answer.out == ""
    assert (suite / "v.json").read_text() == "old"


# -- with a verdict: it is kept ------------------------------------------------------------

AFTER: dict[str, tuple[Callable[..., None], tuple[int, ...]]] = {
    "it is recorded": (lambda *n: send_in(History, "record", *n), (INT,)),
    "it is being recorded": (lambda *n: send_in(Store, "_begin", *n, after=True), (TERM, INT)),
    "a report is made": (lambda *n: send_in(json_, "render", *n), (TERM,)),
    "a report is written": (lambda *n: send_in(_reports, "_replace", *n), (HUP, HUP, INT)),
    "a report is there": (lambda *n: send_in(_reports, "write_whole", *n, after=True), (INT,)),
    "the last report is printed": (lambda *n: send_in(_reports, "_print", *n), (TERM,)),
    "all is done": (lambda *n: send_in(cli, "_flushed", *n), (INT, INT)),
}  # fmt: skip


@pytest.mark.parametrize(("moment", "numbers"), AFTER.values(), ids=AFTER)
def test_a_verdict_is_kept_when(
    branch: Ask, suite: Path, moment: Callable[..., None], numbers: tuple[int, ...]
) -> None:
    (suite / WORK).write_bytes(b"")
    words = ["--format", "json=v.json", "--format", "junit=v.xml"]
    answer = branch("grade", "ex03", *words, before=lambda: moment(*numbers))
    answer.refuses("interrupted", cli.INTERRUPTED)
    assert json.loads((suite / "v.json").read_text("utf-8"))["status"] == "failed"
    assert (suite / "v.xml").read_text("utf-8").endswith("</testsuites>\n")
    assert len(History(suite).attempts("ex03")) == 1


@pytest.mark.parametrize("number", [INT, TERM, HUP])
def test_what_was_graded_before_is_reported(
    branch: Ask, suite: Path, number: int, best: str
) -> None:
    """Of three exercises one has its verdict, one is being graded, one is never begun."""
    for name in ("ex01_bytes_codec", "ex07_multi_client"):
        shutil.copytree(ROOT / "exercises" / name, suite / "exercises" / name)
    (suite / WORK).write_bytes(b"")
    exercises = ("ex03", "ex07", "ex01")
    words = ["--format", "json=v.json", "--format", "text", "--isolation", best]
    answer = branch(
        "grade", *exercises, *words, before=lambda: send_in(session, "run_body", number)
    )
    answer.refuses("interrupted after 1 of 3 exercises, which are reported", cli.INTERRUPTED)
    found = json.loads((suite / "v.json").read_text("utf-8"))
    assert [verdict["exercise"] for verdict in (found if isinstance(found, list) else [found])] == [
        "ex03"
    ]
    assert "tcp_echo.py is empty" in answer.out
    assert list(History(suite).standing()) == ["ex03"]


def test_a_file_that_cannot_be_read_costs_no_other_verdict(ask: Ask, suite: Path) -> None:
    for name, stub in (("ex01_bytes_codec", "bytes_codec"), ("ex07_multi_client", "multi_client")):
        shutil.copytree(ROOT / "exercises" / name, suite / "exercises" / name)
        (suite / "exercises" / name / f"{stub}.py").write_bytes(b"")
    (suite / WORK).unlink()
    (suite / WORK).symlink_to(suite / WORK)
    answer = ask("grade", "--format", "json=v.json")
    answer.refuses("the file cannot be read: ")
    found = json.loads((suite / "v.json").read_text("utf-8"))
    assert [verdict["exercise"] for verdict in found] == ["ex01", "ex07"]


def test_a_fault_of_ours_costs_no_earlier_verdict(branch: Ask, suite: Path) -> None:
    name = "ex01_bytes_codec"
    shutil.copytree(ROOT / "exercises" / name, suite / "exercises" / name)
    (suite / WORK).write_bytes(b"")

    def before() -> None:
        def breaks(*_: object) -> None:
            raise ZeroDivisionError("ours")

        ZygoteSandbox.compiled = breaks  # type: ignore[assignment, method-assign]

    answer = branch("grade", "ex03", "ex01", "--format", "junit=v.xml", before=before)
    answer.refuses("the grader itself failed, not your code: ZeroDivisionError", cli.OUR_FAULT)
    assert 'name="ex03_tcp_echo"' in (suite / "v.xml").read_text("utf-8")


# -- how a signal is taken ---------------------------------------------------------------


@pytest.mark.parametrize("number", [INT, TERM, HUP])
def test_what_was_ignored_from_the_start_stays_so(branch: Ask, number: int) -> None:
    """``nohup``, and the background jobs of a shell without job control."""

    def before() -> None:
        signal.signal(number, signal.SIG_IGN)
        send_in(session, "run_body", number)

    answer = branch("grade", "ex03", *ONE, before=before)
    assert (answer.code, answer.err) == (cli.PASSED, "")


def test_a_signal_that_got_lost_is_remembered(branch: Ask, suite: Path) -> None:
    """A library that catches everything, a destructor that nobody can raise from."""

    class Hit:
        def __del__(self) -> None:
            signal.raise_signal(INT)

    def before() -> None:
        sys.unraisablehook = sys.__unraisablehook__  # pytest has one of its own
        really = grade_command.grade  # type: ignore[attr-defined]
        grade_command.grade = lambda *words: (Hit(), really(*words))[1]  # type: ignore[attr-defined]

    (suite / WORK).write_bytes(b"")
    answer = branch("grade", "ex03", "--format", "json=v.json", before=before)
    answer.refuses("interrupted", cli.INTERRUPTED)


def test_a_pipe_that_nobody_reads_holds_nobody_up(branch: Ask, suite: Path) -> None:
    os.mkfifo(suite / "pipe")
    (suite / WORK).write_bytes(b"")
    words = ["--format", "json=pipe", "--format", "junit=v.xml"]
    answer = branch("grade", "ex03", *words, before=lambda: send_in(json_, "render", INT))
    answer.refuses("interrupted", cli.INTERRUPTED)
    assert (suite / "v.xml").is_file()


def test_who_asks_again_after_a_while_means_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(INT)
    with cli._ending_when_asked(for_good=False):
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(TERM)
        signal.raise_signal(INT)
        with cli.uninterrupted():
            signal.raise_signal(TERM)
        with monkeypatch.context() as patch:
            patch.setattr(cli, "_GRACE_S", 0.0)
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(INT)
    assert cli.asked_to_end()
    assert signal.getsignal(INT) is before
    with cli._ending_when_asked(for_good=False):
        assert not cli.asked_to_end()
        done = []

        def whole() -> None:
            with cli.uninterrupted():
                with cli.uninterrupted():
                    signal.raise_signal(INT)
                done.append("whole")

        with pytest.raises(KeyboardInterrupt):
            whole()
        assert done == ["whole"]


ASKED_AGAIN = """
import os, signal, sys, time
from grader import cli

__name__ = "grader.shelter"  # one of our objects: what comes while it is made is sent again

class Shelter:
    def __init__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        while not cli.asked_to_end():
            pass

cli._AGAIN_S = 0.05
try:
    with cli._ending_when_asked(for_good=True):
        Shelter()
        cli.end_if_asked()
except KeyboardInterrupt:
    time.sleep(0.2)  # the thread that sends it again is done with that
    sys.exit(130)
"""


def test_what_has_ended_once_is_not_ended_again() -> None:
    done = subprocess.run([sys.executable, "-c", ASKED_AGAIN], timeout=60, check=False)
    assert done.returncode == cli.INTERRUPTED


# -- a process of its own: while it is imported, and when it is over ---------------------

HIT_AT_IMPORT = """
import os, runpy, signal, sys

class Hit:
    def find_spec(self, name, *_):
        if name == "{name}":
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.{number})

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Hit())
runpy.run_module("grader", run_name="__main__", alter_sys=True)
"""
HIT_AT_EXIT = """
import atexit, os, runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
atexit.register(lambda: os.kill(os.getpid(), signal.{number}))
runpy.run_module("grader", run_name="__main__", alter_sys=True)
"""


def play(suite: Path, script: str, *words: str) -> Answer:
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=suite,
        env=environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("name", "number", "lines"),
    [
        ("grader.cli", "SIGINT", 0),
        ("grader.catalog", "SIGINT", 1),
        ("grader.commands.grade", "SIGTERM", 1),
        ("grader.harness.lab", "SIGINT", 1),
        ("pytest", "SIGHUP", 1),
    ],
)
def test_interrupted_at_import(suite: Path, name: str, number: str, lines: int) -> None:
    answer = play(suite, HIT_AT_IMPORT.format(name=name, number=number), "grade", "ex03", *ONE)
    assert (answer.code, answer.out, answer.err.count("\n")) == (cli.INTERRUPTED, "", lines)
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_a_signal_after_the_end_takes_nothing_back(suite: Path, number: str) -> None:
    (suite / WORK).write_bytes(b"")
    words = ["grade", "ex03", "--format", "json=v.json"]
    answer = play(suite, HIT_AT_EXIT.format(number=number), *words)
    assert (answer.code, answer.err) == (-getattr(signal, number), "")
    assert "tcp_echo.py is empty" in answer.out
    assert json.loads((suite / "v.json").read_text("utf-8"))["status"] == "failed"


IN_AN_IMPORT = """
import sys
from grader import cli

sys.path.insert(0, sys.argv[1])
try:
    with cli._ending_when_asked(for_good=True):
        import slow_to_import
        while True:
            pass
except KeyboardInterrupt:
    assert slow_to_import.is_whole
    sys.exit(cli.INTERRUPTED)
"""
SLOW_TO_IMPORT = """
import os, signal, time
os.kill(os.getpid(), signal.SIGTERM)
exec("time.sleep(0.05)")
is_whole = True
"""


def test_a_module_is_imported_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "slow_to_import.py").write_text(SLOW_TO_IMPORT)
    command = [sys.executable, "-B", "-c", IN_AN_IMPORT, str(tmp_path)]
    done = subprocess.run(command, timeout=60, check=False)
    assert done.returncode == cli.INTERRUPTED
