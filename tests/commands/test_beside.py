"""Two files beside each other: aligned, in whole, in any width, and nothing of them obeyed."""

from __future__ import annotations

import re

import pytest

from grader.commands._beside import Shown, aligned, render
from grader.report._layout import columns

NAMES = ["serve", "echo"]
LEFT = [
    "import socket",
    "",
    "def serve(host, port):",
    "    return 1  # 一次只服务一个客户端",
    "",
    "def echo(host):",
    "    pass",
]
RIGHT = [
    '"""Doc."""',
    "def server_of():",
    "    pass",
    "async def serve(host):",
    "    await it",
    "    more()",
    "    more()",
    "def echo (host):",
    "    pass",
    "end()",
]
FILES = [Shown("mine: a.py", LEFT), Shown("the reference: b.py", RIGHT)]


def test_the_same_function_begins_in_the_same_row() -> None:
    assert aligned(LEFT, RIGHT, NAMES) == [
        (0, 0), (1, 1), (None, 2),
        (2, 3), (3, 4), (4, 5), (None, 6),
        (5, 7), (6, 8), (None, 9),
    ]  # fmt: skip


@pytest.mark.parametrize("names", [[], ["nothing"], ["echo", "serve"], ["a(b", "[", "serve"]])
def test_every_line_is_in_one_row_and_in_order(names: list[str]) -> None:
    for left, right in ((LEFT, RIGHT), ([], RIGHT), (LEFT, []), ([], []), (RIGHT[::-1], LEFT)):
        rows = aligned(left, right, names)
        for at, lines in enumerate((left, right)):
            assert [row[at] for row in rows if row[at] is not None] == list(range(len(lines)))


def test_side_by_side_where_there_is_room() -> None:
    lines = render(FILES, NAMES, 100).splitlines()
    assert re.fullmatch(r" +mine: a.py +│ +the reference: b.py", lines[0])
    (row,) = [line for line in lines if "def serve(host, port)" in line]
    assert re.fullmatch(r" 3 def serve\(host, port\): +│ +4 async def serve\(host\):", row)
    assert {columns(line.partition("│")[0]) for line in lines if "│" in line} == {49}
    assert max(map(columns, lines)) <= 100


@pytest.mark.parametrize("width", [50, 60])
def test_one_after_the_other_where_there_is_none(width: int) -> None:
    files = [FILES[0], Shown("b", [line + "  # " + "x" * 40 for line in RIGHT])]
    shown = render(files, NAMES, width)
    assert "│" not in shown
    assert shown.index("mine: a.py") < shown.index("return 1") < shown.index("async def")
    assert max(map(columns, shown.splitlines())) <= width
    assert shown.count("x") == 40 * len(RIGHT)


def test_one_file_alone() -> None:
    shown = render(FILES[1:], NAMES, 80)
    assert re.findall(r"^ ?\d+ .*", shown, re.MULTILINE)[3] == " 4 async def serve(host):"


def test_nothing_at_all_is_shown_as_such() -> None:
    assert render([Shown("mine", []), Shown("b", [])], NAMES, 80).split() == ["mine", "│", "b"]


def test_in_colour_the_words_are_the_same() -> None:
    coloured = render(FILES, NAMES, 100, colour=True)
    assert "\x1b[" in coloured
    plain = re.sub(r"\x1b\[[\d;]*m", "", coloured)
    assert [line.rstrip() for line in plain.split("\n")] == render(FILES, NAMES, 100).split("\n")


def test_in_ascii() -> None:
    shown = render([Shown("a", ["x"]), Shown("b", ["y"])], NAMES, 80, ascii=True, colour=True)
    assert shown.isascii()
    assert " | " in shown


def test_what_looks_like_markup_is_shown_as_it_is() -> None:
    lines = ["[bold red]x[/]", ":smile: [link=https://example.org]y[/link]", "a\\", "[/]"]
    for colour in (True, False):
        shown = re.sub(
            r"\x1b\[[\d;]*m", "", render([Shown("[b]t[/b]", lines)], [], 80, colour=colour)
        )
        for line in ("[b]t[/b]", *lines):
            assert line in shown


@pytest.mark.parametrize("source", ["'" * 7, "def (", "\\", '"""', "你好" * 200, "\t", "0" * 999])
def test_what_is_no_python_is_shown_all_the_same(source: str) -> None:
    shown = render([Shown("a", [source, "last"]), Shown("b", LEFT)], NAMES, 60, colour=True)
    assert "last" in shown
