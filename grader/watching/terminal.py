"""A terminal whose keys come without Enter, and that is given back as it was on every way out.

Stopped by Ctrl-Z is one of these.  Ctrl-C and Ctrl-Z mean what they always mean (cbreak mode,
termios(3)).
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from grader.watching.keys import PASTE_OFF, PASTE_ON, Keys, Put, Resized, descriptor

if sys.platform != "win32":
    import termios


class Terminal:
    """Standard input while keys are read from it; what it puts are events.

    ``control`` writes to the terminal, from a signal handler too: it is asked to mark what is
    pasted.
    """

    def __init__(self, put: Put, control: Callable[[str], None]) -> None:
        self._put = put
        self._control = control
        self._fd = descriptor()
        self._before: list[Any] | None = None
        self._handlers: dict[int, Any] = {}
        self._keys: Keys | None = None

    def open(self) -> None:
        """Begin to read keys."""
        if sys.platform != "win32" and self._fd >= 0 and os.isatty(self._fd):
            atexit.register(self._give_back)  # an interruption can hit any line, `close`'s too
            self._take()
            if threading.current_thread() is threading.main_thread():
                self._handle(signal.SIGTSTP, self._stop)
                self._handle(signal.SIGCONT, self._go_on)
                self._handle(signal.SIGWINCH, self._resized)
        self._keys = Keys(self._put)

    def close(self) -> None:
        """Give the terminal back; may be called at any time, and more than once."""
        while self._handlers:
            number, handler = self._handlers.popitem()
            signal.signal(number, handler)
        self._give_back()
        if self._keys is not None:
            self._keys.close()

    def _handle(self, number: int, handler: Callable[[int, FrameType | None], None]) -> None:
        self._handlers[number] = signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if sys.platform != "win32":
            self._give_back()
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            signal.signal(number, self._stop)
            self._go_on(number, frame)  # where nobody could continue us, nothing has stopped us

    def _go_on(self, number: int, frame: FrameType | None) -> None:
        self._take()
        self._put(Resized())

    def _resized(self, number: int, frame: FrameType | None) -> None:
        self._put(Resized())

    def _take(self) -> None:
        """Set the modes that keys need, unless somebody else has the terminal."""
        if sys.platform == "win32":
            return
        with contextlib.suppress(OSError, termios.error):
            if os.tcgetpgrp(self._fd) != os.getpgrp():
                return
            modes = termios.tcgetattr(self._fd)
            if self._before is None:
                self._before = termios.tcgetattr(self._fd)
            modes[3] &= ~(termios.ICANON | termios.ECHO)
            modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
            termios.tcsetattr(self._fd, termios.TCSANOW, modes)
            self._control(PASTE_ON)

    def _give_back(self) -> None:
        """Set the modes that the terminal had before."""
        if sys.platform == "win32":
            return
        before, self._before = self._before, None
        with contextlib.suppress(OSError, termios.error):
            if before is not None and os.tcgetpgrp(self._fd) == os.getpgrp():
                termios.tcsetattr(self._fd, termios.TCSANOW, before)
                self._control(PASTE_OFF)
