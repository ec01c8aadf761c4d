"""``feedback/``: a page for each student, and ``mailmerge.csv`` to send them with.

A page is self-contained: it names the student, says what each exercise gave and why, and shows
the verdicts that count as ``--format html`` does.  Of hidden checks it shows what they are and
what went wrong, but no hints, transcripts, expected or received data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from html import escape as html_escape
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from msgspec.structs import replace

from grader import settings
from grader.classroom.course import Course
from grader.classroom.exports._files import table, write_whole
from grader.classroom.exports._pages import FOLDER, announce, page_name, settle
from grader.classroom.exports._words import (
    circumstances,
    display_name,
    headings,
    letter,
    plain,
    result_words,
    say,
    together,
    weight_words,
)
from grader.classroom.gradebook import Gradebook, Row, figures
from grader.classroom.model import ClassResult
from grader.model import CheckResult, Verdict
from grader.pages import Page, page
from grader.report import ReportOptions
from grader.report import render as render_report
from grader.report._layout import escape
from grader.submission import source_lines

NAME = "feedback"
_MAIL = ("name", "mail", "file", "total", "total_out_of", "subject", "text")
_MAIN = '<main id="results" tabindex="-1">'
_STYLE_END = "</style>"
_MOST_NAME = 200


def write(result: ClassResult, course: Course, folder: Path) -> list[Path]:
    """Write a page for everybody, who has handed in nothing too, and the table for mails.

    The pages that an earlier run wrote for others are taken away.
    """
    book = figures(result, course)
    pages = _Pages(result, book, course)
    names = {row.student.key: page_name(row.student) for row in book.rows}
    announce(folder, names.values())
    written = [
        write_whole(folder / FOLDER / names[row.student.key], pages.page(row).encode("utf-8"))
        for row in book.rows
    ]
    mails = table(_mails(result, book), bom=True)
    mailmerge = write_whole(folder / FOLDER / "mailmerge.csv", mails)
    return [*written, settle(folder, result, names.values()), mailmerge]


def _name_of(row: Row) -> str:
    name = display_name(row.student)
    return name if len(name) <= _MOST_NAME else f"{name[:_MOST_NAME]}…"


def _mails(result: ClassResult, book: Gradebook) -> Iterator[Sequence[object]]:
    language = result.language
    yield headings(_MAIL, language)
    subject = say("mail_subject", language, title=escape(book.title))
    for row in book.rows:
        student = row.student
        who = (display_name(student), student.mail, page_name(student))
        yield [*who, row.total, row.out_of, subject, letter(book, row, language)]


class _Pages:
    """Makes the pages of a class; explanations of diagnoses are read once."""

    def __init__(self, result: ClassResult, book: Gradebook, course: Course) -> None:
        self._result = result
        self._book = book
        self._made_at = result.made_at.astimezone(course.zone)
        self._root = settings.nearest_root()
        self._explanation = cache(self._read_page)

    def page(self, row: Row) -> str:
        """Return one student's page."""
        verdicts, names, shas = [], {}, {}
        for cell in row.cells:
            if cell.verdict is not None and cell.chosen and cell.points is not None:
                verdicts.append(replace(cell.verdict, checks=_shown(cell.verdict)))
                names[cell.exercise] = cell.chosen.handed.name
                shas[cell.exercise] = cell.chosen.handed.sha256
        options = ReportOptions(
            language=self._result.language,
            path_of=names,
            page_of=lambda verdict, check: self._explanation(verdict.exercise, check.diagnosis),
            source_lines=lambda verdict: self._lines(shas[verdict.exercise]),
        )
        whole = render_report("html", verdicts, options)
        return self._with_head(whole, row, list(names))

    def _with_head(self, whole: str, row: Row, checked: list[str]) -> str:
        """Put the student's figures at the top of a page of verdicts."""
        start, found, rest = whole.partition(_STYLE_END)
        top, _, below = rest.partition(_MAIN)
        if not found or not below:
            raise AssertionError("verdict.html.jinja has changed: no style, or no main")
        start = self._titled(start, row)
        css = _environment().get_template("feedback.css.jinja").render()
        body = top.partition("<header")[0]  # the list of exercises is in our own head
        return f"{start}{css}{found}{body}{self._head(row, checked)}{_MAIN}{below}"

    def _titled(self, start: str, row: Row) -> str:
        before, _, rest = start.partition("<title>")
        words = say("page_title", self._result.language, name=_name_of(row), title=self._book.title)
        return f"{before}<title>{html_escape(escape(words))}</title>{rest.partition('</title>')[2]}"

    def _head(self, row: Row, checked: list[str]) -> str:
        language = self._result.language
        lines = []
        book = self._book
        for cell, exercise, rule in zip(row.cells, book.exercises, book.rules, strict=True):
            number = checked.index(exercise.id) + 1 if exercise.id in checked else 0
            about = circumstances(cell, language)
            if cell.chosen is None or cell.points is None:
                about.insert(0, result_words(cell, language))
            if cell.points is not None:
                about += weight_words(rule.weight, language)
            remarks = together(about, language)
            lines.append(
                {
                    "key": f"v{number}" if number else "",
                    "exercise": exercise.id,
                    "title": exercise.title.in_language(language),
                    "points": plain(cell.points),
                    "out_of": plain(cell.out_of),
                    "remarks": remarks[:1].upper() + remarks[1:],
                }
            )
        return (
            _environment()
            .get_template("feedback.html.jinja")
            .render(
                name=_name_of(row),
                title=self._book.title,
                at=self._made_at.strftime("%Y-%m-%d %H:%M %Z").strip(),
                lines=lines,
                total=plain(row.total),
                out_of=plain(row.out_of),
                percent=plain(row.percent),
                complete=row.complete,
                checked=bool(checked),
                say=lambda entry, **values: say(entry, language, **values),
            )
        )

    def _lines(self, sha256: str) -> list[str] | None:
        source = self._result.source_of(sha256)
        return source_lines(source) if source is not None else None

    def _read_page(self, exercise: str, diagnosis: str) -> Page | None:
        found = None
        with suppress(KeyError):
            found = self._result.exercise(exercise)
        return page(diagnosis, self._result.language, self._root, found)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: escape(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _shown(verdict: Verdict) -> tuple[CheckResult, ...]:
    """Return the checks as a student may see them."""
    return tuple(
        check
        if check.visibility == "public"
        else replace(check, hints=0, expected="", received="", transcript=(), output="")
        for check in verdict.checks
    )
