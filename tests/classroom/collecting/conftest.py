"""Small folders and zips to collect from, with the suite's own exercises."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from grader.catalog import load_all, pristine_path
from grader.classroom.collecting import CollectOptions, Sources, collect
from grader.classroom.model import Collection
from grader.model import Exercise

ROOT = Path(__file__).resolve().parents[3]
ECHO = b"def serve(host, port): ...\n\ndef echo(host, port, message, timeout): ...\n"
CODEC = (
    b"def encode_text(t): ...\ndef decode_text(d): ...\n"
    b"def receive_text(s): ...\ndef receive_text_stream(s): ...\n"
)
Tree = Mapping[str, bytes]
Collect = Callable[..., "Seen"]


@cache
def exercises() -> tuple[Exercise, ...]:
    """Return the suite's exercises."""
    return tuple(load_all(ROOT))


def stub(name: str) -> bytes:
    """Return an exercise's stub as it was handed out."""
    return pristine_path(ROOT, next(e for e in exercises() if e.id == name)).read_bytes()


def write(folder: Path, tree: Tree, at: float = 1_700_000_000.0) -> Path:
    """Write files, all of one time; a name that ends in "/" is a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in tree.items():
        path = folder / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (at, at))
    return folder


def zipped(tree: Tree) -> bytes:
    """Return a zip with these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in tree.items():
            info = zipfile.ZipInfo(name, (2026, 11, 1, 12, 0, 0))
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


class Seen:
    """A collection, asked briefly."""

    def __init__(self, collection: Collection, sources: Sources) -> None:
        self.collection = collection
        self.sources = sources

    @property
    def handed(self) -> dict[str, list[str]]:
        """What was handed in, "student exercise attempt", by path."""
        found: dict[str, list[str]] = {}
        for one in self.collection.handed:
            name = one.origin
            found.setdefault(name, []).append(f"{one.student} {one.exercise} {one.attempt}")
        return found

    @property
    def roles(self) -> dict[str, str]:
        """Each entry's role, and its reason, by path."""
        return {
            entry.path: f"{entry.role} {entry.reason}".strip() for entry in self.collection.entries
        }

    @property
    def remarks(self) -> list[tuple[str, str]]:
        """What the remarks are about, with the student's key."""
        return [(remark.about, remark.student) for remark in self.collection.remarks]

    @property
    def keys(self) -> list[str]:
        """The students' keys, in their order."""
        return [student.key for student in self.collection.students]


@pytest.fixture
def collected(tmp_path: Path) -> Iterator[Collect]:
    """Collect from a tree of files, or from a path."""
    with ExitStack() as stack:

        def run(
            source: Tree | Path, roster: str | bytes | None = None, *wanted: str, **options: object
        ) -> Seen:
            place = source if isinstance(source, Path) else write(tmp_path / "class", source)
            table: Path | None = None
            if roster is not None:
                table = tmp_path / "roster.csv"
                table.write_bytes(roster.encode() if isinstance(roster, str) else roster)
            asked = CollectOptions(
                exercises=exercises(),
                wanted=wanted,
                root=ROOT,
                roster=table,
                scratch=tmp_path / "scratch",
                **options,  # type: ignore[arg-type]
            )
            collection, sources = collect(place, asked)
            stack.enter_context(sources)
            return Seen(collection, sources)

        yield run
