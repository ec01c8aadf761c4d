"""Whether a waiting learner sleeps: read from the kernel, and measured where that can't tell."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator

from grader.learner import watch
from grader.learner.failure import CheckFailed
from grader.learner.process import LearnerProcess
from grader.learner.waiting import Waiter

WINDOW_S = 1.05
SHARE = 0.05
_CERTAIN_S = 5 * SHARE
_LOOKS = 8
_BETWEEN_LOOKS_S = 0.02
_WINDOWS, _MOST_WINDOWS = 2, 8
_KEPT_WAITING = 0.1


class Usage:
    """What a process's threads use of the processor from now on, those that end included.

    Time in the run queue is no time asleep: on a busy machine who spins gets little, too.
    """

    def __init__(self, process: LearnerProcess) -> None:
        self._process = process
        self._cpu = _cpu(process)
        self._before = _threads(process)
        self._after = dict(self._before)
        self._began = time.monotonic()

    def look(self) -> None:
        """Take note of what has been used; to be called now and then."""
        self._after.update(_threads(self._process))

    def used(self) -> float:
        """Return the processor time in seconds."""
        return _cpu(self._process) - self._cpu

    def share(self, most: float = math.inf) -> float:
        """Return the share of one processor, of the time in which there was one to be had.

        ``most`` is how long the use can have gone on at the most, however late this is asked.
        """
        self.look()
        wall, total = min(most, time.monotonic() - self._began), 0.0
        for run, queue in self._growth():
            total += run / max(wall - queue, run, 1e-6)
        return max(total, self.used() / max(wall, 1e-6))

    def kept_waiting(self) -> bool:
        """Say whether the machine was so busy that the share of a short time may mislead."""
        wall = time.monotonic() - self._began
        return max((queue for _, queue in self._growth()), default=0.0) > _KEPT_WAITING * wall

    def _growth(self) -> Iterator[tuple[float, float]]:
        for tid, (run, queue) in self._after.items():
            run_before, queue_before = self._before.get(tid, (0.0, 0.0))
            yield run - run_before, queue - queue_before


def idle_share(process: LearnerProcess, waiter: Waiter) -> float:
    """Return the share of one processor that a waiting learner uses, 0.0 where it sleeps.

    Where every thread is blocked, for good or for longer than a window, there is nothing to
    measure.  Else two windows of a second are, at most, and the better one counts: what was
    still being finished when the first began is no fault.  On a machine that keeps the
    threads waiting that may take longer, so more windows follow until enough has run to tell.
    """
    if _sleeps_for_good(process, waiter):
        return 0.0
    shares: list[float] = []
    ran = 0.0
    while len(shares) < _MOST_WINDOWS:
        usage = Usage(process)
        _pause(waiter, WINDOW_S, lambda: usage.used() > _CERTAIN_S)  # noqa: B023
        shares.append(usage.share())
        ran += usage.used()
        if shares[-1] < SHARE:
            return shares[-1]
        if ran > _CERTAIN_S or (len(shares) >= _WINDOWS and not usage.kept_waiting()):
            break
    return max(min(shares), SHARE)


def _sleeps_for_good(process: LearnerProcess, waiter: Waiter) -> bool:
    seen = []
    for _ in range(_LOOKS):
        threads = watch.threads(process.child.root, process.child.root_is_learner)
        seen.append([(t.tid, t.raw, t.run_ns) for t in threads])
        age = time.monotonic() - process.born
        blocked = bool(threads) and all(_sleeps(thread, age) for thread in threads)
        if blocked and len(seen) > 2 and seen[-1] == seen[-2] == seen[-3]:
            return True
        _pause(waiter, _BETWEEN_LOOKS_S, lambda: False)
    return False


def _sleeps(thread: watch.Thread, age: float) -> bool:
    """Say whether a thread will not run for longer than a window, unless something comes."""
    if thread.mode == "timed":
        return thread.wakes_in - (0.0 if thread.absolute else age) > WINDOW_S
    return thread.mode == "blocked"


def _cpu(process: LearnerProcess) -> float:
    if not watch.supported:
        return 0.0
    return watch.cpu_seconds(process.child.root, process.child.root_is_learner)


def _threads(process: LearnerProcess) -> dict[int, tuple[float, float]]:
    if not watch.supported:
        return {}
    threads = watch.threads(process.child.root, process.child.root_is_learner)
    return {t.tid: (t.run_ns / 1e9, t.queue_ns / 1e9) for t in threads}


def _pause(waiter: Waiter, seconds: float, until: Callable[[], bool]) -> None:
    with contextlib.suppress(CheckFailed):
        waiter.until(done=until, bound=seconds, watch_learner=False)
