"""Verdicts as Classroom 50's ``result.json``: one file a submission, several exercises added up.

GitHub Classroom has been retired; Classroom 50 (github.com/foundation50/classroom50) is what
many courses moved to.  Its wiki page "Advanced Autograding" states the contract
``classroom50/result/v1``, which ``runner.py`` checks before it publishes a result: scores are
integers, a test has ``test-name``, ``passed``, ``score``, ``max-score``; who handed in what is
in the environment of the run (``CLASSROOM``, ``ASSIGNMENT``, ``OWNER``, ``SUBMISSION_TAG``,
``COMMIT_URL``, ``RELEASE_URL``, ``REVIEW_URL``).  Run elsewhere (a plain repository's CI), the
same keys are filled from ``GITHUB_*``, or with ``local``.

The file is published in the student's repository, so hidden checks have a number instead of a
name.  Where a verdict is a grader error there are no tests and the score is 0 of 0, which is
how Classroom 50 itself writes an error; the exit code (3) says so as well.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from fractions import Fraction
from math import lcm
from typing import Any
from urllib.parse import quote

from grader.model import CheckResult, Verdict
from grader.report import ReportOptions
from grader.report._layout import escape, guard
from grader.texts import text

NAME = "classroom50"
SCHEMA = "classroom50/result/v1"
_TAG = re.compile(r"submit/(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z")
_NOWHERE = "local"
_FINEST = 1000


def render(verdicts: Sequence[Verdict], options: ReportOptions) -> str:
    """Return one JSON object, in ASCII.

    Points that are no whole numbers are all multiplied by the same number, so that they are.
    """
    tests = _tests(verdicts, options)
    data: dict[str, Any] = {
        "schema": SCHEMA,
        **_identity(os.environ, verdicts),
        "score": sum(test["score"] for test in tests),
        "max-score": sum(test["max-score"] for test in tests),
        "tests": tests,
    }
    words = json.dumps(data, indent=2)
    return words.replace("##[", "##\\u005b") + "\n"


def _tests(verdicts: Sequence[Verdict], options: ReportOptions) -> list[dict[str, Any]]:
    if any(verdict.status == "error" for verdict in verdicts):
        return []
    counted = [
        (verdict, check)
        for verdict in verdicts
        for check in verdict.checks
        if check.status != "skipped"
    ]
    points = [Fraction(check.points).limit_denominator(_FINEST) for _, check in counted]
    unit = lcm(*(point.denominator for point in points)) if points else 1
    hidden: dict[str, int] = {}
    tests = []
    for (verdict, check), point in zip(counted, points, strict=True):
        whole = int(point * unit)
        passed = check.status == "passed"
        tests.append(
            {
                "test-name": _name(verdict, check, hidden, options),
                "passed": passed,
                "score": whole if passed else 0,
                "max-score": whole,
            }
        )
    return tests


def _name(
    verdict: Verdict, check: CheckResult, hidden: dict[str, int], options: ReportOptions
) -> str:
    if check.visibility == "public":
        return guard(f"{verdict.exercise} {escape(check.title) or check.id}")
    number = hidden[verdict.exercise] = hidden.get(verdict.exercise, 0) + 1
    words = text("formats.hidden_check", options.language, number=number)
    return f"{verdict.exercise} {words}"


def _identity(environ: Mapping[str, str], verdicts: Sequence[Verdict]) -> dict[str, str]:
    """Return who handed in what, as far as the run's environment says."""

    def first(*names: str) -> str:
        return next((environ[name].strip() for name in names if environ.get(name, "").strip()), "")

    repository = first("GITHUB_REPOSITORY")
    server = first("GITHUB_SERVER_URL").rstrip("/") or "https://github.com"
    address = f"{server}/{repository}" if repository else _NOWHERE
    commit = first("COMMIT_URL") or f"{address}/commit/{first('GITHUB_SHA') or _NOWHERE}"
    tag = first("SUBMISSION_TAG") or f"submit/{(first('GITHUB_SHA') or _NOWHERE)[:12]}"
    release = f"{address}/releases/tag/{quote(tag, safe='')}"
    exercises = "-".join(verdict.exercise for verdict in verdicts)
    return {
        "classroom": first("CLASSROOM", "GITHUB_REPOSITORY_OWNER") or _NOWHERE,
        "assignment": first("ASSIGNMENT") or exercises or _NOWHERE,
        "assignment_type": first("ASSIGNMENT_TYPE") or "individual",
        "owner": first("OWNER", "USERNAME", "GITHUB_ACTOR") or _NOWHERE,
        "submission": tag,
        "commit": commit,
        "release": first("RELEASE_URL") or release,
        "review": first("REVIEW_URL") or commit,
        "datetime": _submitted_at(tag),
    }


def _submitted_at(tag: str) -> str:
    """Return when it was handed in: what the tag says, else now (UTC, ISO 8601)."""
    found = _TAG.match(tag)
    if found:
        return f"{found[1]}T{found[2]}:{found[3]}:{found[4]}Z"
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
