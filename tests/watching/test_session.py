"""Whole sessions of ``watch``, in a real terminal, with files saved as editors save them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from grader import cli
from grader.history import History
from grader.sandbox import processes

from .conftest import EX03, ROOT, Terminal, Watch, environment, wrong

Eventually = Callable[[Callable[[], bool]], None]
pytestmark = pytest.mark.needs_proc


# -- saving --------------------------------------------------------------------------------


def in_place(path: Path, source: str) -> None:
    path.write_text(source)


def by_renaming(path: Path, source: str) -> None:
    """As JetBrains' editors do it."""
    beside = path.with_name(f"{path.name}___jb_tmp___")
    beside.write_text(source)
    os.replace(beside, path)


def with_a_backup(path: Path, source: str) -> None:
    """As vim does it: for a moment there is no file."""
    backup = path.with_name(f"{path.name}~")
    path.rename(backup)
    path.write_text(source)
    backup.unlink()


def truncated_first(path: Path, source: str) -> None:
    """As VS Code does it: for a moment the file is empty."""
    with path.open("w") as file:
        file.flush()
        os.fsync(file.fileno())
        file.write(source)


def through_a_copy(path: Path, source: str) -> None:
    beside = path.with_name("copy of it")
    beside.write_text(source)
    shutil.copy2(beside, path)
    beside.unlink()


SAVES = [in_place, by_renaming, with_a_backup, truncated_first, through_a_copy]


def test_every_way_to_save_is_noticed(watch: Watch, mine: Path, suite: Path) -> None:
    mine.write_text(wrong(7))
    terminal = watch("ex03")
    terminal.result("def serve(7:")
    for number, save in enumerate(SAVES, 100):
        save(mine, wrong(number))
        assert "def serve(7:" not in terminal.result(f"def serve({number}:")
    attempts = History(suite).attempts("ex03", 99)
    assert len({attempt.sha256 for attempt in attempts}) >= len(SAVES) + 1


