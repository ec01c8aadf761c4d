"""The words of this project as data: frozen, plain, without input or output.

Every other module imports this one, and this one imports none of them.  Times are
seconds (float), sizes are bytes (int), texts are in the language of the verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, TypeVar

import msgspec

Language = Literal["en", "zh"]
Visibility = Literal["public", "hidden"]
CheckStatus = Literal["passed", "failed", "stuck", "skipped", "error"]
VerdictStatus = Literal["passed", "failed", "error"]
IsolationLevel = Literal["full", "partial", "none"]

LANGUAGES: tuple[Language, ...] = ("en", "zh")
SCHEMA_VERSION = 1


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A frozen record; reading one from data refuses keys that it does not have."""


class Text(Model, frozen=True):
    """One sentence or paragraph in both languages of the project."""

    en: str
    zh: str

    def in_language(self, language: Language) -> str:
        """Return the text in ``language``."""
        return self.zh if language == "zh" else self.en


class Hint(Text, frozen=True):
    """One stage of help; ``when`` names the diagnoses that it is for (none: all)."""

    when: tuple[str, ...] = ()


class Limits(Model, frozen=True):
    """What one learner process may use, its children included."""

    cpu_s: float = 60.0
    memory_mb: int = 1024
    processes: int = 300
    open_files: int = 1024
    file_mb: int = 128
    output_kb: int = 256
    check_s: float = 120.0


class Check(Model, frozen=True):
    """One behaviour of an exercise, as its manifest describes it.

    ``after`` names earlier checks that this one builds on: where one of them fails, it explains
    the failure of this one.
    """

    id: str
    title: Text
    points: float
    visibility: Visibility = "public"
    after: tuple[str, ...] = ()
    hints: tuple[Hint, ...] = ()

    def hints_for(self, diagnosis: str) -> tuple[Hint, ...]:
        """Return the stages that help where this check fails with a diagnosis."""
        return tuple(hint for hint in self.hints if not hint.when or diagnosis in hint.when)


class Exercise(Model, frozen=True):
    """One exercise: what its ``exercise.yaml`` says."""

    id: str
    slug: str
    title: Text
    summary: Text
    concepts: tuple[Text, ...]
    functions: dict[str, tuple[str, ...]]
    checks: tuple[Check, ...]
    limits: Limits = Limits()
    diagnoses: dict[str, Text] = {}

    @property
    def folder(self) -> str:
        """The name of the exercise's three folders, such as ``ex03_tcp_echo``."""
        return f"{self.id}_{self.slug}"

    @property
    def max_score(self) -> float:
        """The sum of the points of all checks."""
        return sum(check.points for check in self.checks)


class Location(Model, frozen=True):
    """A place in the learner's file, and what the code was doing there.

    ``state`` is a word for machines: ``raised``, ``blocked`` (in a call without a time limit),
    ``sleeping`` (in one that has a limit), ``spinning``; ``doing`` is the same for a reader, such
    as ``recv()``.  Of a thread that spins it was seen for ``seconds`` how often it made that call
    (``calls``) and how many of these returned nothing (``empty``); 0 where that is unknown.
    """

    line: int
    function: str = ""
    source: str = ""
    state: str = ""
    doing: str = ""
    calls: int = 0
    empty: int = 0
    seconds: float = 0.0


class Event(Model, frozen=True):
    """One line of a transcript.  ``t`` is in seconds since the check began."""

    t: float
    who: str
    event: str
    bytes: int = 0
    preview: str = ""


class Diagnosis(Model, frozen=True):
    """Why a check did not pass."""

    id: str
    message: str
    expected: str = ""
    received: str = ""
    location: Location | None = None


class CheckResult(Model, frozen=True):
    """What one check found; ``earned`` is all of ``points`` or nothing.

    ``because`` is the id of another failed check that explains this one: mend that first.
    """

    id: str
    title: str
    status: CheckStatus
    points: float
    earned: float
    visibility: Visibility
    duration_s: float
    diagnosis: str = ""
    message: str = ""
    expected: str = ""
    received: str = ""
    location: Location | None = None
    transcript: tuple[Event, ...] = ()
    output: str = ""
    hints: int = 0
    because: str = ""


class Checked(Protocol):
    """What is known of a check's result, in a verdict or on record."""

    @property
    def id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def diagnosis(self) -> str: ...
    @property
    def because(self) -> str: ...


_C = TypeVar("_C", bound=Checked)


def first_things_first(checks: Sequence[_C]) -> list[_C]:
    """Return what is open, what to mend first at the front.

    What another failure explains comes last; before it what is not written yet: who works at
    one function wants to hear of that one.
    """
    still_open = [check for check in checks if check.status in ("failed", "stuck")]
    names = {check.id for check in still_open}

    def rank(check: _C) -> int:
        if check.because in names:
            return 2
        return int(check.diagnosis == "not_implemented")

    return sorted(still_open, key=rank)


class Isolation(Model, frozen=True):
    """Which rung of the ladder held, and what it lacked."""

    level: IsolationLevel
    backend: str
    missing: tuple[str, ...] = ()


class GraderInfo(Model, frozen=True):
    """Which grader and which interpreter made a verdict."""

    version: str
    python: str


class Verdict(Model, frozen=True):
    """The whole result of one submission; reporters read nothing else."""

    exercise: str
    slug: str
    submission: str
    sha256: str
    status: VerdictStatus
    score: float
    max_score: float
    duration_s: float
    seed: int
    isolation: Isolation
    grader: GraderInfo
    checks: tuple[CheckResult, ...]
    schema: int = SCHEMA_VERSION
    language: Language = "en"
    title: str = ""
