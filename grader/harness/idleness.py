"""Whether a waiting learner sleeps: read from the kernel, and measured where that can't tell."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from grader.learner import watch
from grader.learner.failure import CheckFailed
from grader.learner.process import LearnerProcess
from grader.learner.waiting import Waiter

WINDOW_S = 1.05
SHARE = 0.05
_CERTAIN_S = 5 * SHARE
_LOOKS = 8
_BETWEEN_LOOKS_S = 0.02
_WINDOWS = 2


def idle_share(process: LearnerProcess, waiter: Waiter) -> float:
    """Return the share of one processor that a waiting learner uses, 0.0 where it sleeps.

    Where every thread is blocked, for good or for longer than a window, there is nothing to
    measure.  Else two
    windows of a second are, at most, and the better one counts: what was still being finished
    when the first began is no fault.  Time in the run queue is not held against a thread.
    """
    if _sleeps_for_good(process, waiter):
        return 0.0
    shares = []
    for _ in range(_WINDOWS):
        cpu = _cpu(process)
        before = _threads(process)
        began = time.monotonic()
        _pause(waiter, WINDOW_S, lambda cpu=cpu: _cpu(process) - cpu > _CERTAIN_S)  # type: ignore[misc]
        wall = time.monotonic() - began
        shares.append(_share(before, _threads(process), wall))
        if shares[-1] < SHARE or _cpu(process) - cpu > _CERTAIN_S:
            break
    return shares[-1] if shares[-1] < SHARE else max(min(shares), SHARE)


def _share(
    before: dict[int, tuple[float, float]], after: dict[int, tuple[float, float]], wall: float
) -> float:
    """Add up what each thread used of the time that it did not have to queue for."""
    total = 0.0
    for tid, (run, queue) in after.items():
        run_before, queue_before = before.get(tid, (0.0, 0.0))
        used = run - run_before
        total += used / max(wall - (queue - queue_before), used, 1e-6)
    return total


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
    return watch.cpu_seconds(process.child.root, process.child.root_is_learner)


def _threads(process: LearnerProcess) -> dict[int, tuple[float, float]]:
    threads = watch.threads(process.child.root, process.child.root_is_learner)
    return {t.tid: (t.run_ns / 1e9, t.queue_ns / 1e9) for t in threads}


def _pause(waiter: Waiter, seconds: float, until: Callable[[], bool]) -> None:
    with contextlib.suppress(CheckFailed):
        waiter.until(done=until, bound=seconds, watch_learner=False)
