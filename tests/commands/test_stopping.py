"""``grade-class`` interrupted and killed: nothing is lost, nothing done twice, nothing left behind.

Real processes with real workers; most files are such that their grading takes no time.
"""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from select import select
from typing import Any

import pytest

from grader import cli
from grader.classroom.store import NAME
from grader.commands._stopping import Stopping
from grader.sandbox import processes

from .class_asking import ROOT, hand_in, rows

PATIENCE = 120.0
Eventually = Callable[[Callable[[], bool]], None]


# -- signals, by themselves ------------------------------------------------------------------


def test_the_first_signal_stops_and_the_second_ends() -> None:
    stops = []
    before = signal.getsignal(signal.SIGINT)
    with Stopping(lambda: stops.append(1)) as stopping:
        signal.raise_signal(signal.SIGTERM)
        assert (stops, stopping.asked) == ([1], True)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)  # what is under way is cleared up
        assert stops == [1]
    assert signal.getsignal(signal.SIGINT) is before


def test_what_is_done_as_a_whole_is_done() -> None:
    done = []
    with Stopping(lambda: None) as stopping:
        with pytest.raises(KeyboardInterrupt), stopping.whole():  # noqa: PT012 - the whole of it
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            done.append(1)
        with stopping.whole():
            done.append(2)
    assert done == [1, 2]


def test_signals_that_are_ignored_stay_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Stopping(lambda: None) as stopping:
            signal.raise_signal(signal.SIGHUP)
            assert not stopping.asked
    finally:
        signal.signal(signal.SIGHUP, before)


# -- the real thing --------------------------------------------------------------------------

MARK = "DOJO_TEST_OF_KILLING"


