"""What the session and its child process tell each other: one line of JSON a message."""

from __future__ import annotations

import json

import msgspec

from grader.model import Exercise, Language, Verdict


class Job(msgspec.Struct, tag=True, frozen=True):
    """Grade the file ``path`` (as the system spells it); ``ticket`` comes back in the answers."""

    ticket: int
    exercise: Exercise
    path: bytes
    language: Language
    isolation: str


class Began(msgspec.Struct, tag=True, frozen=True):
    """The file has been read, and its grading begins."""

    ticket: int


class Done(msgspec.Struct, tag=True, frozen=True):
    """A verdict, and the source that it is about."""

    ticket: int
    verdict: Verdict
    source: bytes


class Fault(msgspec.Struct, tag=True, frozen=True):
    """There is no verdict: why, in one line, and the exit code that it would mean for ``grade``.

    ``final``: nothing that is done to the file will change that.
    """

    ticket: int
    line: str
    code: int
    final: bool


Answer = Began | Done | Fault
Message = Job | Answer


def encode(message: Message) -> bytes:
    """Return a message as a line."""
    # Not msgspec's own encoder: what a learner's code has said may have lone surrogates.
    return json.dumps(msgspec.to_builtins(message)).encode() + b"\n"


def decode(line: bytes) -> Message:
    """Return the message in a line (ValueError, msgspec.ValidationError)."""
    return msgspec.convert(json.loads(line), Message)  # type: ignore[no-any-return]
