"""Two ways to show the same view: redrawn on a terminal, line after line everywhere else."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from dataclasses import dataclass, field
from typing import Protocol

from grader.report._layout import guard

_NARROWEST, _WIDEST = 50, 120
_HOME_AND_ERASE = "\x1b[H\x1b[J"
_FOOT_AGAIN = "\x1b[{rows}A\r\x1b[J"


@dataclass
class View:
    """What there is to see: lines that fit the width, from the least to the most urgent.

    ``page`` covers ``body`` and ``notice`` for as long as it is there.
    """

    body: list[str] = field(default_factory=list)
    notice: list[str] = field(default_factory=list)
    page: list[str] | None = None
    status: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


class Display(Protocol):
    """Where a view is shown."""

    redraws: bool

    def size(self) -> tuple[int, int]:
        """Return columns and rows; rows are 0 where there is no end of them."""

    def show(self, view: View, anew: bool = False) -> None:
        """Show a view (OSError); ``anew``: whatever is there now is not what was shown."""

    def control(self, sequence: str) -> None:
        """Send the terminal a control sequence, where there is one."""


class Redrawn:
    """A terminal: one view in the place of the one before it.

    The screen is not an alternate one: the last result stays to be read when all is over.
    """

    redraws = True

    def __init__(self) -> None:
        self._fd = sys.stdout.fileno()
        self._shown: tuple[list[str], int, int] | None = None
        self._foot: list[str] = []

    def size(self) -> tuple[int, int]:
        """Return columns and rows."""
        columns, rows = self._real_size()
        return max(_NARROWEST, min(_WIDEST, columns)), rows

    def _real_size(self) -> tuple[int, int]:
        try:
            columns, rows = os.get_terminal_size(self._fd)
        except OSError:
            columns, rows = shutil.get_terminal_size((80, 24))
        return columns or 80, rows or 24

    def show(self, view: View, anew: bool = False) -> None:
        """Draw a view; where only its foot is new, the rest is left alone, and does not flicker."""
        foot = [*view.status, *view.keys]
        above = [*(view.body + view.notice if view.page is None else view.page), ""]
        columns, rows = self._real_size()
        now = (above, columns, rows)
        if now == self._shown and foot == self._foot and not anew:
            return
        # A line that the terminal has wrapped takes more rows than are counted here.
        if anew or now != self._shown or len(self._foot) >= rows or columns < _NARROWEST:
            words = _HOME_AND_ERASE + "\n".join([*above, *foot]) + "\n"
        else:
            words = _FOOT_AGAIN.format(rows=len(self._foot)) + "\n".join(foot) + "\n"
        self._shown, self._foot = now, foot
        sys.stdout.write(words)
        sys.stdout.flush()

    def control(self, sequence: str) -> None:
        """Write past what Python keeps back: a signal may have come in the middle of that."""
        with contextlib.suppress(OSError):
            os.write(self._fd, sequence.encode())


class Lines:
    """A pipe or a file: what is new of each view, once, without any control code."""

    redraws = False

    def __init__(self) -> None:
        self._last = View()

    def size(self) -> tuple[int, int]:
        """Return columns, and no rows."""
        columns = shutil.get_terminal_size((100, 24)).columns
        return max(_NARROWEST, min(_WIDEST, columns)), 0

    def show(self, view: View, anew: bool = False) -> None:
        """Print the parts of a view that the last one did not have."""
        last, lines = self._last, list[str]()
        if view.page and view.page != last.page:
            lines += ["", *view.page]
        if view.body != last.body:
            lines += ["", *view.body]
        if view.notice and view.notice != last.notice:
            lines += view.notice
        if view.status and view.status != last.status:
            lines += view.status
        if view.keys and view.keys != last.keys:
            lines += view.keys
        self._last = View(view.body, view.notice, view.page, view.status, view.keys)
        if lines:
            sys.stdout.write(guard("\n".join(lines)) + "\n")
            sys.stdout.flush()

    def control(self, sequence: str) -> None:
        """Do nothing: nobody here obeys."""


def choose() -> Display:
    """Return the display that standard output is fit for."""
    obeys = sys.stdout.isatty() and os.environ.get("TERM", "") not in ("", "dumb")
    return Redrawn() if obeys else Lines()
