"""Keys: what a terminal sends for them, and the end of the input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from grader.watching.keys import Event, InputEnded, Key, Keys, parse

PATIENCE = 30.0


@pytest.mark.parametrize(
    ("read", "keys"),
    [
        ("h", ["h"]),
        ("H?", ["H", "?"]),
        ("\x1b[A\x1bOB\x1b[5~\x1b[6~", ["up", "down", "page_up", "page_down"]),
        ("\x1b", ["escape"]),
        ("\x1b[1;5C\x1b[15~\x1b[Z", []),
        ("\x1bq", ["escape", "q"]),
        ("\x04", ["q"]),
        ("1\r\n\x7f\x08", ["1", "enter", "enter", "rub_out", "rub_out"]),
        ("\x00\x01\t\x9b", []),
        ("帮é", ["帮", "é"]),
        ("\x1b[200~rm -rf\nryq\x1b[201~h", ["h"]),
        ("\x1b[200~half a paste: ryq", []),
        ("", []),
    ],
)
def test_what_a_terminal_sends(read: str, keys: list[str]) -> None:
    assert parse(read) == keys


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Put a pipe in standard input's place and return the end to write to."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "r") as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        yield writing


def test_a_pipe_is_read_to_its_end(pipe: int) -> None:
    events: SimpleQueue[Event] = SimpleQueue()
    keys = Keys(events.put)
    assert not keys.is_terminal
    os.write(pipe, "h帮".encode()[:2])
    assert events.get(timeout=PATIENCE) == Key("h")
    os.write(pipe, "h帮".encode()[2:])
    assert events.get(timeout=PATIENCE) == Key("帮")
    os.close(pipe)
    assert events.get(timeout=PATIENCE) == InputEnded(terminal=False)
    keys.close()
    keys.close()


def test_reading_can_be_ended_while_nothing_comes(pipe: int) -> None:
    keys = Keys(SimpleQueue[Event]().put)
    keys.close()
    os.close(pipe)


def test_no_standard_input_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    keys = Keys(SimpleQueue[Event]().put)
    assert not keys.is_terminal
    keys.close()
