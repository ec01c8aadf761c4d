"""``similar.csv`` and ``similar.html``: pairs of submissions to look at, side by side.

The page says before everything else that it is no verdict.  It needs nothing else, runs nothing,
and its policy lets nothing run (CSP Level 3); whatever strangers wrote is escaped and spelled out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from grader.classroom.course import Course
from grader.classroom.exports import ExportError
from grader.classroom.exports._files import table, write_whole
from grader.classroom.exports._words import display_name, students
from grader.classroom.model import ClassResult, Handed
from grader.classroom.similar import (
    LEAST,
    LONGEST,
    SHARE,
    Comparison,
    Lines,
    NoLibraryError,
    Pair,
    commonness,
    compare_class,
    text_of,
)
from grader.report._layout import cut, escape
from grader.texts import text

NAME = "similar"
_COLUMNS = """
    exercise first second first_share second_share characters identical
    first_file second_file first_lines second_lines
""".split()
_SIDE_BY_SIDE = 40  # pairs of an exercise
_MOST_LINES = 400
_WIDTH = 160


@dataclass(frozen=True)
class _Side:
    """One file of a pair, as the page shows it: its lines, and how many more there are."""

    name: str
    origin: str
    lines: list[tuple[int, str, bool]]
    more: int


def write(result: ClassResult, course: Course, folder: Path) -> list[Path]:
    """Write the table and the page (ExportError: copydetect is missing, or does not work)."""
    try:
        found = compare_class(result)
    except NoLibraryError as error:
        key = "broken" if str(error) else "missing"
        raise ExportError(text(f"similar.{key}", result.language, problem=error)) from None
    return [
        write_whole(folder / "similar.csv", table(_rows(result, found), bom=True)),
        write_whole(folder / "similar.html", render(result, found).encode("utf-8")),
    ]


def render(result: ClassResult, found: Sequence[Comparison]) -> str:
    """Return the page."""
    views = [_View(result, one) for one in found if one.compared or one.passed_over]

    def say(entry: str, **values: object) -> str:
        return text(f"similar.{entry}", result.language, **values)

    page = _environment().get_template("similar.html.jinja")
    return page.render(
        say=say,
        language="zh-CN" if result.language == "zh" else "en",
        title=cut(result.title.strip() or say("untitled"), 200),
        made_at=result.made_at.isoformat(sep=" ", timespec="minutes"),
        views=views,
        share=f"{SHARE:.0%}".rstrip("%"),
        least=LEAST,
        longest=LONGEST,
    )


class _View:
    """What the page says of one exercise."""

    def __init__(self, result: ClassResult, comparison: Comparison) -> None:
        self.result = result
        self.comparison = comparison
        self.title = result.exercise(comparison.exercise).title.in_language(result.language)
        people = {g.handed.student for g in result.graded if g.handed.exercise == self.id}
        self.common = commonness(len(people))
        self._people = students(result)

    @property
    def id(self) -> str:
        return self.comparison.exercise

    @property
    def shown(self) -> int:
        return min(_SIDE_BY_SIDE, len(self.comparison.pairs))

    def name(self, handed: Handed) -> str:
        student = self._people.get(handed.student)
        return cut(display_name(student) if student else handed.student, 60)

    def sides(self, pair: Pair) -> tuple[_Side, _Side]:
        """Return both files of a pair."""
        return self._side(pair.first, pair.first_lines), self._side(pair.second, pair.second_lines)

    def _side(self, handed: Handed, shared: Lines) -> _Side:
        lines = text_of(self.result.source_of(handed.sha256) or b"").rstrip("\n").split("\n")
        marked = {n for first, last in shared for n in range(first, min(last, len(lines)) + 1)}
        shown = [
            (n, cut(line.expandtabs(4), _WIDTH), n in marked)
            for n, line in enumerate(lines[:_MOST_LINES], 1)
        ]
        more = max(0, len(lines) - _MOST_LINES)
        return _Side(self.name(handed), cut(handed.origin, 200), shown, more)


def _rows(result: ClassResult, found: Sequence[Comparison]) -> Iterator[list[object]]:
    """Give the lines of the table, its headings first."""
    language, people = result.language, students(result)

    def name(handed: Handed) -> str:
        student = people.get(handed.student)
        return display_name(student) if student else handed.student

    yield [text(f"similar.column_{column}", language) for column in _COLUMNS]
    for comparison in found:
        for pair in comparison.pairs:
            yield [
                comparison.exercise,
                name(pair.first),
                name(pair.second),
                round(100 * pair.first_share),
                round(100 * pair.second_share),
                pair.characters,
                text(f"similar.{'yes' if pair.identical else 'no'}", language),
                pair.first.origin,
                pair.second.origin,
                _lines(pair.first_lines),
                _lines(pair.second_lines),
            ]


def _lines(lines: Lines) -> str:
    """Return lines as "3 9–17": with a dash that no spreadsheet takes for a date's."""
    return " ".join(f"{a}–{b}" if a != b else f"{a}" for a, b in lines)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["places"] = lambda lines: _lines(lines)
    return environment


def _finalize(value: object) -> object:
    """Spell out what a browser could obey or hide, in every string that is shown."""
    return escape(value) if type(value) is str and not isinstance(value, Markup) else value
