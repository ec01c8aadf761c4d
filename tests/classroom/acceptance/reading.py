"""Reads pages and cells back, as plainly as can be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from html.parser import HTMLParser

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?|-")


class Tables(HTMLParser):
    """The rows of the tables of a page (or of that with an id): the text of their cells.

    ``signs`` and ``points`` are the same of spans of class ``m`` and ``p`` alone, which the map of
    the dashboard has.
    """

    def __init__(self, source: str, only: str = "") -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.signs: list[list[str]] = []
        self.points: list[list[str]] = []
        self._only, self._inside = only, not only
        self._depth, self._into = 0, self.signs
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where a cell, its signs and its points begin."""
        words = dict(attrs)
        if tag == "table" and self._only:
            self._inside = words.get("id") == self._only
        if not self._inside:
            return
        for lines in (self.rows, self.signs, self.points):
            if tag == "tr":
                lines.append([])
            elif tag in ("td", "th"):
                lines[-1].append("")
        spans = {"m": self.signs, "p": self.points}
        if self._depth:
            self._depth += 1
        elif tag == "span" and words.get("class") in spans:
            self._depth, self._into = 1, spans[words["class"] or ""]

    def handle_endtag(self, tag: str) -> None:
        """Note where they end."""
        if tag == "table" and self._only:
            self._inside = False
        self._depth -= bool(self._depth)

    def handle_data(self, data: str) -> None:
        """Keep a cell's text."""
        if self._inside and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data
            if self._depth:
                self._into[-1][-1] += data


def between(text: str, start: str, end: str) -> str:
    """Return what is between two marks."""
    return text.partition(start)[2].partition(end)[0]


def same(shown: Sequence[str], wanted: Sequence[object]) -> bool:
    """Say whether cells show these numbers (None: nothing; a text: itself)."""
    if len(shown) != len(wanted):
        return False
    for text, number in zip(shown, wanted, strict=True):
        if number is None or isinstance(number, str):
            if text != (number or ""):
                return False
            continue
        try:
            if Decimal(text) != Decimal(str(number)):
                return False
        except InvalidOperation:
            return False
    return True


def harmless(cell: str) -> bool:
    """Say whether no spreadsheet takes a cell for a formula, and nothing is hidden in it."""
    if any(ord(c) < 32 and c != "\n" for c in cell):
        return False
    return not cell.lstrip().startswith(("=", "+", "-", "@")) or bool(_NUMBER.fullmatch(cell))


def guarded(words: str) -> str:
    """Return a text as a cell must show it."""
    return words if harmless(words) else f"'{words}"


def as_guarded(shown: str, given: str) -> bool:
    """Say whether a cell is what was given, but for what would do harm."""
    if shown in (given, f"'{given}"):
        return True
    return any(not c.isprintable() for c in given)
