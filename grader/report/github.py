"""Verdicts for GitHub Actions: annotations at the lines at fault, and a job summary.

Workflow commands are read from what is printed, so nothing that a learner wrote is printed
but inside a command's data, escaped as actions/toolkit does (``command.ts``).
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import replace

from grader.model import CheckResult, Verdict
from grader.report import ReportOptions
from grader.report._detail import detail, instead, mark, say
from grader.report._layout import escape, guard
from grader.report.text import score_line

NAME = "github"
_ANNOTATIONS = 10
_COLUMNS = 100
_MESSAGE = 4000
_SUMMARY = 500_000
_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")


def render(verdicts: Sequence[Verdict], options: ReportOptions) -> str:
    """Return one ``::error`` a failed check (GitHub shows ten a step), then the scores."""
    plain = replace(options, colour=False, width=_COLUMNS)
    failed = [(verdict, check) for verdict in verdicts for check in verdict.checks if _bad(check)]
    failed.sort(key=lambda found: bool(found[1].because))  # what explains others comes first
    lines = [_annotation(verdict, check, plain) for verdict, check in failed[:_ANNOTATIONS]]
    if len(failed) > _ANNOTATIONS:
        lines.append(say("annotations_left_out", plain, n=len(failed) - _ANNOTATIONS))
    for verdict in verdicts:
        lines.append(guard(f"{escape(verdict.exercise)}: {score_line(verdict, plain)}"))
    return "".join(f"{line}\n" for line in lines) or say("nothing", plain) + "\n"


def summary(verdicts: Sequence[Verdict], options: ReportOptions) -> str:
    """Return Markdown for ``$GITHUB_STEP_SUMMARY`` (1 MiB at most; this keeps to half)."""
    plain = replace(options, colour=False, width=_COLUMNS)
    parts: list[str] = []
    size = 0
    for verdict in verdicts:
        for part in _section(verdict, plain):
            size += len(part.encode())
            if size > _SUMMARY:
                return "\n".join([*parts, f"\n{_markdown(say('summary_left_out', plain))}\n"])
            parts.append(part)
    return "\n".join(parts) + "\n"


def _bad(check: CheckResult) -> bool:
    return check.status in ("failed", "stuck", "error")


def _annotation(verdict: Verdict, check: CheckResult, options: ReportOptions) -> str:
    words = [check.message, *_labelled(check, options)]
    message = escape("\n".join(word for word in words if word.strip())[:_MESSAGE], keep="\n")
    properties = {"title": check.title}
    if check.status != "error":
        line = str(check.location.line) if check.location else "1"
        properties = {"file": options.path(verdict), "line": line, **properties}
    command = "warning" if check.status == "error" else "error"
    shown = ",".join(f"{k}={guard(_encode(escape(v), _PROPERTY))}" for k, v in properties.items())
    return f"::{command} {shown}::{guard(_encode(message or check.id, _DATA))}"


def _labelled(check: CheckResult, options: ReportOptions) -> list[str]:
    pairs = (("expected", check.expected), ("instead", instead(check, options)))
    return [f"{say(key, options)}: {words}" for key, words in pairs if words.strip()]


def _encode(text: str, table: dict[str, str]) -> str:
    return text.translate({ord(char): code for char, code in table.items()})


def _section(verdict: Verdict, options: ReportOptions) -> list[str]:
    title = escape(verdict.title or verdict.slug)
    heading = _markdown(say("header", options, exercise=escape(verdict.exercise), title=title))
    lines = [
        f"### {heading}\n\n{_markdown(score_line(verdict, options))}\n",
        f"| | {say('table_check', options)} | {say('table_points', options)} |",
        "| --- | --- | ---: |",
    ]
    for check in verdict.checks:
        points = f"{check.earned:g}/{check.points:g}"
        if check.status in ("skipped", "error"):
            points = say("not_counted", options)
        sign = mark(check.status, options)
        lines.append(f"| {sign} | {_markdown(escape(check.title))} | {points} |")
    for check in verdict.checks:
        if _bad(check):
            body = html.escape("\n".join(detail(check, verdict, options)), quote=True)
            name = _markdown(escape(check.title))
            head = f"<details><summary>{mark(check.status, options)} {name}</summary>"
            lines.append(f"\n{head}\n\n<pre>\n{body}\n</pre>\n\n</details>")
    return [*lines, ""]


def _markdown(text: str) -> str:
    return _PUNCTUATION.sub(lambda match: f"&#{ord(match[0])};", text)
