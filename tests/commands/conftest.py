"""What the tests of the commands share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.catalog import load_exercise, stub_path
from grader.history import History
from grader.model import CheckResult, CheckStatus, GraderInfo, Isolation, Verdict, VerdictStatus

from .class_asking import ask, backend, handed

__all__ = ["ask", "backend", "handed"]  # fixtures


@pytest.fixture
def small(suite: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a suite that keeps one variant and one mistake of ex03."""
    monkeypatch.chdir(suite)
    solutions = suite / "solutions" / "ex03_tcp_echo"
    for path in (*solutions.glob("variants/*.py"), *solutions.glob("mistakes/*.py")):
        if path.stem not in ("threads", "binds_every_address"):
            path.unlink()
    return suite


@pytest.fixture
def record(suite: Path) -> Callable[..., None]:
    """Return a function that records an attempt at an exercise of this suite, without grading.

    ``open_checks`` are ids with their diagnosis and, after a blank, the check that explains it;
    all others passed.
    """

    def record(
        open_checks: dict[str, str] | None = None,
        *,
        exercise: str = "ex03",
        only: tuple[str, ...] = (),
        path: Path | None = None,
        error: bool = False,
    ) -> None:
        found = load_exercise(suite, exercise)
        checks = []
        for check in found.checks:
            if only and check.id not in only:
                continue
            diagnosis, _, because = (open_checks or {}).get(check.id, "").partition(" ")
            status: CheckStatus = "failed" if diagnosis else "error" if error else "passed"
            checks.append(
                CheckResult(
                    id=check.id,
                    title=check.title.en,
                    status=status,
                    points=check.points,
                    earned=check.points if status == "passed" else 0.0,
                    visibility=check.visibility,
                    duration_s=0.0,
                    diagnosis=diagnosis,
                    because=because,
                )
            )
        work = path or stub_path(suite, found)
        source = work.read_bytes() if work.is_file() else b""
        outcome: VerdictStatus = "failed" if open_checks else "error" if error else "passed"
        verdict = Verdict(
            exercise=found.id,
            slug=found.slug,
            submission=work.name,
            sha256=hashlib.sha256(source).hexdigest(),
            status=outcome,
            score=sum(check.earned for check in checks),
            max_score=sum(check.points for check in checks),
            duration_s=0.0,
            seed=1,
            isolation=Isolation("none", "process"),
            grader=GraderInfo("1", "3"),
            checks=tuple(checks),
        )
        History(suite).record(verdict, source, work, not only)

    return record
