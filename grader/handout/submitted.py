"""What a student uploaded to Gradescope: the files that could be meant, read and never run.

Gradescope unpacks an uploaded zip itself; one inside another is opened here.  Nothing is ever
extracted, no link is followed, and numbers and sizes are bounded.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from grader.manifest import read_regular
from grader.submission import MAX_SOURCE

_MOST_ENTRIES = 2000
_MOST_FILES = 200
_MOST_ZIP = 1 << 24
_OF_OTHERS = ("__MACOSX", "__pycache__", "venv", "node_modules")


@dataclass(frozen=True)
class Uploaded:
    """One Python file of an upload: where it was (``a.zip/b/tcp_echo.py``), and its bytes."""

    path: str
    data: bytes

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path.rpartition("/")[2]

    @property
    def depth(self) -> int:
        """How many folders, or archives, it was in."""
        return self.path.count("/")


@dataclass(frozen=True)
class Choice:
    """The file to grade for an exercise (None: there is none), and why, if that needs saying.

    ``remark`` is an entry of ``texts/*/handout.json``.
    """

    file: Uploaded | None
    remark: str = ""


def uploads(folder: Path) -> list[Uploaded]:
    """Return the Python files below a folder, by path; what cannot be read is passed over."""
    found: list[Uploaded] = []
    for path, shown in _walk(folder):
        suffix = path.suffix.lower()
        if suffix not in (".py", ".zip") or len(found) >= _MOST_FILES:
            continue
        most = MAX_SOURCE + 1 if suffix == ".py" else _MOST_ZIP + 1
        try:
            data = read_regular(path, most)
        except (OSError, ValueError):
            continue
        if data is None:
            continue
        if suffix == ".py":
            found.append(Uploaded(shown, data))
        elif len(data) <= _MOST_ZIP:
            found += _members(data, shown)
    return sorted(found[:_MOST_FILES], key=lambda file: (file.depth, file.path))


def _walk(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files below a folder, links left out, in the order of their names."""
    count = 0
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_of_others(name))
        for name in sorted(names):
            count += 1
            if count > _MOST_ENTRIES:
                return
            path = Path(here, name)
            if not path.is_symlink() and not _is_of_others(name):
                yield path, path.relative_to(folder).as_posix()


def _is_of_others(name: str) -> bool:
    return name.startswith(".") or name in _OF_OTHERS


def _members(data: bytes, shown: str) -> Iterator[Uploaded]:
    """Yield the Python files of a zip; a broken one has none."""
    left = _MOST_ZIP
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            for info in archive.infolist()[:_MOST_ENTRIES]:
                steps = info.filename.replace("\\", "/").split("/")
                if not info.filename.lower().endswith(".py") or any(map(_is_of_others, steps)):
                    continue
                with archive.open(info) as file:
                    content = file.read(min(left, MAX_SOURCE + 1))
                left -= len(content)
                if left <= 0:
                    return
                yield Uploaded(f"{shown}/{'/'.join(steps)}", content)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError):
        return  # RuntimeError: encrypted; NotImplementedError, a kind of it: another compression


def choose(slug: str, files: list[Uploaded], alone: bool) -> Choice:
    """Return the file that is meant for an exercise.

    It has the exercise's name; of several the one in the fewest folders.  Where no file has it
    and only one exercise is graded (``alone``), a single Python file is taken for it.
    """
    named = [file for file in files if file.name == f"{slug}.py"]
    top = [file for file in named if file.depth == named[0].depth]
    if len({file.data for file in top}) > 1:
        return Choice(None, "upload_ambiguous")
    if named:
        return Choice(named[0], "upload_several" if len({f.data for f in named}) > 1 else "")
    if alone and len({file.data for file in files}) == 1:
        return Choice(files[0], "upload_other_name")
    return Choice(None, "upload_none" if not files else "upload_not_named")
