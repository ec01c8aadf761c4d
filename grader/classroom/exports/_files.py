"""How exports write: whole files, cells that no spreadsheet obeys, names for every file system."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from grader.classroom.model import Student
from grader.report._layout import escape

# OWASP, "CSV Injection"; the wide forms are what Excel takes for these in Chinese and Japanese.
_OBEYED = tuple("=+-@＝＋－＠\t\r")
_HARMLESS = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?|-")  # numbers, and Moodle's sign for nothing
_BOM = b"\xef\xbb\xbf"
_SLUG = re.compile(r"[^a-z0-9]+")
_LONGEST_SLUG = 40


def write_whole(path: Path, content: bytes) -> Path:
    """Put a file in place at once, in the place of what was there (OSError); return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        with suppress(FileNotFoundError):
            part.unlink()  # of a run that was killed
        with open(part, "xb") as file:
            file.write(content)
        os.replace(part, path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    return path


def write_or_remove(path: Path, rows: Sequence[Sequence[object]], *, bom: bool) -> list[Path]:
    """Write a table that has lines below its headings; take an older one away where it has none."""
    if len(rows) > 1:
        return [write_whole(path, table(rows, bom=bom))]
    with suppress(FileNotFoundError):
        path.unlink()
    return []


def table(rows: Iterable[Sequence[object]], *, bom: bool) -> bytes:
    """Return rows as CSV (RFC 4180) in UTF-8; Excel takes it for such by its mark alone."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows([cell(value) for value in row] for row in rows)
    return (_BOM if bom else b"") + out.getvalue().encode("utf-8")


def cell(value: object) -> str:
    """Return what stands in a cell: nothing in it is hidden, or a formula.

    Line ends stay, other control characters are spelled out.  What would be a formula, and is no
    number and no lone dash, begins with an apostrophe.
    """
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    words = escape(str(value), keep="\n")
    if words.lstrip().startswith(_OBEYED) and not _HARMLESS.fullmatch(words):
        return f"'{words}"
    return words


def slug(student: Student) -> str:
    """Return a name for a student's files: readable, and like no other's.

    Small letters, digits and dashes, never a name that Windows keeps for itself; the end is a
    hash of the key, so that file systems that take a and A for one keep two students apart.
    """
    words = _SLUG.sub("-", (student.key or student.name).casefold())[:_LONGEST_SLUG].strip("-")
    digest = hashlib.sha256(student.key.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"{words}-{digest}" if words else digest
