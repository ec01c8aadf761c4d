"""Which pages lie in ``feedback/``: the dashboard links to them, and who has left has none there.

``.pages.json`` beside the pages names those that were written, and by which run.  A page is taken
away only where it is named there, has a name that `slug` makes, and is nobody's in the class.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from grader.classroom.exports._files import slug, write_whole
from grader.classroom.model import ClassResult, Student
from grader.manifest import read_regular

FOLDER = "feedback"
INDEX = ".pages.json"
_MOST = 64 << 20
_PAGE = re.compile(r"(?:[a-z0-9]+(?:-[a-z0-9]+)*-)?[0-9a-f]{10}\.html")


class _Index(msgspec.Struct, frozen=True):
    """What the file says; ``of`` is the run whose pages all of them are ("": it was cut off)."""

    of: str
    pages: list[str]


def page_name(student: Student) -> str:
    """Return the name of a student's page: small letters, digits, dashes, nothing to quote."""
    return f"{slug(student)}.html"


def announce(folder: Path, names: Iterable[str]) -> None:
    """Note which pages are going to be written into ``folder/feedback`` (OSError)."""
    _note(folder, "", {*_read(folder).pages, *names})


def settle(folder: Path, result: ClassResult, names: Iterable[str]) -> Path:
    """Take away the pages of others than these, all written; return the index (OSError)."""
    kept = set(names)
    for name in _read(folder).pages:
        path = folder / FOLDER / name
        if name not in kept and _PAGE.fullmatch(name) and _is_file(path):
            path.unlink(missing_ok=True)
    return _note(folder, _run_of(result), kept)


def links(folder: Path, result: ClassResult) -> Mapping[str, str]:
    """Return where each student's page lies, by key; nothing where another run wrote them."""
    index = _read(folder)
    if index.of != _run_of(result):
        return {}
    there = set(index.pages)
    named = ((student.key, page_name(student)) for student in result.collection.students)
    return {key: f"{FOLDER}/{name}" for key, name in named if name in there}


def _run_of(result: ClassResult) -> str:
    return result.made_at.isoformat()


def _note(folder: Path, of: str, names: Iterable[str]) -> Path:
    content = msgspec.json.encode(_Index(of, sorted(names)))
    return write_whole(folder / FOLDER / INDEX, content + b"\n")


def _read(folder: Path) -> _Index:
    """Return what the index says; of one that is none, that nobody has written a page."""
    with suppress(OSError, msgspec.DecodeError):
        data = read_regular(folder / FOLDER / INDEX, _MOST)
        return msgspec.json.decode(data or b"", type=_Index)
    return _Index("", [])


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
