"""Proof of a harness: every check can fail, and only for its reason (design.md, boundary 8).

The stub fails; the reference and every variant pass every check; each mistake fails all the
checks that it names and no other, with the diagnoses that it names; each check is named by
at least one mistake; harness and manifest have the same checks.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from types import FrameType
from typing import NoReturn

from grader.authoring.leftovers import leftovers
from grader.catalog import (
    CatalogError,
    diagnosis_pages,
    load_exercise,
    mistakes,
    pristine_path,
    solution_path,
    stub_path,
    variants,
)
from grader.judge import Options, grade
from grader.manifest import read_text
from grader.model import Exercise, Verdict
from grader.sandbox import IsolationChoice
from grader.texts import has_text

_VARIANTS, _MISTAKES = 5, 12
_CHECK = re.compile(r"^def check_(\w+)\(", re.MULTILINE)
# What a variant begins with, for both languages; what goes on in the next line is indented.
_ENGLISH = re.compile(r"# variant: \S.*(?:\n#  +\S.*)*(?:\n|$)")
_CHINESE = re.compile(r"# 变体：.*[\u4e00-\u9fff]")
_HARNESS = Path(__file__).parent / "harness"


@dataclass(frozen=True)
class Case:
    """One file that is graded for the proof, and what must come out (None: all pass)."""

    exercise: str
    kind: str
    path: Path
    caught_by: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """What came out of one case; no complaints means that it is as it must be."""

    case: Case
    verdict: Verdict
    complaints: tuple[str, ...]


def cases(root: Path, exercise: Exercise) -> list[Case]:
    """Return every file whose verdict is known beforehand (CatalogError: a broken header)."""
    found = [Case(exercise.id, "stub", pristine_path(root, exercise))]
    found.append(Case(exercise.id, "reference", solution_path(root, exercise)))
    found += [Case(exercise.id, "variant", path) for path in variants(root, exercise)]
    for mistake in mistakes(root, exercise):
        found.append(Case(exercise.id, "mistake", mistake.path, mistake.caught_by))
    return found


def structure(root: Path, exercise: Exercise) -> list[str]:
    """Return what is wrong with an exercise before anything is graded, all of it at once."""
    complaints = [f"no {name}" for name in _missing(root, exercise)]
    harness = _HARNESS / f"test_{exercise.folder}.py"
    complaints += _of_harness(harness, exercise)
    complaints += _of_mistakes(root, exercise)
    if not pristine_path(root, exercise).is_file():
        complaints.append("no .stub.py: a copy of the stub as it is shipped, for reset")
    found = variants(root, exercise)
    if len(found) < _VARIANTS:
        complaints.append(f"fewer than five variants: {len(found)}")
    for path in found:
        complaints += _undescribed(root, path)
    folders = [root / kind / exercise.folder for kind in ("exercises", "solutions")]
    for path, line, count in leftovers([*folders, harness]):
        shown = path.relative_to(root) if path.is_relative_to(root) else path
        complaints.append(f"{shown.as_posix()}:{line}: template text is still there ({count})")
    return complaints


def _missing(root: Path, exercise: Exercise) -> list[str]:
    """Return the files that an exercise has, and this one lacks."""
    folder = root / "exercises" / exercise.folder
    needed = [folder / "README.md", folder / "README.zh.md", stub_path(root, exercise)]
    needed.append(solution_path(root, exercise))
    return [path.relative_to(root).as_posix() for path in needed if not path.is_file()]


def _of_harness(harness: Path, exercise: Exercise) -> list[str]:
    """Return where harness and manifest do not have the same checks."""
    if not harness.is_file():
        return [f"no harness {harness.name}"]
    try:
        written = _CHECK.findall(read_text(harness, harness.name))
    except CatalogError as error:
        return [str(error)]
    listed = [check.id for check in exercise.checks]
    twice = [name for name, count in Counter(written).items() if count > 1]
    return [
        *(f"check {name} is in the harness twice" for name in twice),
        *(f"check {name} is in the harness only" for name in written if name not in listed),
        *(f"check {name} is in exercise.yaml only" for name in listed if name not in written),
    ]


def _of_mistakes(root: Path, exercise: Exercise) -> list[str]:
    """Return what is wrong with the mistakes as a whole; a broken header hides the rest."""
    try:
        found = mistakes(root, exercise)
    except CatalogError as error:
        return [str(error)]
    named = {check for mistake in found for check in mistake.caught_by}
    listed = [check.id for check in exercise.checks]
    complaints = [f"check {name} is named by no mistake" for name in listed if name not in named]
    if len(found) < _MISTAKES:
        complaints.append(f"fewer than twelve mistakes: {len(found)}")
    shown = sorted({diagnosis for mistake in found for diagnosis in mistake.caught_by.values()})
    for diagnosis in shown:
        if diagnosis not in exercise.diagnoses and not has_text(f"diagnoses.{diagnosis}", "en"):
            complaints.append(
                f"diagnosis {diagnosis} has no text: add it to diagnoses: in exercise.yaml"
            )
    for diagnosis in exercise.diagnoses:
        for page in (f"{diagnosis}.md", f"{diagnosis}.zh.md"):
            if not (diagnosis_pages(root, exercise) / page).is_file():
                complaints.append(f"no page diagnoses/{page}: what lies behind the diagnosis")
    return complaints


def _undescribed(root: Path, path: Path) -> list[str]:
    """Say which description ``solution`` would miss in a variant."""
    shown = path.relative_to(root).as_posix()
    try:
        source = "\n".join(read_text(path, shown).splitlines())
    except CatalogError as error:
        return [str(error)]
    english = _ENGLISH.match(source)
    if not english:
        return [f"{shown}: does not begin with '# variant: <what is unusual>'"]
    if not _CHINESE.match(source, english.end()):
        return [f"{shown}: no '# 变体：<the same in Chinese>' after '# variant: …'"]
    return []


def complaints_about(case: Case, verdict: Verdict) -> list[str]:
    """Compare a verdict with what it must be."""
    found = []
    errors = [check for check in verdict.checks if check.status == "error"]
    found += [f"{check.id}: grader error: {check.message}" for check in errors]
    if case.kind == "stub" and not errors:
        passed = [check.id for check in verdict.checks if check.status == "passed"]
        found += [f"{name}: the stub passes it" for name in passed]
    for check in verdict.checks:
        if check.status in ("error", "skipped") or case.kind == "stub":
            continue
        wanted = case.caught_by.get(check.id)
        if check.status == "passed" and wanted is not None:
            found.append(f"{check.id}: passed, must fail with {wanted}")
        elif check.status != "passed" and wanted is None:
            shown = f"{check.diagnosis}: {check.message} [{check.expected} / {check.received}]"
            found.append(f"{check.id}: must pass, but {shown}")
        elif wanted is not None and check.diagnosis != wanted:
            found.append(f"{check.id}: shows {check.diagnosis}, must show {wanted}")
    return found


# Workers end when the command does, however it ends, and stand apart from its terminal.
_PR_SET_PDEATHSIG = 1


@contextlib.contextmanager
def graded(
    root: Path, todo: Sequence[Case], isolation: IsolationChoice, jobs: int
) -> Iterator[Iterator[Finding | str]]:
    """Give what each grading came to, in order: a finding, or what kept the grader from one.

    On the way out, what has not begun is given up, and what has is waited for.
    """
    if jobs <= 1:
        yield (attempt(root, case, isolation) for case in todo)
        return
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _start_worker, (os.getpid(),))
    try:
        futures: list[Future[Finding | str]] = [
            pool.submit(_work, root, case, isolation) for case in todo
        ]
        futures.reverse()
        yield (futures.pop().result() for _ in todo)
    finally:
        pool.shutdown(cancel_futures=True)


def attempt(root: Path, case: Case, isolation: IsolationChoice) -> Finding | str:
    """Grade one case, with all transcripts; an error that ``grade`` raises is a text."""
    try:
        verdict = grade(
            _exercise(root, case.exercise),
            case.path,
            Options(isolation=isolation, all_transcripts=True),
        )
    except Exception as error:  # noqa: BLE001 - one grading's fault must not end the others
        return f"{type(error).__name__}: {error}"
    return Finding(case, verdict, tuple(complaints_about(case, verdict)))


@cache
def _exercise(root: Path, name: str) -> Exercise:
    return load_exercise(root, name)


def _work(root: Path, case: Case, isolation: IsolationChoice) -> Finding | str:
    try:
        return attempt(root, case, isolation)
    except KeyboardInterrupt:
        os._exit(1)  # told to end; the sandbox is closed by now


def _start_worker(parent: int) -> None:
    """Stand apart from the terminal, and end with the command."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _told_to_end)
    if hasattr(os, "setsid"):
        with contextlib.suppress(OSError):
            os.setsid()
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def _told_to_end(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
