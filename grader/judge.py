"""One submission in, one Verdict out."""

from __future__ import annotations

import platform
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from grader import __version__
from grader.learner.failure import CheckFailed, HarnessError
from grader.learner.process import LearnerProcess, signal_name
from grader.model import (
    Check,
    CheckResult,
    CheckStatus,
    Diagnosis,
    Event,
    Exercise,
    GraderInfo,
    Isolation,
    Language,
    Location,
    Verdict,
    VerdictStatus,
)
from grader.sandbox import IsolationChoice, Sandbox, SandboxError, Submission, open_sandbox
from grader.sandbox.base import GAVE_UP
from grader.submission import Problem, read_submission, source_lines
from grader.texts import text

if TYPE_CHECKING:
    from grader.sandbox.nursery import Nursery

# What was seen, in general, and the diagnosis it stands for where a check knows no better.
DIAGNOSIS_OF = {
    "stuck": "stuck",
    "silent": "no_answer",
    "sleeping": "sleeps_too_long",
    "spinning": "spinning",
    "died": "crashed",
    "ended": "ended_by_itself",
    "raised": "raised_unexpectedly",
    "wrong_exception": "wrong_exception",
    "no_exception": "no_exception",
    "not_implemented": "not_implemented",
    "returned_none": "returned_none",
    "not_connected": "listener_used_as_connection",
    "not_listening": "never_listens",
    "mismatch": "wrong_bytes",
    "short": "closes_too_early",
    "cut": "partial_returned",
    "extra": "extra_bytes",
    "closed": "closes_too_early",
    "result": "wrong_result",
    "too_early": "timeout_too_early",
    "too_late": "returns_too_late",
    "leak": "descriptor_leak",
    "refused": "never_listens",
    "too_many_threads": "too_many_threads",
}


# A check bounds itself, in seconds of a machine that is not late; pytest-timeout is for the
# case that the grader itself hangs.
_BACKSTOP = 5
_WAITS = ("blocked", "sleeping", "spinning")
_CALL = re.compile(
    r"\b(accept|connect|create_connection|recv\w*|send(?:all|to|file)?|select|poll|sleep|join|wait"
    r"|read\w*|write|get)\("
)
_VALUES = ("error", "end", "where", "name", "function", "names")


@dataclass(frozen=True)
class Options:
    """How to grade."""

    language: Language = "en"
    isolation: IsolationChoice = "auto"
    only: tuple[str, ...] = ()
    visibility: str = ""
    seed: int | None = None
    all_transcripts: bool = False  # also of checks that passed, or that we could not make


def grade(
    exercise: Exercise, path: Path, options: Options | None = None, nursery: Nursery | None = None
) -> Verdict:
    """Grade the file ``path`` as a submission of ``exercise``.

    Raises UnreadableError and SandboxError where the request cannot be carried out; a fault
    of the grader's own becomes a verdict with the status ``error``.
    """
    options = options or Options()
    submission, problem = read_submission(path, exercise.slug)
    return Judge(exercise, submission, options, nursery).verdict(problem)


