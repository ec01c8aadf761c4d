"""Keys: read in a thread, and told as events.

Where standard input is no terminal but a pipe or a file, its characters are taken for keys, and
its end says nothing but that no more keys will come.
"""

from __future__ import annotations

import codecs
import os
import re
import select
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

# What terminals send for the keys that have no character, and for a text that is pasted.
_SEQUENCES = {
    "\x1b[A": "up", "\x1bOA": "up", "\x1b[B": "down", "\x1bOB": "down",
    "\x1b[5~": "page_up", "\x1b[6~": "page_down", "\x1b": "escape", "\x04": "q",
    "\r": "enter", "\n": "enter", "\x7f": "rub_out", "\x08": "rub_out",
}  # fmt: skip
PASTE_ON, PASTE_OFF = "\x1b[?2004h", "\x1b[?2004l"
_PASTED = re.compile(r"\x1b\[200~.*?(?:\x1b\[201~|\Z)", re.DOTALL)
_SEQUENCE = re.compile(r"\x1b[\[O][0-9;?]*[ -/]*[@-~]|\x1b|.", re.DOTALL)
_CHUNK = 4096
_KBHIT_S = 0.02


@dataclass(frozen=True)
class Key:
    """One key: its character, or a name such as ``enter``."""

    name: str


@dataclass(frozen=True)
class InputEnded:
    """There will be no more keys; ``terminal``: because the terminal has gone."""

    terminal: bool


@dataclass(frozen=True)
class Resized:
    """The terminal has another size, or something else has been written to it."""


Event = Key | InputEnded | Resized
Put = Callable[[Event], None]


def parse(read: str) -> list[str]:
    """Return the keys in what a terminal has sent at once; pasted text is none."""
    found = []
    for match in _SEQUENCE.finditer(_PASTED.sub("", read)):
        word = match[0]
        if word in _SEQUENCES:
            found.append(_SEQUENCES[word])
        elif word.isprintable():
            found.append(word)
    return found


class Keys:
    """Reads keys in a thread and puts them as events, until ``close``."""

    def __init__(self, put: Put) -> None:
        self._put = put
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._wake = (-1, -1)
        fd = descriptor()
        self.is_terminal = fd >= 0 and os.isatty(fd)
        if fd < 0:
            return
        if sys.platform == "win32":
            run = self._read_console if self.is_terminal else lambda: self._read_stream(fd)
        else:
            self._wake = os.pipe()
            run = lambda: self._read(fd)  # noqa: E731
        self._thread = threading.Thread(target=run, name="keys", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop reading."""
        self._closing.set()
        if self._wake[1] >= 0 and self._thread is not None:
            os.write(self._wake[1], b"-")
            self._thread.join()
            for fd in self._wake:
                os.close(fd)
            self._wake = (-1, -1)

    def _feed(self, data: bytes) -> None:
        for name in parse(self._decoder.decode(data)):
            self._put(Key(name))

    def _read(self, fd: int) -> None:
        """Wait for keys and for `close` at once (Unix)."""
        while not self._closing.is_set():
            try:
                ready, _, _ = select.select([fd, self._wake[0]], [], [])
                if fd not in ready:
                    continue
                data = os.read(fd, _CHUNK)
            except (OSError, ValueError):
                data = b""
            if not data:
                self._put(InputEnded(self.is_terminal))
                return
            self._feed(data)

    def _read_stream(self, fd: int) -> None:
        while data := os.read(fd, _CHUNK):
            self._feed(data)
        self._put(InputEnded(False))

    def _read_console(self) -> None:
        """Ask the console for keys (Windows, where nothing waits for two things at once)."""
        if sys.platform == "win32":
            import msvcrt

            while not self._closing.wait(_KBHIT_S):
                while msvcrt.kbhit():
                    char = msvcrt.getwch()
                    if char in "\x00\xe0":
                        msvcrt.getwch()
                    else:
                        self._feed(char.encode("utf-8", "ignore"))


def descriptor() -> int:
    """Return standard input's descriptor, -1 where it has none."""
    try:
        return sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        return -1
