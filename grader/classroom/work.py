"""One piece of work that can be done anywhere the package is: a job in, a verdict out.

Everything that is needed travels with the job, so a worker needs no suite, no submission folder
and no store; a job never contains anything that is unpickled or evaluated.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Protocol

import msgspec

from grader import __version__
from grader.judge import Judge, Options
from grader.model import Exercise, Language, Model, Verdict
from grader.sandbox import IsolationChoice, SandboxError
from grader.sandbox.nursery import Nursery
from grader.submission import submission_of

_GRADER = Path(__file__).resolve().parents[1]
# What decides over a verdict: not how it is shown, collected or exported.
_JUDGING = ("harness", "learner", "peers", "sandbox", "wire", "texts", "judge.py", "submission.py")


class Job(Model, frozen=True):
    """One submission to grade; ``ticket`` is the asker's own number for it.

    ``engine`` is the asker's `engine_digest`: a worker of another version refuses the job.
    """

    ticket: int
    exercise: Exercise
    source: bytes
    engine: str
    language: Language = "en"
    isolation: IsolationChoice = "auto"


class Done(Model, frozen=True):
    """What came of a job: a verdict, or why there is none (``error``: one line; ``log``: more)."""

    ticket: int
    verdict: Verdict | None = None
    error: str = ""
    log: str = ""


class Backend(Protocol):
    """Who does jobs: processes of this machine, or a cluster.

    Where a worker dies over a job, the job is tried once more in a fresh one; when that dies,
    too, ``Done.error`` says so.
    """

    def results(self, jobs: Iterable[Job]) -> Iterator[Done]:
        """Give each job's result as it comes, in any order; jobs are taken as workers fall free.

        After `stop` no further job is asked for, and those under way are waited for.
        """

    def stop(self) -> None:
        """Take no further jobs (from any thread, or a signal's handler)."""

    def close(self) -> None:
        """End the workers, at once where they are still at work."""


@cache
def engine_digest() -> str:
    """Return what tells one state of the grader from another: version and judging code, hashed."""
    digest = hashlib.sha256(__version__.encode())
    for name in _JUDGING:
        place = _GRADER / name
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        for file in files:
            if file.suffix in (".py", ".json", ".ini"):
                digest.update(f"\0{file.relative_to(_GRADER).as_posix()}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def key_of(job: Job) -> str:
    """Return what a verdict depends on, hashed: the same key, the same verdict.

    That is the submission's bytes, the exercise's manifest, the harness and the rest of the
    engine, the grader's version, the language of the verdict and the isolation asked for.
    """
    parts = [
        hashlib.sha256(job.source).hexdigest(),
        hashlib.sha256(msgspec.json.encode(job.exercise)).hexdigest(),
        job.engine,
        job.language,
        job.isolation,
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class _Settled:
    """What a process keeps from one job to the next, if it does nothing else."""

    nursery: Nursery | None = None


def settle() -> None:
    """Keep what costs time to make between jobs: for a process that does one after the other.

    That is the sandbox's nursery (bubblewrap and an interpreter, where this machine has them)
    and memory that has been used once.  It ends with the process.
    """
    _keep_memory()
    from grader.sandbox.bubblewrap import make_nursery

    with suppress(SandboxError):
        _Settled.nursery = make_nursery()


def _keep_memory() -> None:
    """Have glibc keep what is freed: a message of 16 MiB costs 4096 page faults each time else.

    (mallopt(3): one arena, blocks up to 32 MiB in it, 256 MiB kept at its end.)
    """
    if platform.libc_ver()[0] != "glibc":
        return
    import ctypes

    libc = ctypes.CDLL(None)
    for parameter, value in ((-8, 1), (-3, 32 << 20), (-1, 256 << 20)):
        libc.mallopt(parameter, value)


def work(job: Job) -> Done:
    """Grade one submission here; whatever goes wrong on our side is in the result."""
    if job.engine != engine_digest():
        return Done(job.ticket, error="this worker has another version of the grader")
    try:
        submission, problem = submission_of(
            job.source, f"{job.exercise.slug}.py", job.exercise.slug
        )
        options = Options(job.language, job.isolation)
        judge = Judge(job.exercise, submission, options, _Settled.nursery)
        return Done(job.ticket, judge.verdict(problem))
    except Exception as error:  # noqa: BLE001 - one job's fault must not end the worker
        return Done(job.ticket, error=f"{type(error).__name__}: {error}"[:2000])
