"""Python files beside each other on a terminal, or one after the other where it is narrow."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING

from grader.report._layout import columns

if TYPE_CHECKING:  # it takes a tenth of a second
    from rich.console import Console
    from rich.text import Text

Row = tuple[int | None, ...]
_BAR = 3  # columns between two files


@dataclass(frozen=True)
class Shown:
    """One file to show: what it is called, and its lines, made harmless by whoever read it."""

    title: str
    lines: Sequence[str]


def render(
    files: Sequence[Shown],
    names: Sequence[str],
    width: int,
    *,
    colour: bool = False,
    ascii: bool = False,
) -> str:
    """Return one or two files as text of at most ``width`` columns, the last line ended.

    Two stand side by side where most lines of each need not be broken for it; functions that
    have one of ``names`` in both begin in the same row.
    """
    from rich.console import Console

    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        legacy_windows=False,
        highlight=False,
        emoji=False,
    )
    digits = len(str(max(len(file.lines) for file in files)))
    room = (width - _BAR) // 2 - digits - 1
    if len(files) == 2 and all(_fits(file.lines, room) for file in files):
        rows = aligned(files[0].lines, files[1].lines, names)
        _grid(console, files, rows, digits, room, "|" if ascii else "│")
    else:
        for n, file in enumerate(files):
            if n:
                console.print()
            alone: list[Row] = [(at,) for at in range(len(file.lines))]
            _grid(console, [file], alone, digits, width - digits - 1)
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n"))


def aligned(left: Sequence[str], right: Sequence[str], names: Sequence[str]) -> list[Row]:
    """Return which lines stand in the same row: first lines of the same function do."""
    anchors = [(0, 0)]
    for name in names:
        start = re.compile(rf"(?:async\s+)?def\s+{re.escape(name)}\s*\(")
        at = [next((n for n, s in enumerate(f) if start.match(s)), -1) for f in (left, right)]
        if at[0] > anchors[-1][0] and at[1] > anchors[-1][1]:
            anchors.append((at[0], at[1]))
    anchors.append((len(left), len(right)))
    rows: list[Row] = []
    for (i, j), (next_i, next_j) in pairwise(anchors):
        rows += zip_longest(range(i, next_i), range(j, next_j))
    return rows


def _fits(lines: Sequence[str], room: int) -> bool:
    return 3 * sum(columns(line) > room for line in lines) <= len(lines)


def _grid(
    console: Console,
    files: Sequence[Shown],
    rows: Sequence[Row],
    digits: int,
    room: int,
    bar: str = "",
) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid()
    for n in range(len(files)):
        if n:
            table.add_column(width=_BAR)
        table.add_column(width=digits + 1)
        table.add_column(width=room, overflow="fold")
    code = [_painted(file.lines) for file in files]

    def add(cells: Sequence[tuple[Text, Text]]) -> None:
        words = [Text(f" {bar} ", "dim")]
        table.add_row(*(word for n, cell in enumerate(cells) for word in [*words[: n > 0], *cell]))

    add([(Text(), Text(file.title, "bold")) for file in files])
    for row in rows:
        add(
            [
                (Text(str(at + 1).rjust(digits), "dim"), lines[at])
                if at is not None
                else (Text(), Text())
                for at, lines in zip(row, code, strict=True)
            ]
        )
    console.print(table)


def _painted(lines: Sequence[str]) -> list[Text]:
    from rich.syntax import Syntax

    syntax = Syntax("", "python", theme="ansi_dark", background_color="default")
    painted = syntax.highlight("\n".join(lines)).split("\n", allow_blank=True)
    return list(painted)[: len(lines)]
