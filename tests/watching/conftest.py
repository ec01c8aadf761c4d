"""A terminal for tests: a real pty, a program in it, and what stands on its screen."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.sandbox import processes

ROOT = Path(__file__).resolve().parents[2]
EX03 = "ex03_tcp_echo"
WORK = f"exercises/{EX03}/tcp_echo.py"
PATIENCE = 30.0
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_MODE = re.compile(r"\x1b\[\?[0-9]+[hl]")
_CONTROL = re.compile(r"\x1b\[H\x1b\[J|\x1b\[([0-9]+)A\r\x1b\[J")


class Terminal:
    """A program in a terminal of its own, which is as high as it needs to be."""

    def __init__(self, command: list[str], cwd: Path, env: dict[str, str], size: tuple[int, int]):
        self.master, self.slave = os.openpty()
        self.resize(*size)
        self.raw = b""
        self._lines = [""]
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )

    def resize(self, columns: int, rows: int) -> None:
        """Change the terminal's size, which the program hears of."""
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def modes(self) -> list[object]:
        """Return the terminal's modes."""
        return list(termios.tcgetattr(self.slave))

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self.master, keys.encode())

    @property
    def screen(self) -> str:
        """What stands on the screen, and above it what has been scrolled away."""
        return "\n".join(self._lines)

    @property
    def status(self) -> str:
        """The line above the keys; "" while a view is still being drawn."""
        whole = "\n".join(self._lines).rstrip("\n")
        is_whole = whole.endswith(("? help", "? 帮助"))
        return whole.rpartition("\n\n")[2].split("\n")[0] if is_whole else ""

    def result(self, wanted: str) -> str:
        """Read until there is a result, and a text on the screen with it; return the screen."""

        def is_there() -> bool:
            return "checks passed · " in self.status and wanted in self.screen

        return self.until(is_there, f"a result with {wanted!r}")

    @property
    def children(self) -> list[int]:
        """The processes that grade: one at work, and perhaps one that stands by."""
        return processes.children(self.process.pid)

    def read(self, seconds: float) -> bool:
        """Take what the program writes next; False where nothing comes."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self.master, 1 << 16)
        except OSError:
            return False
        self.raw += data
        self._interpret()
        return bool(data)

    def until(self, wanted: str | Callable[[], bool], why: str = "") -> str:
        """Read until a text is on the screen, or something is so; return the screen."""
        end = time.monotonic() + PATIENCE
        while not (wanted in self.screen if isinstance(wanted, str) else wanted()):
            assert time.monotonic() < end, f"{why or wanted} never came; there is:\n{self.screen}"
            if not self.read(0.05) and self.process.poll() is not None and not self.read(0.2):
                raise AssertionError(f"ended before {why or wanted}:\n{self.screen}")
        return self.screen

    def end(self) -> int:
        """Read to the program's end and return its exit code."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < end, f"it does not end:\n{self.screen}"
            self.read(0.02)
        while self.read(0.05):
            pass
        return self.process.returncode

    def hang_up(self) -> None:
        """Close the terminal, as a window is closed."""
        for fd in (self.master, self.slave):
            with contextlib.suppress(OSError):
                os.close(fd)

    def _interpret(self) -> None:
        text = self.raw.decode("utf-8", "replace").replace("\r\n", "\n")
        text = _MODE.sub("", _COLOUR.sub("", text))
        lines, at = [""], 0
        for match in [*_CONTROL.finditer(text), None]:
            piece = text[at : match.start() if match else None].split("\n")
            lines[-1] += piece[0]
            lines += piece[1:]
            if match:
                at = match.end()
                lines = [*lines[: len(lines) - 1 - int(match[1])], ""] if match[1] else [""]
        self._lines = lines


def _take_terminal() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def environment(**more: str) -> dict[str, str]:
    """Return the surroundings of a command: English, and a terminal with colours."""
    unwanted = ("LC_", "LANG", "DOJO", "NO_COLOR", "COLUMNS", "LINES")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(unwanted)}
    kept |= {"PYTHONPATH": str(ROOT), "LANG": "en_GB.UTF-8", "TERM": "xterm", **more}
    return kept


Watch = Callable[..., Terminal]


@pytest.fixture
def watch(suite: Path, eventually: Callable[[Callable[[], bool]], None]) -> Iterator[Watch]:
    """Return a function that starts ``watch`` in a terminal; nothing of it may be left over."""
    started: list[Terminal] = []

    def watch(
        *words: str, size: tuple[int, int] = (100, 200), cwd: Path = suite, **more: str
    ) -> Terminal:
        command = [sys.executable, "-m", "grader", "watch", *words]
        started.append(Terminal(command, cwd, environment(**more), size))
        return started[-1]

    yield watch
    left: list[int] = []
    for terminal in started:
        left += processes.descendants(terminal.process.pid)
        with terminal.process as process:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
            finally:
                terminal.hang_up()
    eventually(lambda: all(processes.state(pid) == "Z" for pid in left))


@pytest.fixture
def mine(suite: Path) -> Path:
    """Return the learner's file, which is the stub."""
    return suite / WORK


def wrong(number: int) -> str:
    """Return a submission that is graded quickly, and whose failure shows a number."""
    return f"def serve({number}:\n"
