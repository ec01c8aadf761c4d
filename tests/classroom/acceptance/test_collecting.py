"""A class in every layout of issue 5, with all that is bad, is understood as it was made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from grader.classroom.model import Collection, Entry, Handed, Remark, Student

from ..making import LAYOUTS, Truth, make_class
from .collected import complaints
from .conftest import Collect, collect_class


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_is_understood(layout: str, seed: int, tmp_path: Path, collected: Collect) -> None:
    truth = make_class(tmp_path / "it", layout, 18, seed)
    assert complaints(truth, collected(truth)[0]) == []


Change = Callable[[Collection], dict[str, Any]]
# What could go wrong with a collection, and a word of what is said of it.
WRONG: dict[str, tuple[str, Change]] = {
    "a file is not there": ("must be", lambda c: {"handed": c.handed[1:]}),
    "a file is somebody else's": (
        "must be",
        lambda c: {"handed": (msgspec.structs.replace(c.handed[0], student="?"), *c.handed[1:])},
    ),
    "a file has other bytes": (
        "must be",
        lambda c: {"handed": (msgspec.structs.replace(c.handed[0], sha256="0"), *c.handed[1:])},
    ),
    "an attempt is another": (
        "must be",
        lambda c: {"handed": tuple(map(_first, c.handed))},
    ),
    "somebody is late": (
        "late is",
        lambda c: {"handed": (msgspec.structs.replace(c.handed[0], late=True), *c.handed[1:])},
    ),
    "a student is not there": ("no student", lambda c: {"students": c.students[1:]}),
    "a student is a stranger": (
        "not in_roster",
        lambda c: {
            "students": (
                msgspec.structs.replace(c.students[0], in_roster=False),
                *c.students[1:],
            )
        },
    ),
    "there is a student too many": (
        "is nobody",
        lambda c: {"students": (*c.students, Student("x", "X"))},
    ),
    "an entry is not there": (
        "no entry",
        lambda c: {"entries": tuple(e for e in c.entries if e.role != "refused")},
    ),
    "an entry has another role": ("not one of", lambda c: {"entries": tuple(map(_sub, c.entries))}),
    "an entry is there twice": (
        "the path of another",
        lambda c: {"entries": (*c.entries, c.entries[0])},
    ),
    "a remark is not there": ("no remark", lambda c: {"remarks": tuple[Remark, ...]()}),
}


def _first(handed: Handed) -> Handed:
    return msgspec.structs.replace(handed, attempt=1)


def _sub(entry: Entry) -> Entry:
    return msgspec.structs.replace(entry, role="ignored")


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> tuple[Truth, Collection]:
    """Return a class, and what it was taken for."""
    folder = tmp_path_factory.mktemp("right")
    truth = make_class(folder / "it", "folders", 18, 2)
    collection, sources = collect_class(truth, folder / "scratch")
    sources.close()
    return truth, collection


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_seen(wrong: str, right: tuple[Truth, Collection]) -> None:
    word, change = WRONG[wrong]
    truth, collection = right
    assert complaints(truth, collection) == []
    changed = msgspec.structs.replace(collection, **change(collection))
    assert any(word in line for line in complaints(truth, changed))


def test_what_should_not_be_made_is_seen(right: tuple[Truth, Collection], tmp_path: Path) -> None:
    truth, collection = right
    (tmp_path / "git-hook").touch()
    told = replace(truth, canaries=tmp_path)
    assert any("has come into being" in line for line in complaints(told, collection))