class Command:
    """The command as a process, with everything that it starts bearing a mark."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "class"
        self.results = tmp_path / "class.grades"
        self.errors = tmp_path / "errors"
        self.mark = f"{MARK}={tmp_path}"
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, *words: str, **how: Any) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "grader", "grade-class", str(self.folder)]
        ours = {MARK: self.mark.partition("=")[2], "DOJO_LANG": "en", "TERM": "xterm"}
        with open(self.errors, "wb") as errors:
            process = subprocess.Popen(
                [*command, "--exercises", "ex03", "--no-exports", "--jobs", "3", *words],
                cwd=ROOT,
                env={**os.environ, **ours},
                **{"stdout": subprocess.DEVNULL, "stderr": errors, **how},
            )
        self.processes.append(process)
        return process

    def kept(self) -> int:
        """Return how many verdicts there are by now."""
        with contextlib.suppress(sqlite3.Error):
            return int(rows(self.results, "SELECT count(*) FROM verdicts")[0][0])
        return 0

    def wait_for(self, count: int, process: subprocess.Popen[bytes]) -> None:
        """Wait until so many verdicts are kept, or the process has ended."""
        end = time.monotonic() + PATIENCE
        while self.kept() < count and process.poll() is None:
            assert time.monotonic() < end, self.errors.read_text()
            select([], [], [], 0.002)

    def left_behind(self) -> list[int]:
        """Return which processes with the mark there are."""
        found = []
        for entry in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                if entry.isdigit() and self.mark.encode() in Path(
                    f"/proc/{entry}/environ"
                ).read_bytes().split(b"\0"):
                    found.append(int(entry))
        return found


@pytest.fixture
def command(tmp_path: Path, eventually: Eventually) -> Iterator[Command]:
    """Return the command; afterwards nothing that it has started may be left."""
    made = Command(tmp_path)
    yield made
    for process in made.processes:
        process.kill()
        process.wait()
    eventually(lambda: not made.left_behind())


def quick(number: int) -> bytes:
    """Return a file that is graded at once: it is no Python, which is seen without a sandbox."""
    return b"\xff\xfe" + str(number).encode("utf-16-le")


def slow(number: int) -> bytes:
    """Return a file that needs a sandbox."""
    return f"def serve(:  # {number}\n".encode()


@pytest.mark.needs_proc
def test_killed_again_and_again_nothing_is_lost_and_nothing_done_twice(
    command: Command, eventually: Eventually
) -> None:
    files = {f"q{n}": quick(n) for n in range(90)} | {f"s{n}": slow(n) for n in range(6)}
    mixed = dict(sorted(files.items(), key=lambda item: (item[0][::-1], item)))
    hand_in(command.folder, **mixed)
    cuts = 0
    for count in (1, 20, 50):
        process = command.start()
        command.wait_for(count, process)
        cuts += process.poll() is None
        below = processes.descendants(process.pid)  # sandboxes, too
        process.kill()
        process.wait()
        eventually(lambda below=below: all(processes.state(pid) == "Z" for pid in below))  # type: ignore[misc]
    assert cuts
    process = command.start()
    assert process.wait(PATIENCE) == cli.PASSED, command.errors.read_text()
    counts = rows(command.results, "SELECT count(*), count(DISTINCT key) FROM verdicts")
    assert counts == [(len(files), len(files))]
    assert rows(command.results, "SELECT DISTINCT status FROM verdicts") == [("failed",)]
    assert {path.name for path in command.results.iterdir()} == {"grades.lock", NAME}


@pytest.mark.needs_proc
def test_a_regrade_killed_in_the_middle(command: Command) -> None:
    hand_in(command.folder, **{f"q{n}": quick(n) for n in range(40)})
    assert command.start().wait(PATIENCE) == cli.PASSED
    for count, words in ((45, ["--regrade"]), (60, [])):
        process = command.start(*words)
        command.wait_for(count, process)
        process.kill()
        process.wait()
    assert command.start().wait(PATIENCE) == cli.PASSED
    each = "SELECT count(*) AS n FROM verdicts GROUP BY key"
    assert set(rows(command.results, each)) == {(2,)}


HANGS = b"import time\ntime.sleep(1000)\n"


@pytest.mark.needs_proc
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_lets_what_is_under_way_come_to_its_end(command: Command, number: int) -> None:
    hand_in(command.folder, **{f"s{n:03}": slow(n) for n in range(60)})
    process = command.start()
    command.wait_for(2, process)
    process.send_signal(number)
    code, said = process.wait(PATIENCE), command.errors.read_text()
    assert code == cli.INTERRUPTED, said
    assert "ending when those under way are done" in said
    done = command.kept()
    assert f"interrupted: {done} graded and kept, {60 - done} left; go on with: nox" in said
    assert str(command.folder) in said
    assert "Traceback" not in said


@pytest.mark.needs_proc
def test_a_second_signal_ends_at_once(command: Command, eventually: Eventually) -> None:
    """What hangs in its import takes its time, which nobody waits for."""
    hand_in(command.folder, **{f"h{n}": HANGS + b"#%d" % n for n in range(9)})
    process = command.start()
    end = time.monotonic() + PATIENCE
    while len(started := processes.descendants(process.pid)) < 6:  # workers, and their sandboxes
        assert time.monotonic() < end
        select([], [], [], 0.01)
    process.send_signal(signal.SIGINT)
    while "ending when" not in command.errors.read_text():
        assert time.monotonic() < end
        select([], [], [], 0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == cli.INTERRUPTED
    assert "left; go on with" in command.errors.read_text()
    eventually(lambda: all(processes.state(pid) == "Z" for pid in started))


@pytest.mark.needs_proc
def test_on_a_terminal_there_is_a_live_view(command: Command) -> None:
    hand_in(command.folder, **{f"s{n}": slow(n) for n in range(3)})
    ours, theirs = pty.openpty()
    process = command.start(stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):  # EIO: the other end is closed
        while data := os.read(ours, 1 << 16):
            said += data
    os.close(ours)
    assert process.wait(PATIENCE) == cli.PASSED
    shown = said.decode()
    assert "/3 graded" in shown
    assert "students: 3, files to grade: 3" in shown
    assert "\x1b[2K" in shown
