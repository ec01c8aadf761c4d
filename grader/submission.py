"""A learner's file: read as bytes, never run, and found fit to be graded or not."""

from __future__ import annotations

import codecs
import hashlib
import io
import os
import re
import tokenize
import warnings
from dataclasses import dataclass
from pathlib import Path

from grader.catalog import read_regular
from grader.sandbox import Submission

MAX_SOURCE = 1 << 20
_LINE_END = re.compile(rb"\r\n?|\n")
# What else is handed in by mistake, and the bytes by which it is known.
_MARKS_OF_OTHERS = (
    ("UTF-32", rb"\xff\xfe\x00\x00|\x00\x00\xfe\xff"),
    ("UTF-16", rb"\xff\xfe|\xfe\xff"),
    ("ZIP, DOCX", rb"PK\x03\x04"),
    ("DOC", rb"\xd0\xcf\x11\xe0"),
    ("PDF", rb"%PDF-"),
    ("PYC", rb"(?s:..)\r\n[\x00-\x03]\x00{3}"),
)
# Made for host names: they take time that grows with the square of a file's size.
_NO_ENCODINGS_OF_FILES = frozenset({"idna", "punycode"})


@dataclass(frozen=True)
class Problem:
    """Why a submission cannot be graded at all: a diagnosis id, a line (0: none), a text."""

    diagnosis: str
    line: int = 0
    detail: str = ""


class UnreadableError(Exception):
    """A submission's file is there, but the system does not let it be read."""


def read_submission(path: Path, slug: str) -> tuple[Submission, Problem | None]:
    """Read a learner's file; the Problem says why it cannot be graded (UnreadableError)."""
    source, problem = b"", None
    try:
        found = read_regular(path, MAX_SOURCE + 1)
        if found is None:
            problem = Problem("file_is_directory" if path.is_dir() else "file_not_regular")
        else:
            source, problem = found, _source_problem(found)
    except FileNotFoundError:
        problem = Problem("file_missing")
    except (OSError, ValueError) as error:
        raise UnreadableError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    return _named(path.name or str(path), source, slug), problem


def submission_of(source: bytes, name: str, slug: str) -> tuple[Submission, Problem | None]:
    """Take bytes as a learner's file called ``name``; the Problem is as in `read_submission`."""
    return _named(name, source, slug), _source_problem(source)


def _named(name: str, source: bytes, slug: str) -> Submission:
    # The name stands in verdicts and messages: no newline, no escape sequence goes there.
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)
    return Submission(shown, source, slug, hashlib.sha256(source).hexdigest())


def _source_problem(source: bytes) -> Problem | None:
    if len(source) > MAX_SOURCE:
        return Problem("file_too_big")
    if not source.removeprefix(codecs.BOM_UTF8).strip():
        return Problem("file_empty")
    kind = _other_kind(source)
    if kind:
        is_text = kind.startswith("UTF")
        return Problem("file_not_utf8", 1, kind) if is_text else Problem("file_not_python", 0, kind)
    try:
        _decode(source, "strict")
    except (SyntaxError, LookupError, UnicodeError) as error:
        return _encoding_problem(source, error)
    return None


def _other_kind(source: bytes) -> str:
    """Return what a file is that is no Python source at all; "" where it may be some."""
    for kind, mark in _MARKS_OF_OTHERS:
        if re.match(mark, source):
            return kind
    if source.lstrip().startswith(b"{") and b'"nbformat"' in source:
        return "IPYNB"  # a notebook, which Python would take for a dict and run
    # UTF-16 without its mark: every other byte of what is ASCII in it is a NUL.
    half = len(source) // 2
    nuls = max(source[::2].count(0), source[1::2].count(0))
    return "UTF-16" if half > 4 and nuls > half // 2 and source.count(0) < len(source) else ""


def _encoding_problem(source: bytes, error: Exception) -> Problem:
    """Say which byte cannot be read, or what is wrong with the declared encoding."""
    if not isinstance(error, UnicodeDecodeError):
        try:
            source.decode("utf-8")
        except UnicodeDecodeError as in_utf8:
            error = in_utf8
        else:
            return Problem("file_not_utf8", 1, " ".join(str(error).split())[:200])
    line = source.count(b"\n" if b"\n" in source else b"\r", 0, error.start) + 1
    return Problem("file_not_utf8", line, f"0x{source[error.start]:02x}")


def _decode(source: bytes, errors: str) -> str:
    """Decode as Python would (SyntaxError, LookupError, UnicodeError where it would not)."""
    lines = iter(_LINE_END.split(source, 2)[:2])  # a lone CR ends a line for Python, too
    encoding, _ = tokenize.detect_encoding(lambda: next(lines) + b"\n")
    if codecs.lookup(encoding).name in _NO_ENCODINGS_OF_FILES:
        raise LookupError(f"unknown encoding: {encoding}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # unicode_escape warns of what it lets pass
        return source.decode(encoding, errors)


def source_lines(source: bytes) -> list[str]:
    """Return a submission's lines for showing, whatever its bytes are."""
    try:
        decoded = _decode(source, "replace")
    except (SyntaxError, LookupError, UnicodeError):
        decoded = source.decode("utf-8", "replace")
    return io.StringIO(decoded, newline=None).read().split("\n")


def display_path(path: Path) -> str:
    """Return a path as a learner would type it: relative where that is shorter."""
    try:
        relative = os.path.relpath(path)
    except ValueError:
        return str(path)
    return relative if len(relative) < len(str(path)) else str(path)
