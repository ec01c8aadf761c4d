"""Verdicts for a person at a terminal."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

from grader.model import CheckResult, Verdict, first_things_first
from grader.report import ReportOptions
from grader.report._detail import counted, detail, mark, paragraph, say, symbol
from grader.report._layout import columns, cut, escape, first_sentence, guard, pad, paint, wrap
from grader.texts import missing_text

NAME = "text"
_NARROWEST = 50
_GLUE = "\ue000"  # a blank where no line may end; `escape` lets no other one in
_KINDS = {"passed": "good", "failed": "bad", "stuck": "bad", "skipped": "odd", "error": "ours"}


def render(verdicts: Sequence[Verdict], options: ReportOptions) -> str:
    """Return each verdict check by check, a table where there are several, what to do next."""
    if not verdicts:
        return say("nothing", options) + "\n"
    options = replace(options, width=max(options.width, _NARROWEST))
    parts = [_report(verdict, options) for verdict in verdicts]
    if len(verdicts) > 1:
        parts.append(table(verdicts, options))
    parts.append([*_isolation(verdicts, options), *_next_step(verdicts, options)])
    return guard("\n\n".join("\n".join(lines) for lines in parts)) + "\n"


def table(verdicts: Sequence[Verdict], options: ReportOptions) -> list[str]:
    """Return one line an exercise and a total, under a heading."""
    rows = [[say(f"table_{name}", options) for name in ("exercise", "checks", "score")]]
    for verdict in verdicts:
        checks = f"{_count(verdict, 'passed')}/{_counted(verdict)}"
        points = f"{verdict.score:g}/{verdict.max_score:g}"
        rows.append([_header(verdict, options), checks, points])
    passed = sum(_count(verdict, "passed") for verdict in verdicts)
    score, most = sum(v.score for v in verdicts), sum(v.max_score for v in verdicts)
    total = f"{passed}/{sum(map(_counted, verdicts))}"
    rows.append([say("table_total", options), total, f"{score:g}/{most:g}"])
    sizes = [max(columns(row[n]) for row in rows) for n in range(3)]
    sizes[0] = min(sizes[0], max(options.width - sizes[1] - sizes[2] - 6, 20))
    more = symbol("…", options)
    lines = [
        f"{pad(cut(name, sizes[0], more), sizes[0])}"
        f"{' ' * (sizes[1] - columns(checks) + 2)}{checks}"
        f"{' ' * (sizes[2] - columns(points) + 2)}{points}"
        for name, checks, points in rows
    ]
    lines = [f"  {lines[0]}", *lines[1:-1], f"  {lines[-1]}"]
    for n, verdict in enumerate(verdicts, 1):
        kind = _KINDS[verdict.status]
        lines[n] = f"{paint(mark(verdict.status, options), kind, options.colour)} {lines[n]}"
    rule = symbol("─", options) * (sum(sizes) + 6)
    return [lines[0], rule, *lines[1:-1], rule, lines[-1]]


def score_line(verdict: Verdict, options: ReportOptions) -> str:
    """Return the score, how many checks passed, and what did not count."""
    line = say(
        "score",
        options,
        score=f"{verdict.score:g}",
        max_score=f"{verdict.max_score:g}",
        passed=_count(verdict, "passed"),
        counted=_counted(verdict),
        seconds=f"{verdict.duration_s:.2f}",
    )
    for status in ("stuck", "skipped", "error"):
        if n := _count(verdict, status):
            line += f" {symbol('·', options)} {say(f'score_{status}', options, n=n)}"
    return line


def _report(verdict: Verdict, options: ReportOptions) -> list[str]:
    failed = [check for check in verdict.checks if check.status in ("failed", "stuck")]
    reasons = {(check.diagnosis, check.message, _where(check)) for check in failed}
    once = len(failed) > 1 and len(reasons) == 1 and not options.verbose
    own = [check for check in first_things_first(failed) if not check.because]
    in_full = [] if once else failed if options.verbose else own[: options.in_full]
    lines = [paint(_header(verdict, options), "bold", options.colour), ""]
    for check in verdict.checks:
        lines += _check_line(check, options)
        if check in in_full:
            lines += [*detail(check, verdict, options), ""]
        elif check.status in ("skipped", "error"):
            lines += paragraph(check.message, options, limit=2)
        elif check.status != "passed" and not once:
            lines += _one_line(check, verdict, options)
    if lines[-1]:
        lines.append("")
    if once:
        lines += [say("same_reason", options, n=len(failed)), ""]
        lines += [*detail(failed[0], verdict, options), ""]
    elif len(own) > len(in_full):
        lines += [*wrap(counted("more_in_full", len(in_full), options), options.width), ""]
    score = wrap(score_line(verdict, options), options.width)
    lines += [paint(line, "bold", options.colour) for line in score]
    if options.verbose:
        python = escape(verdict.grader.python)
        lines.append(say("seed", options, seed=verdict.seed, python=python))
    return lines


def _where(check: CheckResult) -> str:
    """Return what tells one place from another; what is not written yet is all one."""
    place = check.location
    if place is None or check.diagnosis == "not_implemented":
        return ""
    return place.function if place.state == "spinning" else str(place.line)


def _one_line(check: CheckResult, verdict: Verdict, options: ReportOptions) -> list[str]:
    """Return why a check failed, in a line: another check's failure, or its own first sentence."""
    cause = next((other for other in verdict.checks if other.id == check.because), None)
    more = symbol("…", options)
    if cause is None:
        words = escape(first_sentence(check.message))
    elif check.diagnosis == cause.diagnosis == "not_implemented":
        return []  # not written yet, as is said above: that is all there is to it
    else:
        same = cause.diagnosis == check.diagnosis and cause.location == check.location
        entry = "because_same" if same and check.location else "because"
        room = options.width - 2 - columns(say(entry, options, title=""))
        words = say(entry, options, title=cut(escape(cause.title), room, more))
    return ["  " + cut(words, options.width - 2, more)] if words.strip() else []


