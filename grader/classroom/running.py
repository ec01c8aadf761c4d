"""A collection graded: jobs for what has no grade yet, each result kept as it comes.

The same bytes for the same exercise are graded once, whoever has handed them in.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Collection as Several
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from grader import __version__
from grader.classroom.model import ClassResult, Collection, Graded, Handed
from grader.classroom.store import Kept, Run, Store
from grader.classroom.work import Backend, Done, Job, engine_digest, key_of
from grader.model import CheckResult, Exercise, GraderInfo, Isolation, Language, Verdict
from grader.sandbox import IsolationChoice
from grader.texts import text


@dataclass(frozen=True)
class Order:
    """What is to be graded, and how; ``read`` gives the bytes of a file by its sha256, or None.

    ``exercises`` are those that were asked for.  ``regrade``: what has a grade is graded again.
    ``source`` is noted with the run: the whole path of what was handed in ("": the collection's).
    """

    collection: Collection
    exercises: tuple[Exercise, ...]
    read: Callable[[str], bytes | None]
    language: Language = "en"
    isolation: IsolationChoice = "auto"
    regrade: bool = False
    source: str = ""


class Observer(Protocol):
    """Who is told of each result as it comes: ``passed``, ``failed`` or ``error``."""

    def note(self, status: str) -> None: ...


@dataclass(frozen=True)
class _Unit:
    """One thing to grade: all files of an exercise that have the same bytes."""

    key: str
    exercise: Exercise
    handed_as: str  # Handed.sha256, by which the bytes are found
    sha256: str


class Grading:
    """One run over a collection, with a store to go by (StoreError in everything)."""

    def __init__(self, order: Order, store: Store) -> None:
        self._order = order
        self._store = store
        self._units: dict[tuple[str, str], _Unit] = {}
        self._lost: set[str] = set()  # keys whose bytes are no longer there
        self._find_units()
        listed = [(one, unit.key) for one in order.collection.handed if (unit := self._unit(one))]
        self._run = store.begin(
            Run(
                source=order.source or order.collection.source,
                version=__version__,
                engine=engine_digest(),
                language=order.language,
                isolation=order.isolation,
                regrade=order.regrade,
            ),
            listed,
        )
        units = {unit.key: unit for unit in self._units.values()}
        if order.regrade:
            asked: dict[str, list[str]] = {exercise.id: [] for exercise in order.exercises}
            for unit in units.values():
                asked[unit.exercise.id].append(unit.key)
            store.ask_again(asked)
        self.to_do = [units[key] for key in store.to_do(units)]
        self.left = len(self.to_do)
        self.reused = len(units) - self.left

    def go(
        self,
        backend: Backend,
        observer: Observer,
        whole: Callable[[], AbstractContextManager[object]] = contextlib.nullcontext,
    ) -> bool:
        """Grade what is to do, keep each result at once, and say whether all of it is done.

        ``whole()`` shelters what must not be cut short from interruptions.
        """
        for done in backend.results(self._jobs()):
            if not 0 <= done.ticket < len(self.to_do):
                continue  # nobody has asked for that
            unit = self.to_do[done.ticket]
            checked = _checked(done, unit)
            with whole():
                self._store.record(unit.key, unit.exercise.id, unit.sha256, checked, self._run)
                self.left -= 1
            observer.note(checked.verdict.status if checked.verdict else "error")
        self.left -= len(self._lost)
        if self.left == 0:
            with whole():
                self._store.end(self._run, [exercise.id for exercise in self._order.exercises])
        return self.left == 0

    def result(self, title: str, made_at: datetime) -> ClassResult:
        """Return all that is known by now."""
        order = self._order
        return ClassResult(
            title=title,
            collection=order.collection,
            exercises=order.exercises,
            graded=tuple(self._graded()),
            made_at=made_at,
            language=order.language,
            source_of=order.read,
        )

    def _find_units(self) -> None:
        exercises = {exercise.id: exercise for exercise in self._order.exercises}
        for one in self._order.collection.handed:
            exercise = exercises.get(one.exercise)
            if exercise is None or (one.exercise, one.sha256) in self._units:
                continue
            source = self._order.read(one.sha256)
            if source is not None:
                unit = _Unit(
                    key=key_of(self._job(0, exercise, source)),
                    exercise=exercise,
                    handed_as=one.sha256,
                    sha256=hashlib.sha256(source).hexdigest(),
                )
                self._units[one.exercise, one.sha256] = unit

    def _unit(self, one: Handed) -> _Unit | None:
        return self._units.get((one.exercise, one.sha256))

    def _job(self, ticket: int, exercise: Exercise, source: bytes) -> Job:
        order = self._order
        return Job(ticket, exercise, source, engine_digest(), order.language, order.isolation)

    def _jobs(self) -> Iterator[Job]:
        for ticket, unit in enumerate(self.to_do):
            source = self._order.read(unit.handed_as)
            if source is None:
                self._lost.add(unit.key)
            else:
                yield self._job(ticket, unit.exercise, source)

    # -- what came of it ---------------------------------------------------------------

    def _graded(self) -> Iterator[Graded]:
        known: dict[str, Graded] = {}
        exercises = {exercise.id: exercise for exercise in self._order.exercises}
        for one in self._order.collection.handed:
            unit = self._unit(one)
            if unit is None:
                exercise = exercises.get(one.exercise)
                yield self._unreadable(one, exercise) if exercise else Graded(one)
            elif unit.key in known:
                first = known[unit.key]
                yield Graded(one, first.verdict, first.at, first.log, first.verdict is not None)
            else:
                known[unit.key] = self._standing(one, unit)
                yield known[unit.key]

    def _standing(self, one: Handed, unit: _Unit) -> Graded:
        """Return what counts for a file: an earlier grade stands where we have failed since."""
        now = self._store.current(unit.key)
        if now is None or now.status == "error":
            earlier = self._store.earlier(unit.exercise.id, unit.sha256)
            if earlier is not None:
                return Graded(one, earlier.verdict, earlier.at, self._stands(earlier, now), True)
        if now is None:
            if unit.key in self._lost:
                return self._unreadable(one, unit.exercise)
            return Graded(one)
        if now.status == "error":
            verdict = now.verdict or self._failure(one, unit.exercise, now.error)
            return Graded(one, verdict, now.at, _log(now), now.run != self._run)
        last = self._store.last(unit.key)
        log = self._stands(now, last) if last is not None and last.status == "error" else ""
        return Graded(one, now.verdict, now.at, log, now.run != self._run)

    def _stands(self, earlier: Kept, now: Kept | None) -> str:
        """Say why a grade counts that is not the newest that there should be."""
        at = earlier.at.astimezone().strftime("%Y-%m-%d %H:%M")
        if now is None:
            return text("classroom.stands_for_now", self._order.language, at=at)
        error = now.error or text("classroom.see_checks", self._order.language)
        line = text("classroom.stands", self._order.language, at=at, error=error)
        return f"{line}\n{now.log}".rstrip()

    def _unreadable(self, one: Handed, exercise: Exercise) -> Graded:
        line = text("classroom.bytes_gone", self._order.language)
        return Graded(one, self._failure(one, exercise, line), log=line)

    def _failure(self, one: Handed, exercise: Exercise, error: str) -> Verdict:
        """Return a verdict that says of every check that we could not make it."""
        language = self._order.language
        message = text("judge.grader_error", language, error=error)
        return Verdict(
            exercise=exercise.id,
            slug=exercise.slug,
            submission=f"{exercise.slug}.py",
            sha256=one.sha256,
            status="error",
            score=0.0,
            max_score=exercise.max_score,
            duration_s=0.0,
            seed=0,
            isolation=Isolation(level="full", backend="never run"),
            grader=GraderInfo(__version__, ""),
            checks=tuple(
                CheckResult(
                    id=check.id,
                    title=check.title.in_language(language),
                    status="error",
                    points=check.points,
                    earned=0.0,
                    visibility=check.visibility,
                    duration_s=0.0,
                    message=message,
                )
                for check in exercise.checks
            ),
            language=language,
            title=exercise.title.in_language(language),
        )


def exercises_of(
    collection: Collection, every: tuple[Exercise, ...], named: Several[str]
) -> tuple[Exercise, ...]:
    """Return a course's exercises: those named (ids), and what somebody has handed in; else all."""
    there = {one.exercise for one in collection.handed}
    return tuple(e for e in every if e.id in named or e.id in there) or every


def is_failure(one: Graded) -> bool:
    """Say whether a file has no grade, through our fault."""
    return one.verdict is None or one.verdict.status == "error"


def failures(graded: Iterable[Graded]) -> list[Graded]:
    """Return what has no grade through our fault."""
    return [one for one in graded if is_failure(one)]


def standing(graded: Iterable[Graded]) -> list[Graded]:
    """Return what has an earlier grade that stands, because we have failed since."""
    return [one for one in graded if one.log and not is_failure(one)]


def _checked(done: Done, unit: _Unit) -> Done:
    """Take nobody's word for a verdict about something else."""
    verdict = done.verdict
    if verdict is None:
        return done if done.error else Done(done.ticket, error="no verdict", log=done.log)
    if verdict.exercise != unit.exercise.id or verdict.sha256 != unit.sha256:
        return Done(done.ticket, error="a verdict about another submission", log=done.log)
    return done


def _log(kept: Kept) -> str:
    return "\n".join(part for part in (kept.error, kept.log) if part)
