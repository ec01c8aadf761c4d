"""Verdicts as one HTML page that needs nothing else: no script, no network, no other file.

Every string goes through `_finalize` and Jinja's escaping, in attributes always between
quotes; the templates hold all the elements that there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from grader import __version__
from grader.model import CheckResult, Language, Verdict
from grader.report import ReportOptions
from grader.report._code import Block, Line, around, blocks, is_there
from grader.report._detail import counted, doing_words, mark, say
from grader.report._difference import Compared, compared, shortened
from grader.report._layout import escape, guard
from grader.report._markup import explanation
from grader.report._svg import Drawing, drawing
from grader.texts import missing_text, text

NAME = "html"
_BAD = ("failed", "stuck")
_STEPS, _FEWER_STEPS = 48, 24
_DETAILED = 6  # failures whose conversations are shown at length


@dataclass(frozen=True, kw_only=True)
class CheckView:
    """One check as the template shows it.

    ``key`` is its anchor.  ``expected`` and ``received`` are what is before their first
    difference, the difference, and what is after it; ``doing`` is what your code was doing when
    the check gave it up.  ``line`` is the place in the source that is shown below (0: none).
    ``output`` is a beginning, how many characters are left out, an end.  ``page`` explains the
    diagnosis; it is shown once, at ``page_key``.  ``cause`` is the failed check that explains
    this one.
    """

    key: str
    number: int
    result: CheckResult
    mark: str
    points: str
    diagram: Drawing | None
    expected: Compared
    received: Compared
    doing: str
    place: str
    lines: Sequence[Line]
    line: int
    output: tuple[str, int, str]
    hints: str
    page_title: str
    page_key: str
    page: Markup | None
    cause: CheckView | None

    @property
    def bad(self) -> bool:
        """Whether the learner's work fell short here."""
        return self.result.status in _BAD


@dataclass(frozen=True, kw_only=True)
class VerdictView:
    """One verdict as the template shows it; ``marks`` are the checks that failed at a line."""

    key: str
    level: int
    result: Verdict
    title: str
    path: str
    isolation: str
    passed: int
    counted: int
    checks: Sequence[CheckView]
    source: Sequence[Block]
    left_out: int
    marks: Mapping[int, Sequence[CheckView]]


def render(verdicts: Sequence[Verdict], options: ReportOptions) -> str:
    """Return the page."""
    options = replace(options, colour=False, ascii=False)
    level = 2 if len(verdicts) > 1 else 1
    views = [
        _Maker(verdict, f"v{n}", level, options).verdict_view()
        for n, verdict in enumerate(verdicts, 1)
    ]
    page = (
        _environment()
        .get_template("verdict.html.jinja")
        .render(
            verdicts=views,
            language="zh-CN" if options.language == "zh" else "en",
            say=partial(_say, "html", options.language),
            report=partial(_say, "report", options.language),
            version=__version__,
        )
    )
    return guard(page.rstrip("\n")) + "\n"


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _finalize(value: object) -> object:
    """Spell out what an editor or a browser could obey or hide, in every string that is shown."""
    return escape(value, keep="\n") if type(value) is str else value


def _say(table: str, language: Language, entry: str, **values: object) -> str:
    return text(f"{table}.{entry}", language, **values)


class _Maker:
    """Makes the views of one verdict."""

    def __init__(self, verdict: Verdict, key: str, level: int, options: ReportOptions) -> None:
        self._verdict = verdict
        self._key = key
        self._level = level
        self._options = options
        lines = options.lines(verdict)
        self._source = lines[:-1] if lines and not lines[-1] else lines  # behind the last line end
        self._detailed = _DETAILED

    def verdict_view(self) -> VerdictView:
        verdict, checks = self._verdict, list[CheckView]()
        for check in verdict.checks:
            cause = next((view for view in checks if check.because == view.result.id), None)
            same = [view for view in checks if view.result.diagnosis == check.diagnosis]
            before = next((view.page_key for view in same if view.page), "")
            checks.append(self._check(len(checks) + 1, check, cause, before))
        marks: dict[int, list[CheckView]] = {}
        for view in checks:
            if view.line:
                marks.setdefault(view.line, []).append(view)
        shown, left_out = blocks(self._source, marks)
        statuses = [check.status for check in verdict.checks]
        return VerdictView(
            key=self._key,
            level=self._level,
            result=verdict,
            title=verdict.title or verdict.slug,
            path=self._options.path(verdict),
            isolation=self._isolation(),
            passed=statuses.count("passed"),
            counted=sum(status not in ("skipped", "error") for status in statuses),
            checks=checks,
            source=shown,
            left_out=left_out,
            marks=marks,
        )

    def _isolation(self) -> str:
        found, options = self._verdict.isolation, self._options
        words = say(f"isolation_{found.level}", options, backend=found.backend)
        if found.missing:
            missing = [missing_text(entry, options.language) for entry in found.missing]
            separator = say("list_separator", options)
            words += say("isolation_missing", options, missing=separator.join(missing))
        return words

    def _check(
        self, number: int, check: CheckResult, cause: CheckView | None, explained_at: str
    ) -> CheckView:
        options, bad = self._options, check.status in _BAD
        page = options.page(self._verdict, check) if bad and check.diagnosis else None
        place = check.location
        key, level = f"{self._key}c{number}", self._level + 4
        name = _say("html", options.language, "drawing")
        expected, received = compared(check.expected.strip("\n"), check.received.strip("\n"))
        self._detailed -= bad and not cause
        steps = _STEPS if bad and not cause and self._detailed >= 0 else _FEWER_STEPS
        exercise = self._verdict.exercise
        return CheckView(
            key=key,
            number=number,
            result=check,
            mark=mark(check.status, options),
            points=self._points(check),
            diagram=drawing(check.transcript, options.language, steps),
            expected=expected,
            received=received,
            doing=doing_words(check, options) if bad else "",
            place=self._place(check),
            lines=around(place, self._source) if place else (),
            line=place.line if place and is_there(place, self._source) else 0,
            output=shortened(check.output.strip("\n")),
            hints=counted("hints", check.hints, options, exercise=exercise) if check.hints else "",
            page_title=page.title if page else "",
            page_key=explained_at or f"{key}p",
            page=None if explained_at or not page else explanation(page.body, level, name),
            cause=cause,
        )

    def _points(self, check: CheckResult) -> str:
        if check.status in ("skipped", "error"):
            return say("not_counted", self._options)
        earned, points = f"{check.earned:g}", f"{check.points:g}"
        return _say("html", self._options.language, "points", earned=earned, points=points)

    def _place(self, check: CheckResult) -> str:
        place = check.location
        if place is None:
            return ""
        path, function = self._options.path(self._verdict), place.function
        key = "place_top" if function == "<module>" else "place_in" if function else "place"
        words = say(key, self._options, path=path, line=place.line, function=function[:100])
        if place.state == "raised":
            words += f" · {say('state_raised', self._options)}"
        return words
