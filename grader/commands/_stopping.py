"""Ctrl-C and its like during a long run: the first ends it in order, the second at once."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

_ASKING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


class Stopping:
    """While it is entered, the first signal that asks for the end calls ``stop``.

    The second one raises KeyboardInterrupt, once; further ones are passed over while what is under
    way is cleared up.  What was ignored from the start (nohup) stays so.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._count = 0
        self._held = 0
        self._raised = False
        self._before: dict[int, Any] = {}

    @property
    def asked(self) -> bool:
        """Whether somebody has asked for the end."""
        return self._count > 0

    def __enter__(self) -> Stopping:
        """Take the signals."""
        if threading.current_thread() is threading.main_thread():
            for name in _ASKING:
                number = getattr(signal, name, None)
                if number and signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *problem: object) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextlib.contextmanager
    def whole(self) -> Iterator[None]:
        """Do something short as a whole: who asks twice meanwhile waits for it."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
        self._raise_if_due()

    def _take(self, number: int, frame: FrameType | None) -> None:
        self._count += 1
        if self._count == 1:
            self._stop()
        else:
            self._raise_if_due()

    def _raise_if_due(self) -> None:
        if self._count > 1 and not self._held and not self._raised:
            self._raised = True
            raise KeyboardInterrupt