class Judge:
    """Grades one submission."""

    def __init__(
        self,
        exercise: Exercise,
        submission: Submission,
        options: Options,
        nursery: Nursery | None = None,
    ) -> None:
        self.exercise = exercise
        self.submission = submission
        self.options = options
        self.nursery = nursery
        self.language = options.language
        seed = options.seed
        self.seed = random.SystemRandom().randrange(1 << 31) if seed is None else seed
        self.lines = source_lines(submission.source)
        self.chosen = [
            check
            for check in exercise.checks
            if (not options.only or check.id in options.only)
            and options.visibility in ("", check.visibility)
        ]

    def verdict(self, problem: Problem | None) -> Verdict:
        """Run the checks (or say why none can be run) and return the verdict."""
        began = time.monotonic()
        isolation = Isolation(level="full", backend="never run")
        if problem is not None:
            results = self._all_failed(problem)
        else:
            sandbox = open_sandbox(
                self.options.isolation,
                self.submission,
                self.exercise.limits,
                _import_harness,
                self.nursery,
            )
            try:
                isolation = sandbox.isolation
                results = self._run(sandbox)
            except (SandboxError, HarnessError) as error:
                results = [self._error(check, str(error)) for check in self.chosen]
            finally:
                sandbox.close()
        return self._assemble(results, isolation, time.monotonic() - began)

    def _run(self, sandbox: Sandbox) -> list[CheckResult]:
        from grader.harness.lab import Lab, Ports
        from grader.harness.probe import probe
        from grader.harness.session import run_harness
        from grader.learner.delay import DelayMeter

        report = sandbox.compiled()
        if report.error == GAVE_UP:
            return self._all_failed(Problem("not_compilable"))
        if report.error:
            return self._all_failed(Problem("syntax_error", report.line, report.text))
        meter, loaded = DelayMeter(), list[LearnerProcess]()
        try:
            ports = Ports(sandbox.isolation.level == "full", sandbox.ports)

            def make_lab(check: str) -> Lab:
                return Lab(
                    self.exercise,
                    check,
                    sandbox,
                    ports,
                    meter,
                    self.language,
                    self.seed,
                    self.submission.source,
                )

            found = probe(make_lab("import"))
            if found.failure is not None:
                return [
                    _replace(self._result(check, found.failure), hints=0) for check in self.chosen
                ]
            loaded = found.loaded
            outcomes = run_harness(
                self.exercise.folder,
                [check.id for check in self.chosen],
                lambda check: make_lab(check).knowing(found.problems, loaded),
                _BACKSTOP * self.exercise.limits.check_s,
            )
        finally:
            meter.close()
            for process in loaded:
                process.close()  # no check has wanted it
        keep = self.options.all_transcripts
        results = []
        for check in self.chosen:
            outcome = outcomes[check.id]
            if outcome.error:
                result = self._error(check, outcome.error)
            elif outcome.skipped:
                result = self._plain(
                    check, "skipped", text(f"judge.{outcome.skipped}", self.language)
                )
            else:
                result = self._result(check, outcome.failure)
            events = outcome.transcript.events() if keep or outcome.failure else ()
            results.append(
                _replace(
                    result,
                    duration_s=round(outcome.duration_s, 4),
                    transcript=_as_told(events, result.location),
                    output=outcome.output,
                )
            )
        return results

    def _result(self, check: Check, failure: CheckFailed | None) -> CheckResult:
        if failure is None:
            return self._plain(check, "passed", "")
        status: CheckStatus = "stuck" if failure.stuck else "failed"
        try:
            diagnosis = self._diagnose(failure)
        except KeyError as error:
            return self._error(check, f"no text for {error}")
        result = self._plain(check, status, diagnosis.message)
        return _replace(
            result,
            diagnosis=diagnosis.id,
            hints=len(check.hints_for(diagnosis.id)),
            expected=diagnosis.expected,
            received=diagnosis.received,
            location=diagnosis.location,
        )

    def _diagnose(self, failure: CheckFailed) -> Diagnosis:
        name = failure.values.get("diagnosis") or DIAGNOSIS_OF.get(failure.kind, failure.kind)
        location = self._as_written(failure.location)
        if name == "crashed":
            name = _way_to_end(failure.values.get("end", ""))
        limits = msgspec.structs.asdict(self.exercise.limits)
        values: dict[str, object] = {**dict.fromkeys(_VALUES, ""), **limits, **failure.values}
        values["end"] = signal_name(str(values["end"])) or values["end"]
        if location is not None and location.doing:
            values["where"] = text("judge.blocked_in", self.language, doing=location.doing)
        own = self.exercise.diagnoses.get(name)
        if own is not None:
            message = own.in_language(self.language)
        else:
            message = text(f"diagnoses.{name}", self.language, **values)
        if location is not None and 0 < location.line <= len(self.lines):
            source = self.lines[location.line - 1].strip()[:200]
            location = _changed(location, source=source)
        return Diagnosis(name, message, failure.expected, failure.received, location)

    def _as_written(self, place: Location | None) -> Location | None:
        """Name the call that the learner wrote, ``recv()``, not the kernel's ``poll()``."""
        if place is None or place.state not in _WAITS or not 0 < place.line <= len(self.lines):
            return place
        written = set(_CALL.findall(self.lines[place.line - 1]))
        if len(written) != 1 or place.calls:
            return place
        return _changed(place, doing=f"{written.pop()}()")

    def _all_failed(self, problem: Problem) -> list[CheckResult]:
        place = Location(problem.line) if problem.line else None
        failure = CheckFailed(
            problem.diagnosis,
            location=place,
            values={"error": problem.detail, "name": self.submission.name},
        )
        # A hint of a check says nothing about a file that cannot be graded at all.
        return [_replace(self._result(check, failure), hints=0) for check in self.chosen]

    def _error(self, check: Check, what: str) -> CheckResult:
        return self._plain(check, "error", text("judge.grader_error", self.language, error=what))

    def _plain(self, check: Check, status: CheckStatus, message: str) -> CheckResult:
        return CheckResult(
            id=check.id,
            title=check.title.in_language(self.language),
            status=status,
            points=check.points,
            earned=check.points if status == "passed" else 0.0,
            visibility=check.visibility,
            duration_s=0.0,
            message=message,
        )

    def _assemble(
        self, results: Sequence[CheckResult], isolation: Isolation, duration: float
    ) -> Verdict:
        results = explained(self.exercise, results)
        counted = [result for result in results if result.status != "skipped"]
        status: VerdictStatus = "passed"
        if not counted or any(result.status == "error" for result in counted):
            # Nothing that counts could be found out: that is no verdict on anybody's work.
            status = "error"
        elif any(result.status != "passed" for result in counted):
            status = "failed"
        return Verdict(
            exercise=self.exercise.id,
            slug=self.exercise.slug,
            submission=self.submission.name,
            sha256=self.submission.sha256,
            status=status,
            score=sum(result.earned for result in counted),
            max_score=sum(result.points for result in counted),
            duration_s=round(duration, 4),
            seed=self.seed,
            isolation=isolation,
            grader=GraderInfo(__version__, platform.python_version()),
            checks=tuple(results),
            language=self.language,
            title=self.exercise.title.in_language(self.language),
        )


