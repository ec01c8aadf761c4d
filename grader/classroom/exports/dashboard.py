"""The class on one page: who passed what, what was not understood, what somebody must look at.

One HTML file that needs nothing else and asks for nothing: its style and its one script are in
it, and its policy names both by their hashes (CSP Level 3, 6.6.2.2), so nothing else can run.
Every string goes through `_finalize` and Jinja's escaping, in attributes always between quotes;
the script makes no markup of data.  Without it all is there, but not to be sorted or filtered.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import grader.report
from grader import __version__
from grader.classroom.course import Course
from grader.classroom.exports._dashboard_counted import standing
from grader.classroom.exports._dashboard_look import MOST, look
from grader.classroom.exports._dashboard_rows import SIGNS, TAGS, Row, name_of, rows
from grader.classroom.exports._dashboard_sums import checks, diagnoses, overview, scores, slowest
from grader.classroom.exports._dashboard_words import Words
from grader.classroom.exports._files import write_whole
from grader.classroom.exports._pages import links
from grader.classroom.gradebook import figures
from grader.classroom.model import ClassResult, Handed
from grader.report._layout import cut, escape
from grader.settings import nearest_root

NAME = "dashboard"
_TOP = 10  # diagnoses that are shown at once; the others are behind them
_HERE = Path(__file__).parent
_STATUSES = (
    ("p", "passed"), ("f", "failed"), ("s", "stuck"), ("k", "skipped"), ("e", "error"),
    ("w", "waiting"), ("m", "missing"), ("n", "nothing"), ("l", "late"), ("a", "unsure"),
)  # fmt: skip


class SimilarPair(Protocol):
    """Two files that share much, as ``classroom.similar`` finds them; ``share`` is a part of 1."""

    @property
    def first(self) -> Handed: ...
    @property
    def second(self) -> Handed: ...
    @property
    def share(self) -> float: ...


def write(result: ClassResult, course: Course, folder: Path) -> list[Path]:
    """Write ``dashboard.html`` into a folder, whole or not at all; return its path.

    It links to the students' pages where this run has written them already.
    """
    path = folder / "dashboard.html"
    write_whole(path, render(result, course, pages=links(folder, result)).encode())
    return [path]


def render(
    result: ClassResult,
    course: Course,
    similar: Sequence[SimilarPair] | None = None,
    pages: Mapping[str, str] | None = None,
) -> str:
    """Return the page; ``similar`` adds a table of pairs (None: nobody has looked for them).

    ``pages`` are the places of students' own pages, by key: relative, with nothing to quote.
    """
    words = Words(result.language, nearest_root(), course.zone)
    book = figures(result, course)
    students = result.collection.students
    counted = standing(result, book)
    found, numbers = diagnoses(counted, words)
    views = overview(result.exercises, counted, words)
    table = rows(book, counted, numbers, words, pages)
    with_files = {handed.student for handed in result.collection.handed}
    script, style = _source("dashboard.js.jinja"), _source("dashboard.css.jinja")
    return (
        _environment()
        .get_template("dashboard.html.jinja")
        .render(
            language="zh-CN" if result.language == "zh" else "en",
            say=words,
            words=words,
            version=__version__,
            title=cut(book.title.strip() or words("untitled"), 200),
            made_at=words.clock(result.made_at),
            source=cut(result.collection.source, 200),
            rows=table,
            handed=len(with_files),
            graded=sum(one.verdict is not None for one in result.graded),
            passed_all=sum(_passed(row) for row in table),
            exercises=views,
            rulers=[ruler(len(view.exercise.checks)) for view in views],
            total=scores(None, (_part(row.percent) for row in book.rows)),
            diagnoses=found,
            checks=checks(result.exercises, counted, numbers, words),
            look=look(result, book, counted, words),
            slowest=slowest(students, counted),
            similar=similar,
            name_by_key={student.key: name_of(student) for student in students},
            most=MOST,
            top=_TOP,
            statuses=_used(table),
            legend=[(name, sign, TAGS.get(sign, "")) for name, sign in SIGNS.items() if name],
            script=script,
            script_hash=source_hash(script),
            style=style,
            style_hash=source_hash(style),
        )
        .rstrip("\n")
        + "\n"
    )


def ruler(count: int) -> str:
    """Return the numbers of a row of signs, one column each: ``1   5    10``."""
    line = ""
    for n in (1, *range(5, count + 1, 5)):
        line = line.ljust(n - 1) + str(n)
    return line.ljust(count)


def source_hash(source: str) -> str:
    """Return what a policy calls an inline script or style: its hash (CSP Level 3, 2.3.1)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


def _passed(row: Row) -> bool:
    """Whether a student passed all that counts, and something counts."""
    states = {cell.counted.state for cell in row.cells}
    return "passed" in states and states <= {"passed", "excused"}


def _part(percent: Decimal | None) -> float | None:
    return None if percent is None else float(percent / 100)


def _used(table: Sequence[Row]) -> list[tuple[str, str]]:
    """Return the states that somebody has, for the filter: letters and names."""
    flags = {flag for row in table for cell in row.cells for flag in cell.flags}
    if any(all("m" in cell.flags for cell in row.cells) for row in table):
        flags.add("n")
    return [(flag, name) for flag, name in _STATUSES if flag in flags]


@cache
def _environment() -> Environment:
    report = Path(grader.report.__file__).parent
    environment = Environment(
        loader=FileSystemLoader([_HERE, report]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["called"] = lambda student: cut(name_of(student), 80)
    environment.filters["shorten"] = lambda words: cut(words, 120)
    environment.filters["lines"] = lambda words: Markup("\n").join(map(escape, words.split("\n")))
    return environment


def _finalize(value: object) -> object:
    """Spell out what a browser could obey or hide, in every string that is shown."""
    return escape(value) if type(value) is str else value


@cache
def _source(name: str) -> Markup:
    """Return the style or the script; they hold nothing of a class."""
    return Markup(_environment().get_template(name).render())
