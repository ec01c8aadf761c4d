"""One call of a learner's function, and what a check may demand of it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from grader.learner import plain, watch
from grader.learner.ends import death_of, raised_failure
from grader.learner.failure import CheckFailed
from grader.learner.process import Call, LearnerProcess

if TYPE_CHECKING:
    from grader.harness.lab import Lab

UNDERCUT = 0.05
OVERRUN = 0.5
AT_ONCE = 1.0
_CLOSING_GRACE = 0.25
_RELEASE_BOUND = 5.0
_SHOWN = 60
_BYTES = (bytes, plain.Numbered)


def _kinds(warnings: list[str]) -> str:
    """Return what ResourceWarnings are about: ``unclosed <socket.socket fd=4, …>`` is a socket."""
    kinds = ["socket" if "socket" in warning else "file" for warning in warnings]
    return ", ".join(dict.fromkeys(kinds))


class Calling:
    """A running or finished call."""

    def __init__(
        self,
        lab: Lab,
        process: LearnerProcess,
        call: Call,
        before: dict[int, dict[int, str]],
        mode: str = "plain",
    ) -> None:
        self.lab = lab
        self.process = process
        self.call = call
        self.forgiven = False
        self._mode = mode
        self._noted = False
        self._before = before
        self._lost_at_start = lab.meter.total()
        self._queued_at_start = self._queued()

    @property
    def finished(self) -> bool:
        """Whether the call is over (looks at the control pipe)."""
        if not self.call.finished:
            self.process.feed()
        return self.call.finished

    @property
    def elapsed(self) -> float:
        """Seconds that the call took: from when it was entered to when it ended.

        Both as its own process says, within what the judge has seen.
        """
        return self.call.ended_at - self.call.began

    def wait(self, bound: float | None = None) -> None:
        """Wait until the call is over."""
        self.lab.waiter.until(done=lambda: self.call.finished, bound=bound)
        self._queued_at_end = self._queued()
        self._lost_at_end = self.lab.meter.total()
        if self.call.state == "gone":
            raise death_of(self.process)
        if not self._noted:
            self._noted = True
            self._note_end()

    def _note_end(self) -> None:
        """Write what the call came to into the transcript, in a few words."""
        if self.call.raised is not None:
            self._add("raise", self.call.raised.type)
            return
        value: object = self.call.value
        if self._mode == "iterate":
            value = self.call.items
            self._add("yield", self.lab.words.value(value, _SHOWN))
            value = None
        known = self.call.state != "too_much" and value is not None
        shown = self.lab.words.value(value, _SHOWN) if known else ""
        self._add("return", shown)

    def _add(self, event: str, note: str) -> None:
        """Note what the call came to, when it did: the judge may have looked later."""
        self.lab.transcript.add("you", event, note=note, at=self.call.ended_at)

    def returns(self, bound: float | None = None) -> object:
        """Wait for the call to return and give its value; an exception is a failure."""
        self.wait(bound)
        if self.call.state == "too_much":
            raise CheckFailed("result", received=self.lab.say("too_much"))
        if self.call.raised is not None:
            failure = raised_failure(self.call.raised)
            if self.call.state == "unreadable":
                failure.kind = "result"
            raise failure
        return self.call.value

    def gives(self, expected: object, bound: float | None = None) -> None:
        """Wait for the call to return ``expected``."""
        try:
            value = self.returns(bound)
        except CheckFailed as failure:
            failure.expected = failure.expected or self.lab.words.value(expected)
            raise
        if isinstance(expected, _BYTES) and isinstance(value, _BYTES):
            if value != expected:
                value = bytes(value)
                kind = "cut" if expected.startswith(value) else "mismatch"
                shown, got = self.lab.words.values(expected, value)
                raise CheckFailed(kind, expected=shown, received=got)
            return
        if type(value) is not type(expected) or value != expected:
            if value is None and expected is not None:
                raise CheckFailed(
                    "returned_none", expected=self.lab.words.value(expected), received="None"
                )
            raise CheckFailed(
                "result",
                expected=self.lab.words.value(expected),
                received=self.lab.words.value(value),
            )

    def raises(self, *names: str, bound: float | None = None) -> None:
        """Wait for one of the exceptions (``ConnectionError``, ``socket.gaierror``), by name."""
        wanted = [name if "." in name else f"builtins.{name}" for name in names]
        expected = " / ".join(names)
        try:
            self.wait(bound)
        except CheckFailed as failure:
            failure.expected = failure.expected or expected
            raise
        raised = self.call.raised
        if raised is None:
            nothing = self.call.value is None
            value = "None" if nothing else self.lab.words.value(self.call.value)
            silent = CheckFailed(
                "no_exception", expected=expected, received=self.lab.say("returned", value=value)
            )
            if nothing and self._mode != "iterate":
                # Whatever it means here that something is returned: nothing was.
                silent.values["diagnosis"] = "no_exception"
            raise silent
        if any(raised.is_a(name) for name in wanted):
            return
        wrong = raised_failure(raised)
        if wrong.kind not in ("not_implemented", "died"):
            wrong.kind = "wrong_exception"
        wrong.expected = expected
        raise wrong

    def took(self, at_least: float = 0.0, at_most: float | None = None) -> None:
        """Check the time of a finished call: strict below, generous above (see curriculum).

        ``at_least`` may be undercut by 0.05 s, ``at_most`` overrun by 0.5 s and by what the
        machine itself was late; ``forgiven`` tells afterwards that the latter was needed.
        """
        if self.elapsed < at_least - UNDERCUT:
            raise CheckFailed("too_early", self._seconds(at_least), self._seconds(self.elapsed))
        took = self.call.ended_after - self.call.began
        if at_most is not None and self.elapsed > at_most + OVERRUN:
            self.forgiven = True
        if at_most is not None and took > at_most + OVERRUN + self._late():
            raise CheckFailed("too_late", self._seconds(at_most), self._seconds(took))

    def _seconds(self, seconds: float) -> str:
        return self.lab.say("seconds", seconds=f"{seconds:.2f}")

    def bound(self, seconds: float) -> float:
        """Return how long to wait for a call that may take ``seconds``, before it is too late."""
        return seconds + OVERRUN + 0.5

    def at_once(self) -> None:
        """Check that a finished call took under a second, the machine's own delay aside."""
        self.took(at_most=AT_ONCE - OVERRUN)

    def late(self) -> float:
        """Return how many seconds the machine may have kept from the call until now."""
        lost = self.lab.meter.total() - self._lost_at_start
        return 2 * lost + self.kept_waiting()

    def kept_waiting(self) -> float:
        """Return how many seconds its threads have waited for a processor since the call."""
        return max(0.0, self._queued() - self._queued_at_start)

    def _late(self) -> float:
        lost = self._lost_at_end - self._lost_at_start
        return 2 * lost + max(0.0, self._queued_at_end - self._queued_at_start)

    def _queued(self) -> float:
        if not watch.supported:
            return 0.0
        child = self.process.child
        threads = watch.threads(child.root, child.root_is_learner)
        return sum(thread.queue_ns for thread in threads) / 1e9

    def closed_everything(self) -> None:
        """Check that the finished call has left no descriptor open and nothing to the garbage."""
        if watch.supported and self.process.state != "gone":
            self._no_descriptor_left()
        if self.process.state == "gone":
            return
        self.process.release()
        self.lab.waiter.until(
            done=lambda: self.process.released is not None or self.process.state == "gone",
            bound=_RELEASE_BOUND,
            watch_learner=False,
        )
        if self.process.released:
            found = self.process.released
            raise CheckFailed(
                "leak",
                expected=self.lab.say("nothing_open"),
                received=self.lab.say("still_open", count=len(found), what=_kinds(found)),
            )

    def _no_descriptor_left(self) -> None:
        fresh = self._fresh()
        if not fresh:
            return
        with contextlib.suppress(CheckFailed):
            self.lab.waiter.until(
                done=lambda: not self._fresh(), bound=_CLOSING_GRACE, watch_learner=False
            )
        fresh = self._fresh()
        if fresh:
            raise CheckFailed(
                "leak",
                expected=self.lab.say("nothing_open"),
                received=self.lab.say("still_open", count=len(fresh), what=", ".join(fresh[:3])),
            )

    def _fresh(self) -> list[str]:
        child = self.process.child
        now = watch.descriptors(child.root, child.root_is_learner)
        return [
            target.partition(":")[0]
            for pid, fds in now.items()
            for fd, target in fds.items()
            if pid in self._before and self._before[pid].get(fd) != target
        ]