def _header(verdict: Verdict, options: ReportOptions) -> str:
    title = escape(verdict.title or verdict.slug)
    return say("header", options, exercise=escape(verdict.exercise), title=title)


def _check_line(check: CheckResult, options: ReportOptions) -> list[str]:
    if check.status in ("skipped", "error"):
        points = say("not_counted", options)
    else:
        points = f"{check.earned:g}/{check.points:g}"
    room = options.width - 4 - columns(points)
    first, *rest = wrap(escape(check.title), max(room, 20)) or [""]
    sign = paint(mark(check.status, options), _KINDS[check.status], options.colour)
    return [f"{sign} {pad(first, room)}  {points}", *(f"  {line}" for line in rest)]


def _isolation(verdicts: Sequence[Verdict], options: ReportOptions) -> list[str]:
    lines: list[str] = []
    for isolation in dict.fromkeys(verdict.isolation for verdict in verdicts):
        words = say(f"isolation_{isolation.level}", options, backend=escape(isolation.backend))
        if isolation.missing:
            words_of = [missing_text(entry, options.language) for entry in isolation.missing]
            missing = say("list_separator", options).join(map(escape, words_of))
            words += say("isolation_missing", options, missing=missing)
        kind = "odd" if isolation.level == "none" else "dim"
        lines += [paint(line, kind, options.colour) for line in wrap(words, options.width)]
    return lines


def _next_step(verdicts: Sequence[Verdict], options: ReportOptions) -> list[str]:
    order = {"error": 0, "failed": 1, "passed": 2}
    verdict = min(verdicts, key=lambda verdict: order[verdict.status])
    path = options.path(verdict)
    command = f"nox -s grade -- {escape(verdict.exercise)}"
    name = f"{verdict.slug}.py"
    stub = PurePath("exercises", f"{verdict.exercise}_{verdict.slug}", name)
    if path != name and PurePath(path).parts[-3:] != stub.parts:
        command += f" --file {escape(shlex.quote(path))}"
    key = f"next_{verdict.status}"
    if verdict.status == "passed":
        command = f"nox -s solution -- {escape(verdict.exercise)}"
    values = {"path": escape(path), "command": command.replace(" ", _GLUE)}
    return [line.replace(_GLUE, " ") for line in wrap(say(key, options, **values), options.width)]


def _count(verdict: Verdict, status: str) -> int:
    return sum(check.status == status for check in verdict.checks)


def _counted(verdict: Verdict) -> int:
    return sum(check.status not in ("skipped", "error") for check in verdict.checks)
