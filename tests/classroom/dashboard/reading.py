"""What the tests of the dashboard read it with, and count its figures by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from html.parser import HTMLParser
from typing import Any

from grader.classroom.course import Course
from grader.classroom.exports._dashboard_counted import standing
from grader.classroom.exports._dashboard_words import Words
from grader.classroom.gradebook import figures
from grader.classroom.model import ClassResult, Graded

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=timezone.utc)
Make = Callable[..., Any]  # see conftest.py


class Tables(HTMLParser):
    """Reads a page's tables: for each row its cells' texts and attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, list[list[tuple[str, dict[str, str]]]]] = {}
        self._rows: list[list[tuple[str, dict[str, str]]]] = []
        self._cell: tuple[list[str], dict[str, str]] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        if tag == "table":
            self._rows = self.found.setdefault(values.get("id", "?"), [])
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._cell = ([], values)

    def handle_data(self, data: str) -> None:
        if self._cell:
            self._cell[0].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell:
            words = " ".join("".join(self._cell[0]).split())
            self._rows[-1].append((words, self._cell[1]))
            self._cell = None


def best(result: ClassResult) -> dict[tuple[str, str], Graded]:
    """Return what counts where there are no rules: the best attempt, the earlier of equals."""
    found: dict[tuple[str, str], Graded] = {}
    for graded in result.graded:
        key = (graded.handed.student, graded.handed.exercise)
        verdict = graded.verdict
        if verdict is not None and (
            key not in found or verdict.score > found[key].verdict.score  # type: ignore[union-attr]
        ):
            found[key] = graded
    return found


def view_of(result: ClassResult, course: Course | None = None) -> tuple[Any, Any, Words]:
    book = figures(result, course or Course())
    return book, standing(result, book), Words(result.language)
