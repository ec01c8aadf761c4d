"""The learner's file, and what its gradings came to: the newest content's result, or none.

A result counts when it is about what the file holds at the moment that it comes; any other one is
thrown away, and the file graded anew.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from grader.catalog import stub_path
from grader.model import Exercise, Verdict
from grader.watching.around import HopelessError, Saved, Surroundings, Trouble
from grader.watching.files import Look, Settling, Watcher, clock, digest
from grader.watching.gradings import Gradings, Heard
from grader.watching.messages import Began, Done, Fault, Job

_OURS = 3


@dataclass(frozen=True)
class Result:
    """What one content came to: a verdict, or why there is none.

    ``of`` is the content's hash, "" where the same content is worth another try; ``at`` is the
    time of day; ``line`` is what the grading says, ``ended`` how its process did.
    """

    of: str = ""
    look: Look | None = None
    at: str = ""
    verdict: Verdict | None = None
    source: bytes = b""
    line: str = ""
    ended: int | None = None


class Work:
    """One exercise's file under watch; ``put`` takes the events that are meant for it."""

    def __init__(
        self,
        exercise: Exercise,
        around: Surroundings,
        gradings: Gradings,
        put: Callable[[Saved | Trouble], None],
        number: int,
    ) -> None:
        self.exercise = exercise
        self.number = number
        self.path = stub_path(around.root, exercise)
        self.result = Result()
        self.same_at = ""
        self.missing = False
        self.trouble: Trouble | None = None
        self._around = around
        self._gradings = gradings
        self._wanted = Result()
        self._began = 0.0
        self._settling: Settling | None = Settling(self.path, clock())
        self._watcher = Watcher(
            self.path,
            lambda: put(Saved(number)),
            lambda entry, detail: put(Trouble(number, entry, detail)),
        )

    def close(self) -> None:
        """Stop watching, and grading."""
        self._watcher.close()
        self._gradings.stop()

    @property
    def is_settling(self) -> bool:
        """Whether a save is perhaps still under way."""
        return self._settling is not None

    @property
    def is_graded(self) -> bool:
        """Whether a grading is under way."""
        return self._gradings.wanted is not None

    @property
    def seconds(self) -> float:
        """How long the grading has taken so far."""
        return clock() - self._began

    def saved(self) -> None:
        """Take note of a change: it is acted on when the file stands still."""
        if self._settling is None:
            self._settling = Settling(self.path, clock())

    def go_on(self) -> bool:
        """Grade a file whose save is over; say whether there was one."""
        if self._settling is None or not self._settling.is_over(clock()):
            return False
        seen, self._settling = self._settling.seen, None
        was_missing, self.missing = self.missing, seen is None
        if seen is None:
            self._gradings.stop()
            return True
        content = digest(self.path)
        if content == self.result.of:
            self._gradings.stop()  # back to what the result is about
            if was_missing or seen[:1] != (self.result.look or ())[:1]:
                self.same_at = _time_of_day()
                self.result = replace(self.result, look=seen)
        elif not self.is_graded or content != self._wanted.of:
            self.same_at = ""
            self._wanted, self._began = Result(content, seen), clock()
            job = Job(
                ticket=0,
                exercise=self.exercise,
                path=os.fsencode(self.path),
                language=self._around.language,
                isolation=self._around.isolation,
            )
            self._gradings.start(job)
        return True

    def hear(self, heard: Heard) -> bool:
        """Take an answer; say whether it has become the result (HopelessError: none ever will)."""
        answer = self._gradings.take(heard)
        if answer is None or isinstance(answer, Began):
            return False
        if isinstance(answer, Fault) and answer.final:
            raise HopelessError(answer.line, answer.code)
        if isinstance(answer, Done) and answer.verdict.sha256 != digest(self.path):
            self.saved()
            return False
        found = replace(self._wanted, at=_time_of_day())
        if isinstance(answer, Done):
            verdict = answer.verdict
            ours = verdict.status == "error"
            found = replace(found, of=verdict.sha256, verdict=verdict, source=answer.source)
            self._around.record(verdict, answer.source, self.path)
        elif isinstance(answer, Fault):
            ours = answer.code == _OURS
            found = replace(found, line=answer.line)
        else:
            ours = True
            found = replace(found, ended=answer)
        self.result = replace(found, of="") if ours else found
        return True


def _time_of_day() -> str:
    return time.strftime("%H:%M:%S")
