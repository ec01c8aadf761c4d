"""What the lines of a session say: a verdict, the list of exercises, the keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.history import Standing
from grader.model import CheckResult, Exercise, Verdict, first_things_first
from grader.report import ReportOptions
from grader.report._detail import detail, mark, say, symbol
from grader.report._layout import columns, cut, escape, pad, paint, wrap
from grader.report.text import score_line
from grader.texts import text

_KINDS = {"passed": "good", "failed": "bad", "stuck": "bad", "skipped": "odd", "error": "ours"}
_NARROW = 20


def tell(entry: str, options: ReportOptions, **values: object) -> str:
    """Return one of this package's texts, its values made harmless."""
    shown = {name: escape(str(value)) for name, value in values.items()}
    return symbol(text(f"watch.{entry}", options.language, **shown), options)


def first_open(verdict: Verdict) -> CheckResult | None:
    """Return the failed check to mend first; None where none has failed."""
    return next(iter(first_things_first(verdict.checks)), None)


def header(exercise: Exercise, path: str, options: ReportOptions) -> str:
    """Return the line above everything: which exercise, and which file."""
    title = escape(exercise.title.in_language(options.language))
    name = say("header", options, exercise=exercise.id, title=title)
    room = options.width - columns(name) - 2
    shown = escape(path)
    if columns(shown) > room:
        return paint(cut(name, options.width, symbol("…", options)), "bold", options.colour)
    gap = " " * (options.width - columns(name) - columns(shown))
    return f"{paint(name, 'bold', options.colour)}{gap}{paint(shown, 'dim', options.colour)}"


def result(verdict: Verdict, options: ReportOptions) -> list[str]:
    """Return every check in a line, below them the first failed one in full, and the score.

    The last lines are those that a small terminal surely shows.
    """
    first = first_open(verdict)
    lines = [_line(check, check is first, options) for check in verdict.checks]
    if first is not None:
        lines += ["", _title(first, options), *detail(first, verdict, options)]
    for check in verdict.checks:
        if check.status == "error":  # ours: its reason is worth more than any other line
            lines += ["", *wrap(escape(check.message), options.width)]
            break
    lines += ["", *_bold(score_line(verdict, options), options)]
    if verdict.isolation.level == "none":
        words = say("isolation_none", options, backend=escape(verdict.isolation.backend))
        lines += [paint(line, "odd", options.colour) for line in wrap(words, options.width)]
    if verdict.status == "passed":
        words = tell("passed_all", options, exercise=verdict.exercise)
        lines += [paint(line, "good", options.colour) for line in wrap(words, options.width)]
    return lines


def _line(check: CheckResult, is_first: bool, options: ReportOptions) -> str:
    points = f"{check.earned:g}/{check.points:g}"
    if check.status in ("skipped", "error"):
        points = say("not_counted", options)
    room = max(options.width - 4 - columns(points), _NARROW)
    title = cut(escape(check.title), room, symbol("…", options))
    sign = paint(mark(check.status, options), _KINDS[check.status], options.colour)
    words = f"{pad(title, room)}  {points}"
    # What another failure explains, or what has passed, is not what to look at now.
    quiet = check.status != "passed" and bool(check.because)
    kind = "bold" if is_first else "dim" if quiet else ""
    return f"{sign} {paint(words, kind, options.colour) if kind else words}"


def _title(check: CheckResult, options: ReportOptions) -> str:
    sign = paint(mark(check.status, options), _KINDS[check.status], options.colour)
    title = cut(escape(check.title), options.width - 2, symbol("…", options))
    return f"{sign} {paint(title, 'bold', options.colour)}"


def _bold(words: str, options: ReportOptions) -> list[str]:
    return [paint(line, "bold", options.colour) for line in wrap(words, options.width)]


@dataclass(frozen=True)
class Entry:
    """One exercise in the list, and where the learner stands with it."""

    number: str
    exercise: Exercise
    standing: Standing | None
    current: bool


def exercises(entries: Sequence[Entry], typed: str, options: ReportOptions) -> list[str]:
    """Return the list of exercises to choose from; ``typed`` is the number so far."""
    lines = [paint(tell("list_title", options), "bold", options.colour), ""]
    width = max((columns(entry.number) for entry in entries), default=0)
    for entry in entries:
        status, words = _state(entry.standing, options)
        sign = paint(mark(status, options), _KINDS[status], options.colour) if status else " "
        pointer = symbol("▸", options) if entry.current else " "
        number = " " * (width - columns(entry.number)) + entry.number
        title = escape(entry.exercise.title.in_language(options.language))
        name = say("header", options, exercise=entry.exercise.id, title=title)
        room = max(options.width - width - columns(words) - 9, _NARROW)
        name = pad(cut(name, room, symbol("…", options)), room)
        state = paint(words, "dim", options.colour)
        lines.append(f"{pointer} {number}  {sign} {name}  {state}".rstrip())
    return [*lines, "", tell("list_choose", options, typed=typed)]


def _state(standing: Standing | None, options: ReportOptions) -> tuple[str, str]:
    if standing is None or not standing.attempts:
        given_up = standing is not None and standing.given_up_at is not None
        return "", tell("state_given_up" if given_up else "state_new", options)
    if standing.passed_at is not None:
        return "passed", tell("state_passed", options)
    best = standing.best
    if best is None:
        return "failed", ""
    return "failed", tell("state_tried", options, passed=best.passed, counted=best.counted)


def key_line(names: Sequence[str], options: ReportOptions) -> list[str]:
    """Return what the keys do, in as few lines as the width allows."""
    lines: list[str] = []
    for words in (tell(f"key_{name}", options) for name in names):
        if lines and columns(f"{lines[-1]}   {words}") <= options.width:
            lines[-1] += f"   {words}"
        else:
            lines.append(words)
    return [paint(line, "dim", options.colour) for line in lines]


def paged(page: Sequence[str], at: int, rows: int, options: ReportOptions) -> tuple[list[str], int]:
    """Return a window of ``rows`` rows into a page, and where it begins; all without rows."""
    if not rows or len(page) <= rows:
        return list(page), 0
    at = max(0, min(at, len(page) - rows + 1))
    shown = page[at : at + rows - 1]
    more = tell("page_more", options, first=at + 1, last=at + len(shown), of=len(page))
    return [*shown, paint(more, "dim", options.colour)], at
