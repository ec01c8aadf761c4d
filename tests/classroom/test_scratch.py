"""Scratch folders: gone with their run, and with the next one where that was killed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from grader.classroom._scratch import Scratch


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have the system's temporary folder for these tests alone."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_both_are_gone_with_what_strangers_have_left_there(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    deep = scratch.workers / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "link").symlink_to(tmp_path)
    deep.chmod(0)
    (scratch.folder / "x").write_bytes(b"x")
    scratch.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tmp"]
    assert os.listdir(tmp_path / "tmp") == []


def test_workers_of_another_user_come_to_theirs(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    assert scratch.workers.stat().st_mode & 0o777 == 0o711
    scratch.close()


def test_what_a_killed_run_has_left_goes_with_the_next(tmp_path: Path, temporary: Path) -> None:
    left = Scratch(tmp_path).workers
    (left / "dojo-x").mkdir()
    scratch = Scratch(tmp_path)
    assert not left.exists()
    assert scratch.workers.exists()
    scratch.close()
    assert os.listdir(temporary) == []


@pytest.mark.parametrize(
    "note", ["{}/other", "{}/dojo-class-x/..", "{}", "", "{}/dojo-class-link", "\0"]
)
def test_a_note_that_is_not_ours_removes_nothing(
    tmp_path: Path, temporary: Path, note: str
) -> None:
    for name in ("other", "dojo-class-x"):
        (temporary / name).mkdir()
        (temporary / name / "kept").touch()
    (temporary / "dojo-class-link").symlink_to(temporary / "other")
    (tmp_path / ".scratch").mkdir()
    (tmp_path / ".scratch" / "workers").write_text(note.format(temporary))
    Scratch(tmp_path).close()
    assert (temporary / "other" / "kept").exists()
    assert (temporary / "dojo-class-x" / "kept").exists()


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "kept").touch()
    (tmp_path / ".scratch").symlink_to(tmp_path / "theirs")
    with pytest.raises(OSError, match="exists"):
        Scratch(tmp_path)
    assert (tmp_path / "theirs" / "kept").exists()
