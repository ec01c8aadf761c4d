"""Bytes and values as a learner reads them: shown, counted, the first difference marked."""

from __future__ import annotations

from collections.abc import Iterator

from grader.learner.transcript import preview
from grader.model import Language
from grader.texts import text

_AROUND = 24


class Words:
    """Says things in one language; holds no words of its own (see ``grader/texts``)."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def say(self, key: str, **values: object) -> str:
        """Return the text ``judge.<key>``."""
        return text(f"judge.{key}", self.language, **values)

    def data(self, data: bytes, limit: int = 48) -> str:
        """Return bytes with their count."""
        if not data:
            return self.say("no_bytes")
        return self.say("bytes", preview=preview(data, limit), count=f"{len(data):,}")

    def difference(self, expected: bytes, received: bytes) -> tuple[str, str]:
        """Return both sides around their first difference, which is marked."""
        at = first_difference(expected, received)
        if max(len(expected), len(received)) <= 48:
            return self.data(expected), self.data(received)
        return (
            self.say(
                "around", at=f"{at:,}", preview=_window(expected, at), count=f"{len(expected):,}"
            ),
            self.say(
                "around", at=f"{at:,}", preview=_window(received, at), count=f"{len(received):,}"
            ),
        )

    def value(self, value: object, limit: int = 200) -> str:
        """Return a value that a learner's function returned, bounded."""
        if isinstance(value, (bytes, bytearray)):
            return self.data(bytes(value))
        if isinstance(value, str):
            shown = preview(value[: limit + 4].encode("utf-8", "surrogatepass"), limit)
            return self.say("text", preview=shown, count=f"{len(value):,}")
        shown = "".join(_beginning(value, limit))
        return shown if len(shown) <= limit else shown[:limit] + "…"


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
