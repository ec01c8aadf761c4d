"""What a session is surrounded by: what the commands above it lend to it, and its events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.history import History
from grader.model import CheckResult, Exercise, Language, Verdict
from grader.pages import Page
from grader.watching.gradings import Heard
from grader.watching.keys import Event as KeyEvent


@dataclass(frozen=True)
class Saved:
    """The watched file may be another one now; ``number`` says which watch that is about."""

    number: int


@dataclass(frozen=True)
class Trouble:
    """The system does not tell of saves: a text's entry, and its detail."""

    number: int
    entry: str
    detail: str


Event = KeyEvent | Heard | Saved | Trouble


@dataclass(frozen=True)
class Surroundings:
    """What a session needs of the commands.

    ``command`` starts a child process that grades.  ``hint`` (at a failed check) and ``reset``
    return lines, or raise ``Refusal`` with one; ``page`` returns what explains a check,
    ``explain`` a page's lines for a width.  ``record`` notes a verdict on a source;
    ``complaints`` are lines about what could not be recorded.  ``end_if_asked`` raises where a
    signal has come.
    """

    root: Path
    language: Language
    exercises: Sequence[Exercise]
    history: History
    isolation: str
    command: Sequence[str]
    hint: Callable[[Exercise, CheckResult], list[str]]
    reset: Callable[[Exercise], list[str]]
    page: Callable[[Exercise, CheckResult], Page | None]
    explain: Callable[[Page, int], list[str]]
    record: Callable[[Verdict, bytes, Path], None]
    complaints: list[str]
    end_if_asked: Callable[[], None]


class Refusal(Exception):
    """Something that a key asks for cannot be done; the text is one line for the learner."""


class HopelessError(Exception):
    """No grading can be had here, whatever is saved; ``code`` is the exit code that it means."""

    def __init__(self, line: str, code: int) -> None:
        super().__init__(line)
        self.code = code
