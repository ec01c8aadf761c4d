"""Long words for a page: two texts up to where they differ, an output without its middle."""

from __future__ import annotations

import re

_WORDS = 2500
_OUTPUT = (1000, 3000)
_DATA = re.compile(r"b?[\"'\[({]|[0-9]")  # how bytes, values and addresses begin; sentences don't
_LEAST_ALIKE = 3  # digits of two numbers
_UNIT = re.compile(r"\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\U[0-9a-f]{8}|\\.|.", re.DOTALL)
_MARKED = "▸"
Compared = tuple[str, str, str]


def compared(expected: str, received: str) -> tuple[Compared, Compared]:
    """Cut two texts at their first difference, where both are data that begin alike.

    Where the judge has marked it, it is there.
    """
    one, other = (_UNIT.findall(words[:_WORDS]) for words in (expected, received))
    if _MARKED in one and _MARKED in other:
        places = one.index(_MARKED) + 1, other.index(_MARKED) + 1
    else:
        pairs = enumerate(zip(one, other, strict=False))
        at = next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))
        alike = one and at >= (_LEAST_ALIKE if one[0].isdigit() else 1)
        if not alike or not _DATA.match(expected):
            return (_cut(expected), "", ""), (_cut(received), "", "")
        places = at, at
    found = []
    for units, words, at in ((one, expected, places[0]), (other, received, places[1])):
        before, here = "".join(units[:at]), "".join(units[at : at + 1])
        found.append((before, here, _cut(words)[len(before + here) :]))
    return found[0], found[1]


def _cut(words: str) -> str:
    return words if len(words) <= _WORDS else words[:_WORDS] + "…"


def shortened(output: str) -> tuple[str, int, str]:
    """Return the beginning, how many characters are left out, the end."""
    head, tail = _OUTPUT
    if len(output) <= head + tail:
        return output, 0, ""
    return output[:head], len(output) - head - tail, output[-tail:]
