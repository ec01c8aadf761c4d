"""Bytes and values as a learner reads them: shown, counted, the first difference marked."""

from __future__ import annotations

from collections.abc import Iterator

from grader.learner.plain import Numbered
from grader.learner.transcript import preview
from grader.model import Language
from grader.texts import text

_AROUND = 24
_ARGUMENT = 32

Data = bytes | Numbered
"""What is sent, or expected: bytes, or many that nobody has made."""


class Words:
    """Says things in one language; holds no words of its own (see ``grader/texts``)."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def say(self, key: str, **values: object) -> str:
        """Return the text ``judge.<key>``."""
        return text(f"judge.{key}", self.language, **values)

    def data(self, data: Data, limit: int = 48) -> str:
        """Return bytes with their count."""
        if not data:
            return self.say("no_bytes")
        shown = preview(data[: limit + 1], limit)
        if len(data) == 1:
            return self.say("one_byte", preview=shown)
        return self.say("bytes", preview=shown, count=f"{len(data):,}")

    def values(self, expected: Data, received: bytes) -> tuple[str, str]:
        """Return what `difference` does, for bytes that a function returns."""
        one, other = self.difference(expected, received)
        return _as_value(one), _as_value(other)

    def difference(self, expected: Data, received: bytes) -> tuple[str, str]:
        """Return both sides around their first difference, which is marked."""
        expected = bytes(expected)
        at = first_difference(expected, received)
        if max(len(expected), len(received)) <= 48 or not expected or not received:
            return self.data(expected), self.data(received)
        if at == len(received):
            return self.data(expected), self.say("first_only", count=f"{at:,}")
        if at == len(expected):
            more = self.data(received[at:])
            return self.data(expected), self.say("and_more", more=more)
        return (
            self.say(
                "around", at=f"{at:,}", preview=_window(expected, at), count=f"{len(expected):,}"
            ),
            self.say(
                "around", at=f"{at:,}", preview=_window(received, at), count=f"{len(received):,}"
            ),
        )

    def cut_short(self, expected: Data, received: bytes) -> tuple[str, str]:
        """Return what `difference` does, where the connection was closed after ``received``."""
        shown, got = self.difference(expected, received)
        if not received:
            return shown, self.say("closed_early")
        return shown, self.say("closed_after", got=got)

    def argument(self, value: object) -> str:
        """Return one argument of a call, as it would be written in Python, bounded."""
        if isinstance(value, (bytes, bytearray, Numbered)):
            return f'b"{preview(bytes(value[: _ARGUMENT + 1]), _ARGUMENT)}"'
        if isinstance(value, str):
            return f"'{preview(value.encode('utf-8', 'surrogatepass'), _ARGUMENT, chr(39))}'"
        shown = "".join(_beginning(value, _ARGUMENT))
        return shown if len(shown) <= _ARGUMENT else shown[:_ARGUMENT] + "…"

    def value(self, value: object, limit: int = 200) -> str:
        """Return a value that a learner's function returned, bounded."""
        if isinstance(value, Numbered):
            return _as_value(self.data(value))
        if isinstance(value, (bytes, bytearray)):
            return _as_value(self.data(bytes(value)))
        if isinstance(value, str):
            shown = preview(value[: limit + 4].encode("utf-8", "surrogatepass"), limit, "'")
            entry = "one_character" if len(value) == 1 else "text"
            return self.say(entry, preview=shown, count=f"{len(value):,}")
        shown = "".join(_beginning(value, limit))
        return shown if len(shown) <= limit else shown[:limit] + "…"


def _as_value(shown: str) -> str:
    """Tell bytes that a function returned from bytes on the wire: they are written as in Python."""
    return f"b{shown}" if shown.startswith('"') else shown


def _beginning(value: object, limit: int) -> Iterator[str]:
    """Give the pieces of ``repr(value)`` until there are more than ``limit`` characters.

    A learner's 64 MiB would become 256 MiB of text of which 200 characters are shown.
    """
    if isinstance(value, (list, tuple, dict)):
        opening, closing = "[]" if isinstance(value, list) else "()"
        if isinstance(value, dict):
            opening, closing = "{}"
        yield opening
        size = 0
        for number, item in enumerate(value):
            pieces = [", "] if number else []
            pieces += _beginning(item, limit)
            if isinstance(value, dict):
                pieces += [": ", *_beginning(value[item], limit)]
            yield from pieces
            size += sum(map(len, pieces))
            if size > limit:
                return
        yield f",{closing}" if isinstance(value, tuple) and len(value) == 1 else closing
    elif isinstance(value, (bytes, str)) and len(value) > limit:
        yield repr(value[: limit + 1])
    else:
        yield repr(value)


def first_difference(expected: bytes, received: bytes) -> int:
    """Return the offset of the first byte that differs, or where the shorter one ends."""
    length = min(len(expected), len(received))
    if expected[:length] == received[:length]:
        return length
    low, high = 0, length
    while high - low > 1:
        middle = (low + high) // 2
        if expected[low:middle] == received[low:middle]:
            low = middle
        else:
            high = middle
    return low


def _window(data: bytes, at: int) -> str:
    start = max(0, at - _AROUND)
    before = preview(data[start:at], 2 * _AROUND)
    after = preview(data[at : at + _AROUND], 2 * _AROUND)
    return ("…" if start else "") + before + "▸" + after + ("…" if at + _AROUND < len(data) else "")
