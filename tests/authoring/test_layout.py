"""A new exercise: all of it or nothing, and never in the way of what is there."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from grader.authoring import layout
from grader.authoring.layout import FILES, TEMPLATES, LayoutError, NewExercise, check, lay_out
from grader.catalog import load_exercise
from grader.proof import structure
from grader.texts import has_text

NEW = NewExercise("ex02", "chunks")


@pytest.fixture
def mine(suite: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a suite whose grader is taken for the one that runs."""
    (suite / "grader" / "harness").mkdir(parents=True)
    monkeypatch.setattr(layout, "_PACKAGE", suite / "grader")
    monkeypatch.setattr("grader.proof._HARNESS", suite / "grader" / "harness")
    return suite


def everything(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*")}


def test_lays_out_three_folders_of_one_name(mine: Path) -> None:
    before = everything(mine)
    files = lay_out(mine, NEW)
    assert {path for path in everything(mine) - before if (mine / path).is_file()} == set(files)
    assert set(files) == {
        "exercises/ex02_chunks/.stub.py",
        "exercises/ex02_chunks/README.md",
        "exercises/ex02_chunks/README.zh.md",
        "exercises/ex02_chunks/chunks.py",
        "exercises/ex02_chunks/exercise.yaml",
        "grader/harness/test_ex02_chunks.py",
        "solutions/ex02_chunks/chunks.py",
        "solutions/ex02_chunks/mistakes/first_mistake.py",
        "solutions/ex02_chunks/variants/first_variant.py",
    }
    exercise = load_exercise(mine, "ex02")
    assert (exercise.id, exercise.slug) == ("ex02", "chunks")
    folder = mine / "exercises" / "ex02_chunks"
    assert (folder / ".stub.py").read_bytes() == (folder / "chunks.py").read_bytes()
    assert not [name for name in files if "@" in (mine / name).read_text(encoding="utf-8")]


def test_is_refused_with_a_list_of_all_that_is_missing(mine: Path) -> None:
    files = lay_out(mine, NEW)
    found = structure(mine, load_exercise(mine, "ex02"))
    assert "fewer than five variants: 1" in found
    assert "fewer than twelve mistakes: 1" in found
    template = {line.partition(":")[0] for line in found if "template text" in line}
    assert template == set(files)


def test_each_template_is_used_and_marked() -> None:
    assert {path.name for path in TEMPLATES.iterdir()} == set(FILES)
    for path in TEMPLATES.iterdir():
        words = path.read_text(encoding="utf-8")
        assert "FILL IN" in words or "待填写" in words, path.name


@pytest.mark.parametrize(
    ("identifier", "slug", "key"),
    [
        ("ex3", "chunks", "bad_id"),
        ("ex00", "chunks", "bad_id"),
        ("EX02", "chunks", "bad_id"),
        ("02", "chunks", "bad_id"),
        ("ex0002", "chunks", "bad_id"),
        ("ex02\n", "chunks", "bad_id"),
        ("../ex02", "chunks", "bad_id"),
        ("ex٠٢", "chunks", "bad_id"),
        ("ex02", "", "bad_slug"),
        ("ex02", "Chunks", "bad_slug"),
        ("ex02", "2chunks", "bad_slug"),
        ("ex02", "_chunks", "bad_slug"),
        ("ex02", "chunks_", "bad_slug"),
        ("ex02", "a__b", "bad_slug"),
        ("ex02", "../chunks", "bad_slug"),
        ("ex02", "chunks\n", "bad_slug"),
        ("ex02", "块", "bad_slug"),
        ("ex02", "c" * 41, "bad_slug"),
        ("ex02", "class", "slug_is_keyword"),
        ("ex02", "match", "slug_is_keyword"),
        ("ex02", "socket", "slug_is_module"),
        ("ex02", "selectors", "slug_is_module"),
        ("ex02", "asyncore", "slug_is_module"),
        ("ex02", "tomllib", "slug_is_module"),
        ("ex02", "runner", "slug_is_ours"),
        ("ex02", "kernel", "slug_is_ours"),
        ("ex02", "com1", "slug_is_device"),
        ("ex02", "nul", "slug_is_device"),
        ("ex03", "chunks", "id_taken"),
        ("ex003", "chunks", "id_taken"),
        ("ex02", "tcp_echo", "slug_taken"),
    ],
)
def test_refuses_names_that_cannot_be(mine: Path, identifier: str, slug: str, key: str) -> None:
    before = everything(mine)
    with pytest.raises(LayoutError) as raised:
        lay_out(mine, NewExercise(identifier, slug))
    assert raised.value.key == key
    assert has_text(f"authoring.{key}", "zh")
    assert everything(mine) == before


@pytest.mark.parametrize(
    ("place", "key"),
    [
        ("solutions/ex02_other", "id_taken"),
        ("grader/harness/test_ex02_other.py", "id_taken"),
        ("solutions/ex55_chunks", "slug_taken"),
        ("grader/harness/test_ex55_chunks.py", "slug_taken"),
    ],
)
def test_refuses_what_another_has_begun(mine: Path, place: str, key: str) -> None:
    path = mine / place
    path.touch() if path.suffix else path.mkdir()
    with pytest.raises(LayoutError) as raised:
        check(mine, NEW)
    assert raised.value.key == key


@pytest.mark.parametrize("has_one", [True, False])
def test_refuses_a_suite_that_is_not_this_graders(suite: Path, has_one: bool) -> None:
    if has_one:
        (suite / "grader" / "harness").mkdir(parents=True)
    with pytest.raises(LayoutError) as raised:
        lay_out(suite, NEW)
    assert raised.value.key == "not_a_checkout"


@pytest.mark.parametrize("fails_at", range(1, 4))
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()], ids=repr)
def test_leaves_nothing_half_made(
    mine: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int, error: BaseException
) -> None:
    before, count, rename = everything(mine), 0, os.rename

    def failing(old: Any, new: Any) -> None:
        nonlocal count
        count += 1
        if count == fails_at:
            raise error
        rename(old, new)

    monkeypatch.setattr("os.rename", failing)
    with pytest.raises(type(error)):
        lay_out(mine, NEW)
    assert everything(mine) == before
    monkeypatch.undo()


def test_who_takes_the_place_meanwhile_keeps_it(
    mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = mine / "exercises" / "ex02_chunks"
    real = layout._files

    def files(new: NewExercise) -> dict[str, str]:
        place.mkdir()
        (place / "mine.txt").touch()
        return real(new)

    monkeypatch.setattr(layout, "_files", files)
    with pytest.raises(LayoutError) as raised:
        lay_out(mine, NEW)
    assert raised.value.key == "place_taken"
    assert [path.name for path in place.iterdir()] == ["mine.txt"]
    assert not (mine / "solutions" / "ex02_chunks").exists()
    assert not (mine / "grader" / "harness" / "test_ex02_chunks.py").exists()
