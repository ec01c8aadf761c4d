"""A submission's source on a page: every character is there, or counted as left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.model import Location
from grader.report._code import Line, _words, around, blocks, is_there

SOURCE = [
    "def serve(host, port):",
    "    '''Echo.",
    "    All of it.'''",
    "    n = 0x10 + 1.5  # not 'one'",
    "",
    "    while True:",
    '        return b"\\"#" or f\'{n}\'',
]


def words(line: Line) -> str:
    return "".join(text for _, text in line.words)


def kinds(line: Line) -> list[tuple[str, str]]:
    return [(kind, text) for kind, text in line.words if kind]


def test_words_are_told_apart() -> None:
    found, left_out = blocks(SOURCE, [])
    assert left_out == 0
    assert [kinds(line) for line in found[0].lines] == [
        [("k", "def")],
        [("s", "'''Echo.")],
        [("s", "    All of it.'''")],
        [("n", "0x10"), ("n", "1.5"), ("c", "# not 'one'")],
        [],
        [("k", "while"), ("k", "True")],
        [("k", "return"), ("s", 'b"\\"#"'), ("k", "or"), ("s", "f'{n}'")],
    ]


@given(st.lists(st.text("ab1#'\"\\ rfb\t\u2028\x0c数据", max_size=30), max_size=12))
def test_nothing_is_lost_or_added(source: list[str]) -> None:
    found, left_out = blocks(source, [])
    assert left_out == 0
    shown = [line for block in found for line in block.lines]
    assert [words(line) for line in shown] == [row.expandtabs(4) for row in source]
    assert [line.number for line in shown] == list(range(1, len(source) + 1))


def test_a_long_source_is_its_beginning_and_the_places() -> None:
    found, left_out = blocks(["x = 1"] * 50_000, [40_000])
    assert [(block.before, block.first, len(block.lines)) for block in found] == [
        (0, 1, 2500),
        (37_491, 39_992, 17),
    ]
    assert left_out == 9992


def test_a_wide_source_is_cut_but_not_at_the_places() -> None:
    found, left_out = blocks(["y" * 5000] * 2000, [1900])
    lines = [line for block in found for line in block.lines]
    assert all(line.cut == 4600 and len(words(line)) == 400 for line in lines)
    assert 1900 in {line.number for line in lines}
    assert sum(len(words(line)) for line in lines) < 200_000
    assert left_out == 92


def test_too_many_words_are_not_told_apart() -> None:
    found, _ = blocks(["1 " * 100] * 1000, [])
    assert len(found[0].lines[0].words) == 1


@pytest.mark.parametrize("source", ["'''", '"\\', "r'", "\\", "'\\\n", '"""a"\n', "#\n'"])
def test_strange_sources_take_time_in_proportion(source: str) -> None:
    """What took time by the square of half a MiB would never end here."""
    rows = (source * ((1 << 19) // len(source))).split("\n")
    found = _words(rows)
    assert ["".join(text for _, text in line) for line in found] == rows


@pytest.mark.parametrize(
    ("place", "numbers"),
    [
        (Location(1), [1, 2, 3]),
        (Location(4, "serve", "n = 0x10 + 1.5  # not 'one'"), [2, 3, 4, 5, 6]),
        (Location(7), [6, 7]),
        (Location(4, "serve", "another line"), [4]),
        (Location(99, "", "gone"), [99]),
        (Location(99), []),
        (Location(0), []),
    ],
)
def test_a_place_has_lines_around_it(place: Location, numbers: list[int]) -> None:
    assert [line.number for line in around(place, SOURCE)] == numbers
    assert is_there(place, SOURCE) == (len(numbers) > 1)


def test_blank_lines_at_the_edges_are_not_around() -> None:
    assert [line.number for line in around(Location(3), ["", " ", "x", "", ""])] == [3]
