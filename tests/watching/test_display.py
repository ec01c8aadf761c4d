"""The two displays: what a terminal is sent, and what a pipe gets."""

from __future__ import annotations

import io
import sys
from dataclasses import replace

import pytest

from grader.watching.display import Lines, Redrawn, View, choose

FIRST = View(["body"], [], None, ["grading"], ["keys"])


def put_out(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Put a text in standard output's place; in the test's body, as pytest's own is by then."""
    out = io.StringIO()
    out.fileno = lambda: -1  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdout", out)
    return out


def new(out: io.StringIO) -> str:
    """Return what has been written since the last time."""
    words = out.getvalue()
    out.seek(0)
    out.truncate()
    return words


def test_a_pipe_gets_what_is_new_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    out = put_out(monkeypatch)
    lines = Lines()
    lines.show(FIRST)
    assert new(out) == "\nbody\ngrading\nkeys\n"
    lines.show(replace(FIRST, status=["graded"]), anew=True)
    assert new(out) == "graded\n"
    noticed = replace(FIRST, status=["graded"], notice=["", "a hint"])
    lines.show(noticed)
    assert new(out) == "\na hint\n"
    lines.show(noticed)
    assert new(out) == ""
    lines.show(replace(noticed, page=["a page"]))
    assert new(out) == "\na page\n"
    lines.show(replace(noticed, body=["::error::another"]))
    assert "::error::" not in out.getvalue()
    assert new(out).endswith("another\n")
    lines.control("\x1b[?2004h")
    assert new(out) == ""
    assert lines.size()[1] == 0


def test_a_terminal_is_redrawn_only_where_something_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    out = put_out(monkeypatch)
    terminal = Redrawn()
    terminal.show(FIRST)
    assert new(out) == "\x1b[H\x1b[Jbody\n\ngrading\nkeys\n"
    terminal.show(FIRST)
    assert new(out) == ""
    terminal.show(replace(FIRST, status=["graded"]))
    assert new(out) == "\x1b[2A\r\x1b[Jgraded\nkeys\n"
    terminal.show(replace(FIRST, status=["graded"], page=["a page"]))
    assert new(out) == "\x1b[H\x1b[Ja page\n\ngraded\nkeys\n"
    terminal.show(FIRST)
    assert new(out).startswith("\x1b[H\x1b[Jbody\n")
    terminal.show(FIRST, anew=True)
    assert new(out).startswith("\x1b[H\x1b[Jbody\n")


def test_a_terminal_whose_foot_does_not_fit_is_redrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    out = put_out(monkeypatch)
    monkeypatch.setenv("LINES", "2")
    terminal = Redrawn()
    terminal.show(FIRST)
    new(out)
    terminal.show(replace(FIRST, status=["graded"]))
    assert new(out).startswith("\x1b[H\x1b[J")


@pytest.mark.parametrize(
    ("is_terminal", "term", "redraws"),
    [(True, "xterm", True), (True, "dumb", False), (True, "", False), (False, "xterm", False)],
)
def test_the_display_is_chosen(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool, term: str, redraws: bool
) -> None:
    out = put_out(monkeypatch)
    out.isatty = lambda: is_terminal  # type: ignore[method-assign]
    monkeypatch.setenv("TERM", term)
    assert choose().redraws == redraws
