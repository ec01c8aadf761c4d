"""A submission's source for a page: which lines are shown, and which words are what.

It is looked at, never parsed: one expression finds words, strings and comments, and takes
time in proportion to the source, whatever is in it.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grader.model import Location

AROUND = 2
_LINES = 2500
_CHARACTERS = 150_000
_MOST_WORDS = 20_000  # each takes some markup
_WINDOW = 8
_COLUMNS = 400
# Each part takes what it begins with to its end, or to the end of all: no part is tried twice.
_PARTS = re.compile(
    r"""
    (?P<comment> \#[^\n]* )
  | (?P<string> \b[rbfuRBFU]{1,2}(?=["']) )?
    (?: (?P<quoted> \"{3} (?:[^"\\] | \\.? | "(?!""))* (?:\"{3}|\Z)
        | '{3} (?:[^'\\] | \\.? | '(?!''))* (?:'{3}|\Z)
        | " (?:[^"\\\n] | \\.?)* "?
        | ' (?:[^'\\\n] | \\.?)* '? )
      | (?P<word> [^\W\d]\w* )
      | (?P<number> \d[\w.]* ) )
    """,
    re.VERBOSE | re.DOTALL,
)
_WORDS = dict.fromkeys(keyword.kwlist, "k")


@dataclass(frozen=True)
class Line:
    """One line: its number, its words with a class each ("" for plain ones), what was cut off."""

    number: int
    words: tuple[tuple[str, str], ...]
    cut: int = 0


@dataclass(frozen=True)
class Block:
    """Lines without a hole; ``before`` says how many are left out in front of them."""

    before: int
    lines: tuple[Line, ...]

    @property
    def first(self) -> int:
        """The number of its first line."""
        return self.lines[0].number


def is_there(place: Location, source: Sequence[str]) -> bool:
    """Say whether a place is one of this source."""
    here = place.source.strip()
    return 0 < place.line <= len(source) and here in ("", source[place.line - 1].strip())


def around(place: Location, source: Sequence[str]) -> list[Line]:
    """Return a place's line with some around it; that line alone where the source is another."""
    at, here = place.line - 1, place.source.strip()
    if is_there(place, source):
        first, last = max(at - AROUND, 0), min(at + AROUND, len(source) - 1)
        while first < at and not source[first].strip():
            first += 1
        while last > at and not source[last].strip():
            last -= 1
        return _lines(first + 1, source[first : last + 1])
    return _lines(place.line, [place.source]) if here else []


def blocks(source: Sequence[str], places: Iterable[int]) -> tuple[list[Block], int]:
    """Return what is shown of a source, and how many lines are left out at its end.

    That is all of it, or its beginning and some lines around each place (line numbers).
    """
    shown = set(range(1, min(len(source), _LINES) + 1))
    for line in places:
        shown |= set(range(line - _WINDOW, line + _WINDOW + 1))
    found: list[Block] = []
    run: list[int] = []
    left = _CHARACTERS
    last = 0
    wanted = sorted(number for number in shown if 0 < number <= len(source))
    marked = set(places)
    for number in wanted:
        left -= min(len(source[number - 1]), _COLUMNS)
        if left < 0 and not any(abs(number - line) <= _WINDOW for line in marked):
            continue
        if run and number != run[-1] + 1:
            found.append(_block(last, run, source))
            last, run = run[-1], []
        run.append(number)
    if run:
        found.append(_block(last, run, source))
        last = run[-1]
    return found, len(source) - last


def _block(last: int, run: Sequence[int], source: Sequence[str]) -> Block:
    lines = _lines(run[0], source[run[0] - 1 : run[-1]])
    return Block(run[0] - last - 1, tuple(lines))


def _lines(first: int, source: Sequence[str]) -> list[Line]:
    rows = [row[:_COLUMNS].rstrip("\r\n").expandtabs(4) for row in source]
    cuts = [max(len(row) - _COLUMNS, 0) for row in source]
    words = _words(rows)
    if sum(map(len, words)) > _MOST_WORDS:
        words = [[("", row)] for row in rows]
    found = enumerate(zip(words, cuts, strict=True), first)
    return [Line(number, tuple(parts), cut) for number, (parts, cut) in found]


def _words(rows: Sequence[str]) -> list[list[tuple[str, str]]]:
    """Cut rows into words of one class each: k(eyword), s(tring), c(omment), n(umber), plain."""
    text = "\n".join(row.replace("\n", " ") for row in rows)
    lines: list[list[tuple[str, list[str]]]] = [[]]

    def put(kind: str, words: str) -> None:
        for n, part in enumerate(words.split("\n")):
            if n:
                lines.append([])
            if part and lines[-1] and lines[-1][-1][0] == kind:
                lines[-1][-1][1].append(part)
            elif part:
                lines[-1].append((kind, [part]))

    at = 0
    for match in _PARTS.finditer(text):
        put("", text[at : match.start()])
        kind = _WORDS.get(match[0], "")
        if match["comment"]:
            kind = "c"
        elif match["quoted"]:
            kind = "s"
        elif match["number"]:
            kind = "n"
        put(kind, match[0])
        at = match.end()
    put("", text[at:])
    return [[(kind, "".join(parts)) for kind, parts in line] for line in lines]
