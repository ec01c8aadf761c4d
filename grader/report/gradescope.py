"""Verdicts as Gradescope's ``results.json``: one file a submission, several exercises added up.

The format is that of "Autograder Specifications" (gradescope-autograders.readthedocs.io,
``specs``).  Three things in it decide over a student's points:

- A top-level ``score`` overrides the sum of the tests.  The assignment's total is a setting of
  Gradescope, so points of skipped checks would be lost there; the score is that share of *all*
  points that was earned of those that could be graded here.
- A file without any score is no result to Gradescope: it says that the autograder failed, and
  the submission can be run again.  A grader error therefore gives no score at all, never 0.
- While a test is ``after_published``, students see neither it nor their total.  Hidden checks
  are, so nothing of them (the total neither) shows before grades are published; public ones
  are ``visible``.  Standard output is for instructors.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from grader.model import CheckResult, Verdict
from grader.report import ReportOptions
from grader.report._detail import detail, say
from grader.report._layout import escape, guard
from grader.texts import text

NAME = "gradescope"
_COLUMNS = 90
_MOST_OUTPUT = 20_000
_PLACES = 4


def render(verdicts: Sequence[Verdict], options: ReportOptions) -> str:
    """Return one JSON object, in ASCII; it has a score unless one of the verdicts is an error."""
    plain = replace(options, colour=False, ascii=False, width=_COLUMNS)
    several = len(verdicts) > 1 or options.several
    graded = bool(verdicts) and all(verdict.status != "error" for verdict in verdicts)
    data: dict[str, Any] = {"score": _score(verdicts)} if graded else {}
    data |= {
        "execution_time": round(sum(verdict.duration_s for verdict in verdicts), 2),
        "output": "\n".join(_summary(verdicts, plain)),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [
            _test(check, verdict, f"{number}.{place}" if several else f"{place}", graded, plain)
            for number, verdict in enumerate(verdicts, 1)
            for place, check in enumerate(verdict.checks, 1)
        ],
        "extra_data": {"socket_dojo": [_extra(verdict) for verdict in verdicts]},
    }
    words = json.dumps(data, indent=2, allow_nan=False)
    return words.replace("##[", "##\\u005b") + "\n"


def _score(verdicts: Sequence[Verdict]) -> float:
    """Return the points, those of skipped checks given in proportion."""
    total = 0.0
    for verdict in verdicts:
        whole = sum(check.points for check in verdict.checks)
        total += verdict.score * whole / verdict.max_score if verdict.max_score else 0.0
    return round(total, _PLACES)


def _summary(verdicts: Sequence[Verdict], options: ReportOptions) -> list[str]:
    """Say what students may know at once: how the public checks went."""
    lines = []
    for verdict in verdicts:
        counted = [check for check in verdict.checks if check.status != "skipped"]
        public = [check for check in counted if check.visibility == "public"]
        line = text(
            "formats.public_passed",
            options.language,
            exercise=escape(verdict.exercise),
            title=escape(verdict.title or verdict.slug),
            path=escape(options.path(verdict)),
            passed=sum(check.status == "passed" for check in public),
            counted=len(public),
        )
        lines.append(guard(line))
        hidden = len(counted) - len(public)
        if hidden:
            lines.append(text("formats.hidden_later", options.language, n=hidden))
        if any(check.status == "skipped" for check in verdict.checks):
            lines.append(text("formats.skipped_given", options.language))
    if any(verdict.status == "error" for verdict in verdicts):
        lines.append(text("formats.no_score", options.language))
    return lines


def _test(
    check: CheckResult, verdict: Verdict, number: str, graded: bool, options: ReportOptions
) -> dict[str, Any]:
    hidden = check.visibility == "hidden"
    test: dict[str, Any] = {"name": guard(escape(check.title) or check.id), "number": number}
    if graded and check.status != "skipped":
        test |= {"score": check.earned, "max_score": check.points}
    if check.status in ("passed", "failed", "stuck"):
        test["status"] = "passed" if check.status == "passed" else "failed"
    output = _output(check, verdict, options)
    if output:
        test |= {"output": output, "output_format": "text"}
    test["tags"] = [verdict.exercise]
    test["visibility"] = "after_published" if hidden else "visible"
    test["extra_data"] = {"id": check.id, "status": check.status, "diagnosis": check.diagnosis}
    return test


def _output(check: CheckResult, verdict: Verdict, options: ReportOptions) -> str:
    if check.status == "passed":
        return ""
    if check.visibility == "hidden":
        check = msgspec.structs.replace(check, hints=0)  # who was handed out the suite has none
    lines = [_cause(check, verdict, options), *detail(check, verdict, options)]
    words = guard("\n".join(lines).strip("\n"))
    return words if len(words) <= _MOST_OUTPUT else f"{words[:_MOST_OUTPUT]}…"


def _cause(check: CheckResult, verdict: Verdict, options: ReportOptions) -> str:
    """Name the failure that explains this one, where whoever reads this may know of it."""
    for other in verdict.checks:
        if other.id == check.because and (
            other.visibility == "public" or check.visibility == "hidden"
        ):
            return f"  {say('because', options, title=escape(other.title))}\n"
    return ""


def _extra(verdict: Verdict) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.to_builtins(verdict)
    kept = ("exercise", "sha256", "status", "score", "max_score", "seed", "isolation", "grader")
    return {key: data[key] for key in kept}
