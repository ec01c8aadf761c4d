"""How much the machine itself is late: measured, so that load is never a wrong answer."""

from __future__ import annotations

import threading
import time

_TICK = 0.01


class DelayMeter:
    """A thread that waits a hundredth of a second again and again and notes the overshoot.

    ``lost(since)`` is how many seconds of the time since then the judge did not run when
    it should have: too few processors, or its own other threads.
    """

    def __init__(self) -> None:
        self._total = 0.0
        self._due = time.monotonic() + _TICK
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="delay", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._due = time.monotonic() + _TICK
            self._stop.wait(_TICK)
            self._total += max(0.0, time.monotonic() - self._due)

    def total(self) -> float:
        """Return the seconds lost since the meter started (compare two readings)."""
        return self._total + max(0.0, time.monotonic() - self._due)

    def close(self) -> None:
        """Stop the thread."""
        self._stop.set()
        self._thread.join()