def explained(exercise: Exercise, results: Sequence[CheckResult]) -> list[CheckResult]:
    """Say of each failure which earlier one explains it (``because``), if one does.

    That is a check that it builds on (``after``), or one that failed with the same diagnosis at
    the same place; never one that is itself explained by another.
    """
    builds_on = {check.id: check.after for check in exercise.checks}
    causes: dict[str, str] = {}
    places: dict[tuple[str, str], str] = {}
    found = []
    for result in results:
        if result.status in ("failed", "stuck"):
            place = _steady_place(result.location)
            cause = next((causes[name] for name in builds_on[result.id] if name in causes), "")
            if not cause and place:
                cause = places.get((result.diagnosis, place), "")
            causes[result.id] = cause or result.id
            places.setdefault((result.diagnosis, place), causes[result.id])
            result = _replace(result, because=cause)
        found.append(result)
    return found


def _steady_place(place: Location | None) -> str:
    """Return what is the same each time: a loop is met now at this line of it, now at that."""
    if place is None:
        return ""
    return place.function if place.state == "spinning" else str(place.line)


def _import_harness() -> None:
    """Import pytest and the laboratory, which takes as long as a sandbox takes to start."""
    import grader.harness.lab
    import grader.harness.probe
    import grader.harness.session  # noqa: F401


def _as_told(events: tuple[Event, ...], place: Location | None) -> tuple[Event, ...]:
    """Name the call at the end of a transcript as the place does."""
    if place is None or not events or events[-1].event not in ("wait", "spin"):
        return events
    return (*events[:-1], msgspec.structs.replace(events[-1], preview=place.doing))


def _way_to_end(end: str) -> str:
    """Return the diagnosis of a process that has gone: by itself, killed, or crashed."""
    if end.startswith(("exit", "SystemExit")):
        return "exited"
    return "killed" if signal_name(end) in ("SIGKILL", "SIGTERM") else "crashed"


def _replace(result: CheckResult, **changes: object) -> CheckResult:
    return msgspec.structs.replace(result, **changes)


def _changed(place: Location, **changes: object) -> Location:
    return msgspec.structs.replace(place, **changes)