def test_a_link_is_followed(watch: Watch, mine: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "my echo.py"
    elsewhere.parent.mkdir()
    elsewhere.write_text(wrong(1))
    mine.unlink()
    mine.symlink_to(elsewhere)
    terminal = watch("ex03")
    terminal.result("def serve(1:")
    by_renaming(elsewhere, wrong(2))
    terminal.result("def serve(2:")


def test_the_last_of_many_saves_is_what_is_shown(
    watch: Watch, mine: Path, suite: Path, reference: str, eventually: Eventually
) -> None:
    mine.write_text(wrong(0))
    terminal = watch("ex03")
    terminal.result("def serve(0:")
    for number in range(1, 60):
        slow = number % 3 == 1
        source = f"{reference}\n# {number}\n" if slow else wrong(number)
        SAVES[number % len(SAVES)](mine, source)
        if slow and number % 4 == 0:
            terminal.until("grading what")
    mine.write_text(wrong(1000))
    terminal.result("def serve(1000:")
    shown = len(terminal.raw)
    # All that was given up has gone by now; keys are answered after whatever it has said.
    eventually(lambda: len(terminal.children) <= 2)
    terminal.press("l")
    terminal.until("Number of the exercise")
    terminal.press("l")
    terminal.result("def serve(1000:")
    frames = terminal.raw[shown:].decode().split("\x1b[H\x1b[J")
    assert all("def serve(1000:" in frame for frame in frames if "def serve(" in frame)
    hashes = [attempt.sha256 for attempt in History(suite).attempts("ex03", 999)]
    assert len(hashes) == len(set(hashes)), "an attempt is on record twice"


def test_the_same_content_is_not_graded_again(watch: Watch, mine: Path, suite: Path) -> None:
    mine.write_text(wrong(1))
    terminal = watch("ex03")
    terminal.result("def serve(1:")
    by_renaming(mine, wrong(1))
    terminal.until("nothing has changed")
    assert "def serve(1:" in terminal.screen
    assert len(History(suite).attempts("ex03")) == 1


def test_a_deleted_file_is_waited_for(watch: Watch, mine: Path, suite: Path) -> None:
    mine.write_text(wrong(1))
    terminal = watch("ex03")
    terminal.result("def serve(1:")
    mine.unlink()
    terminal.until("tcp_echo.py is not there")
    assert "def serve(1:" not in terminal.screen
    mine.write_text(wrong(1))
    terminal.result("def serve(1:")
    mine.unlink()
    terminal.until("tcp_echo.py is not there")
    mine.write_text(wrong(2))
    terminal.result("def serve(2:")
    assert len(History(suite).attempts("ex03")) == 2


def test_a_folder_that_goes_and_comes_back(watch: Watch, mine: Path, tmp_path: Path) -> None:
    mine.write_text(wrong(1))
    terminal = watch("ex03")
    terminal.result("def serve(1:")
    mine.parent.rename(tmp_path / "away")
    terminal.until("tcp_echo.py is not there")
    (tmp_path / "away").rename(mine.parent)
    terminal.result("def serve(1:")
    mine.write_text(wrong(2))
    terminal.result("def serve(2:")


def test_the_folder_that_one_is_in_may_go(watch: Watch, mine: Path, tmp_path: Path) -> None:
    mine.write_text(wrong(1))
    (mine.parent / "here").mkdir()
    terminal = watch("ex03", cwd=mine.parent / "here")
    terminal.result("def serve(1:")
    (mine.parent / "here").rmdir()
    for number in (2, 3):
        mine.write_text("while True:\n    pass\n")
        terminal.until("grading what")
        mine.write_text(wrong(number))  # by a process that is started only now
        terminal.result(f"def serve({number}:")


def test_no_file_at_all_at_first(watch: Watch, mine: Path) -> None:
    mine.unlink()
    terminal = watch("ex03")
    terminal.until("is not there")
    mine.write_text(wrong(1))
    terminal.result("def serve(1:")


def test_what_cannot_be_read_is_said_and_watched(watch: Watch, mine: Path) -> None:
    mine.unlink()
    mine.symlink_to(mine.name)
    terminal = watch("ex03")
    terminal.until("the file cannot be read")
    terminal.until("no result; save the file")
    mine.unlink()
    mine.mkdir()
    terminal.result("0 of 20")
    mine.rmdir()
    mine.write_text(wrong(1))
    terminal.result("def serve(1:")


# -- gradings that do not end ----------------------------------------------------------------


def test_a_save_does_not_wait_for_a_grading_that_hangs(
    watch: Watch, mine: Path, suite: Path, reference: str
) -> None:
    mine.write_text("while True:\n    pass\n")
    terminal = watch("ex03")
    terminal.until(lambda: len(terminal.children) == 2)  # it has begun: another one stands by
    os.kill(terminal.children[0], signal.SIGSTOP)
    mine.write_text(reference)
    assert "All passed" in terminal.result("20 of 20")
    assert [attempt.status for attempt in History(suite).attempts("ex03")] == ["passed"]
    terminal.press("q")
    assert terminal.end() == cli.PASSED


def test_a_grading_that_crashes_is_replaced(watch: Watch, mine: Path) -> None:
    mine.write_text("while True:\n    pass\n")
    terminal = watch("ex03")
    terminal.until(lambda: len(terminal.children) == 2)
    os.kill(terminal.children[0], signal.SIGKILL)
    terminal.until("process has ended (-9)")
    mine.write_text(wrong(2))
    terminal.result("def serve(2:")
    os.kill(terminal.children[0], signal.SIGKILL)  # which does nothing just now
    mine.write_text(wrong(3))
    terminal.until(lambda: "def serve(3:" in terminal.screen or "has ended" in terminal.screen)


def test_an_isolation_that_is_not_to_be_had(watch: Watch) -> None:
    terminal = watch("ex03", "--isolation", "full", PATH="/nowhere")
    assert terminal.end() == cli.BAD_REQUEST
    assert "dojo: " in terminal.screen
    assert "Traceback" not in terminal.screen


# -- keys ------------------------------------------------------------------------------------


def test_hints_come_one_by_one_and_go_with_the_failure(watch: Watch, mine: Path) -> None:
    terminal = watch("ex03")
    terminal.result("0 of 20")
    terminal.press("h")
    terminal.until("Hint 1 of")
    terminal.press("h")
    assert "Hint 1 of" not in terminal.until("Hint 2 of")
    mine.write_text(wrong(1))
    assert "Hint 2 of" not in terminal.result("def serve(1:")


def test_a_page_is_turned_and_closed(watch: Watch) -> None:
    terminal = watch("ex03", size=(100, 24))
    terminal.result("0 of 20")
    terminal.press("e")
    shown = terminal.until("lines 1 to")
    assert len(shown.splitlines()) <= 24
    terminal.press(" ")
    terminal.until(lambda: "lines 1 to" not in terminal.screen and "lines " in terminal.screen)
    terminal.press("\x1b[5~")
    terminal.until("lines 1 to")
    terminal.press("\x1b")
    terminal.until(lambda: "Score 0 of" in terminal.screen and "lines 1 to" not in terminal.screen)


def test_a_passed_exercise_stays_until_n(watch: Watch, mine: Path, root: Path, suite: Path) -> None:
    shutil.copytree(root / "exercises" / "ex01_bytes_codec", suite / "exercises/ex01_bytes_codec")
    mine.write_text((suite / "solutions" / EX03 / "tcp_echo.py").read_text())
    terminal = watch("ex03")
    terminal.result("All passed")
    terminal.press("e")
    terminal.until("Nothing has failed")
    terminal.press("n")
    terminal.result("ex01 · ")
    terminal.press("n")
    terminal.until("Every other exercise has been passed")
    terminal.press("l")
    shown = terminal.until("Number of the exercise")
    assert re.search(r"▸ 1  ✗ ex01 .* 0 of \d+ checks\n", shown)
    assert re.search(r"  3  ✓ ex03 .* passed\n", shown)
    terminal.press("3")
    terminal.result("All passed")
    terminal.press("q")
    assert terminal.end() == cli.PASSED
    assert watch(size=(100, 50)).result("ex01 · ")  # the first one that has not been passed


def test_reset_asks_first(watch: Watch, mine: Path, suite: Path) -> None:
    mine.write_text(wrong(1))
    terminal = watch("ex03")
    terminal.result("def serve(1:")
    terminal.press("r")
    terminal.until("(y/n)")
    terminal.press("n")
    terminal.until("The file stays as it is")
    assert mine.read_text() == wrong(1)
    terminal.press("r")
    terminal.until("(y/n)")
    terminal.press("y")
    terminal.until("Your attempt is kept")
    assert "Your attempt is kept" in terminal.result("This function is still the stub")
    mine.write_text(wrong(2))
    assert "Your attempt is kept" not in terminal.result("def serve(2:")
    assert [path.read_text() for path in (suite / ".dojo" / "attempts").rglob("*.py")] == [wrong(1)]


def test_what_cannot_be_reset_is_said(watch: Watch, mine: Path) -> None:
    mine.write_text(wrong(1))
    (mine.parent / ".stub.py").unlink()
    terminal = watch("ex03")
    terminal.result("def serve(1:")
    terminal.press("r")
    terminal.until("(y/n)")
    terminal.press("y")
    terminal.until("cannot be read")
    assert mine.read_text() == wrong(1)


def test_help_and_keys_that_mean_nothing(watch: Watch, mine: Path) -> None:
    mine.write_text(wrong(1))
    terminal = watch("ex03")
    terminal.result("def serve(1:")
    terminal.press("xyz\x1b[A\x1bOP\t帮\x1b[200~ryq\x1b[201~?")
    terminal.until("the list of exercises: choose one by its number")
    terminal.press("?")
    terminal.result("def serve(1:")
    assert mine.read_text() == wrong(1)


# -- the terminal ----------------------------------------------------------------------------


def test_it_fits_the_terminal_and_is_drawn_anew_for_another_size(watch: Watch, mine: Path) -> None:
    mine.write_text(wrong(1))
    terminal = watch("ex03", size=(120, 80))
    assert max(map(len, terminal.result("def serve(1:").splitlines())) == 120
    terminal.resize(60, 80)
    terminal.until(
        lambda: terminal.status != "" and max(map(len, terminal.screen.split("\n"))) <= 60
    )
    terminal.press("r")
    terminal.until("What you have written")
    terminal.press("n")
    terminal.until("The file stays as it is")
    assert max(map(len, terminal.screen.split("\n"))) <= 60
    terminal.resize(20, 5)
    terminal.until(lambda: "exercises/" not in terminal.screen.split("\n")[0])
    mine.write_text(wrong(2))
    terminal.result("def serve(2:")


def test_colours_only_where_they_are_wanted(watch: Watch, mine: Path) -> None:
    mine.write_text(wrong(1))
    for more, wanted in (({}, True), ({"NO_COLOR": "1"}, False)):
        terminal = watch("ex03", **more)
        terminal.result("def serve(1:")
        assert (b"\x1b[31m" in terminal.raw) == wanted
        terminal.press("q")
        assert terminal.end() == cli.PASSED


def test_a_terminal_that_obeys_nothing_gets_plain_lines(watch: Watch, mine: Path) -> None:
    mine.write_text(wrong(1))
    terminal = watch("ex03", TERM="dumb")
    terminal.until("checks passed · ")
    terminal.press("q")
    assert terminal.end() == cli.PASSED
    assert b"\x1b" not in terminal.raw


def test_chinese(watch: Watch, mine: Path) -> None:
    terminal = watch("ex03", "--lang", "zh")
    terminal.until(lambda: "项检查 · " in terminal.status)
    assert "h 提示" in terminal.screen
    mine.unlink()
    terminal.until("不在了")


# -- the end ---------------------------------------------------------------------------------

ENDS: dict[str, tuple[Callable[[Terminal], object], int | None]] = {
    "q": (lambda terminal: terminal.press("q"), cli.PASSED),
    "Ctrl-D": (lambda terminal: terminal.press("\x04"), cli.PASSED),
    "Ctrl-C": (lambda terminal: terminal.press("\x03"), cli.INTERRUPTED),
    "SIGTERM": (lambda terminal: terminal.process.terminate(), cli.INTERRUPTED),
    "SIGHUP": (lambda terminal: terminal.process.send_signal(signal.SIGHUP), cli.INTERRUPTED),
    "SIGKILL": (lambda terminal: terminal.process.kill(), -signal.SIGKILL),
    "the terminal is closed": (Terminal.hang_up, None),
}


@pytest.mark.parametrize(("end", "code"), ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("grading", [False, True], ids=["idle", "grading"])
def test_nothing_is_left(
    watch: Watch,
    mine: Path,
    eventually: Eventually,
    end: Callable[[Terminal], object],
    code: int | None,
    grading: bool,
) -> None:
    mine.write_text("while True:\n    pass\n" if grading else wrong(1))
    terminal = watch("ex03")
    before = terminal.modes()
    if not grading:
        terminal.result("def serve(1:")
    terminal.until(lambda: len(terminal.children) == 2)
    assert terminal.modes() != before
    started = processes.descendants(terminal.process.pid)
    end(terminal)
    if code is None:
        eventually(lambda: terminal.process.poll() is not None)
        assert terminal.process.returncode != cli.PASSED
    else:
        assert terminal.end() == code
        assert code < 0 or terminal.modes() == before
        assert "Traceback" not in terminal.screen
    eventually(lambda: all(processes.state(pid) == "Z" for pid in started))


SHELL = """
import os, signal, subprocess, sys, termios

def terminal_to(group):
    os.tcsetpgrp(0, group)

signal.signal(signal.SIGTTOU, signal.SIG_IGN)
before = termios.tcgetattr(0)
job = subprocess.Popen(sys.argv[1:], preexec_fn=lambda: (os.setpgid(0, 0), terminal_to(os.getpid()),
                       signal.signal(signal.SIGTTOU, signal.SIG_DFL)))
_, status = os.waitpid(job.pid, os.WUNTRACED)
assert os.WIFSTOPPED(status)
terminal_to(os.getpgrp())
same = termios.tcgetattr(0) == before
print("stopped; the terminal is", "as it was" if same else "not", "given back", flush=True)
sys.stdin.readline()
terminal_to(job.pid)
os.kill(job.pid, signal.SIGCONT)
_, status = os.waitpid(job.pid, 0)
terminal_to(os.getpgrp())
sys.exit(os.waitstatus_to_exitcode(status))
"""


def test_stopped_it_gives_the_terminal_back_and_goes_on(suite: Path, mine: Path) -> None:
    mine.write_text(wrong(1))
    job = [sys.executable, "-m", "grader", "watch", "ex03"]
    shell = [sys.executable, "-c", textwrap.dedent(SHELL), *job]
    terminal = Terminal(shell, suite, environment(), (100, 80))
    try:
        terminal.result("def serve(1:")
        terminal.press("\x1a")
        terminal.until("stopped; the terminal is as it was given back")
        mine.write_text(wrong(2))
        terminal.press("\n")
        terminal.result("def serve(2:")
        terminal.press("?")
        terminal.until("choose one by its number")
        terminal.press("qq")  # the first one closes the page
        assert terminal.end() == cli.PASSED
    finally:
        terminal.process.kill()
        terminal.process.wait()
        terminal.hang_up()


def test_where_the_system_does_not_tell_of_saves(suite: Path, mine: Path) -> None:
    """A user namespace of its own may have no inotify at all (inotify(7), user_namespaces(7))."""
    none = "echo 0 > /proc/sys/user/max_inotify_instances"
    alone = ["unshare", "--user", "--map-root-user", "sh", "-c"]
    if not shutil.which("unshare") or subprocess.call([*alone, none], stderr=subprocess.DEVNULL):
        pytest.skip("no user namespaces here")
    mine.write_text(wrong(1))
    words = f"{none} && exec {sys.executable} -m grader watch ex03 --isolation none"
    terminal = Terminal([*alone, words], suite, environment(), (100, 80))
    try:
        terminal.result("def serve(1:")
        terminal.until("The system does not tell of saves here")
        for number, save in enumerate(SAVES, 10):
            save(mine, wrong(number))
            terminal.result(f"def serve({number}:")
        terminal.press("q")
        assert terminal.end() == cli.PASSED
    finally:
        terminal.process.kill()
        terminal.process.wait()
        terminal.hang_up()


# -- no terminal -----------------------------------------------------------------------------


@pytest.mark.parametrize("ended", [False, True])
def test_pipes_get_plain_lines(suite: Path, mine: Path, ended: bool) -> None:
    """The end of the input ends nothing there: `watch < /dev/null` is a fair thing to ask for."""
    mine.write_text(wrong(1))
    with subprocess.Popen(
        [sys.executable, "-m", "grader", "watch", "ex03"],
        cwd=suite,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        if ended:
            process.stdin.close()
        said = ""
        for number in (1, 2):
            mine.write_text(wrong(number))
            for line in process.stdout:
                said += line
                if "checks passed · " in line and f"def serve({number}:" in said:
                    break
        if ended:
            process.terminate()
            process.stdin = None
        else:
            process.stdin.write("h?qq")
            process.stdin.close()
            process.stdin = None
        out, err = process.communicate(timeout=60)
    assert process.returncode == (cli.INTERRUPTED if ended else cli.PASSED)
    assert ("Hint 1 of" in out) != ended
    assert "\x1b" not in said + out + err
    assert ROOT.name not in err
