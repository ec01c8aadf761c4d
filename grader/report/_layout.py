"""Text on a terminal: made harmless, measured in columns, wrapped, painted.

Columns follow UAX #11 (wide and fullwidth characters take two); lines break between
Chinese characters, but not in front of closing punctuation nor after an opening one.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_JOINERS = "\u200c\u200d"
_OPENING = "([{“‘《〈「『【〔（［｛￥"
_CLOSING = ")]},.:;!?”’》〉」』】〕）］｝，。、：；！？…—～·%／"
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_CODES = {"good": "32", "bad": "31", "odd": "33", "ours": "35", "dim": "2", "bold": "1"}
_COMMAND = re.compile(r"^(\s*):(?=:[A-Za-z])", re.MULTILINE)
_SENTENCE = re.compile(r".+?(?:[。！？]|[.!?](?=\s|$))")


def escape(text: str, keep: str = "") -> str:
    """Spell out every character that a terminal, an editor or XML could obey or hide.

    These are C0 and C1 controls, ESC, bidirectional overrides and other format characters,
    line separators, lone surrogates and non-characters.  Those in ``keep`` stay.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else _spell(c) for c in text)


def _spell(char: str) -> str:
    if char in _JOINERS or unicodedata.category(char) == "Zs":
        return char
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def guard(text: str) -> str:
    """Spell out what GitHub's runner would take for a workflow command.

    It obeys ``::name::`` at the start of a line, blanks before it allowed, and ``##[name]``
    anywhere in it (actions/runner, ``ActionCommand.cs``).
    """
    return _COMMAND.sub(r"\1\\x3a", text.replace("##[", r"##\x5b"))


@lru_cache(4096)
def _columns(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def columns(text: str) -> int:
    """Return how many terminal columns a text takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def pad(text: str, width: int) -> str:
    """Fill a text up with blanks to a number of columns."""
    return text + " " * (width - columns(text))


def cut(text: str, width: int, more: str = "…") -> str:
    """Shorten a text to a number of columns, its end replaced by ``more``."""
    if columns(text) <= width:
        return text
    room = width - columns(more)
    for end, char in enumerate(text):
        room -= _columns(char)
        if room < 0:
            return text[:end] + more
    return text


def first_sentence(text: str) -> str:
    """Return the first sentence of the first line."""
    line = text.strip().partition("\n")[0]
    match = _SENTENCE.match(line)
    return match[0] if match else line


def wrap(text: str, width: int) -> list[str]:
    """Break a text into lines of at most ``width`` columns; its own line ends stay."""
    lines: list[str] = []
    for line in text.split("\n"):
        lines += [line.rstrip()] if columns(line) <= width else _wrap_line(line, width)
    return lines


def _wrap_line(text: str, width: int) -> list[str]:
    lines, line, used = [], "", 0
    for unit in _units(text):
        size = columns(unit)
        if used + size > width and line.strip():
            lines.append(line.rstrip())
            line, used = "", 0
            if unit.isspace():
                continue
        while size > width - used:
            head = cut(unit, max(width - used, 2), more="")
            lines.append(line + head)
            unit, line, used = unit[len(head) :], "", 0
            size = columns(unit)
        line, used = line + unit, used + size
    return [*lines, line.rstrip()] if line.strip() else lines


def _units(text: str) -> list[str]:
    units: list[list[str]] = []
    for char in text:
        if units and _joined(units[-1][-1], char):
            units[-1].append(char)
        else:
            units.append([char])
    return ["".join(unit) for unit in units]


def _joined(before: str, char: str) -> bool:
    if before.isspace() or char.isspace():
        return before.isspace() and char.isspace()
    if char in _CLOSING or before in _OPENING or _columns(char) == 0:
        return True
    return _columns(before) < 2 and _columns(char) < 2


def paint(text: str, kind: str, colour: bool) -> str:
    """Colour a text as ``good``, ``bad``, ``odd``, ``ours``, ``dim`` or ``bold``."""
    return f"\x1b[{_CODES[kind]}m{text}\x1b[0m" if colour and text else text
