"""Writing loses nothing: not what was there, not what somebody has changed since."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader.handout.writing import RECORD, HandoutError, update, write_new

FILES = {"README.md": b"one\n", "a/b/c.py": b"c = 1\n", "a/d.py": b"d = 1\n"}


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != RECORD
    }


def refused(key: str, target: Path, files: dict[str, bytes], *, new: bool = False) -> str:
    with pytest.raises(HandoutError) as caught:
        (write_new if new else update)(target, files)
    assert caught.value.key == key
    return str(caught.value.values.get("names", ""))


@pytest.mark.parametrize("there", [False, True], ids=["no_folder", "empty_folder"])
def test_a_new_folder_is_written_as_a_whole(there: bool, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "out"
    if there:
        target.mkdir(parents=True)
    write_new(target, FILES)
    assert content(target) == FILES
    assert os.listdir(target.parent) == ["out"]
    if os.name == "posix":
        assert target.stat().st_mode & 0o777 == 0o755


def test_what_is_there_is_not_touched(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "mine.txt").write_text("mine")
    refused("not_empty", target, FILES, new=True)
    assert content(target) == {"mine.txt": b"mine"}
    write_new(tmp_path / "other", FILES)
    refused("not_empty_ours", tmp_path / "other", FILES, new=True)
    refused("not_a_folder", target / "mine.txt", FILES, new=True)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    refused("not_a_folder", tmp_path / "link", FILES, new=True)
    assert sorted(os.listdir(tmp_path)) == ["link", "other", "out"]


def test_nothing_is_left_of_what_could_not_be_written(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"."):
        write_new(tmp_path / "out", {**FILES, "README.md/x": b""})
    assert os.listdir(tmp_path) == []


def test_an_update_writes_what_is_new_and_removes_what_is_gone(tmp_path: Path) -> None:
    target = tmp_path / "out"
    write_new(target, FILES)
    (target / "own.txt").write_text("own")
    files = {"README.md": b"two\n", "a/d.py": b"d = 1\n", "new/e.py": b""}
    assert update(target, files) == (["README.md", "new/e.py"], ["a/b/c.py"])
    assert content(target) == {**files, "own.txt": b"own"}
    assert not (target / "a" / "b").exists()
    assert update(target, files) == ([], [])


def test_an_update_stops_at_what_somebody_has_changed(tmp_path: Path) -> None:
    target = tmp_path / "out"
    write_new(target, FILES)
    (target / "a" / "d.py").write_bytes(b"mine\n")
    (target / "new.py").write_bytes(b"mine, too\n")
    before = content(target)
    names = refused("changed_files", target, {**FILES, "a/d.py": b"d = 2\n", "new.py": b""})
    assert names == "a/d.py, new.py"
    assert content(target) == before
    # Nothing to change there: no reason to stop.  What is gone stays where it was changed.
    assert update(target, {"README.md": b"two\n"}) == (["README.md"], ["a/b/c.py"])
    assert content(target)["a/d.py"] == b"mine\n"


@pytest.mark.parametrize(
    "record", [None, b"", b"[]", b'{"files": 3}', b"\xff"], ids=["none", "empty", "a", "b", "c"]
)
def test_no_other_folder_is_brought_up_to_date(record: bytes | None, tmp_path: Path) -> None:
    if record is not None:
        (tmp_path / RECORD).write_bytes(record)
    refused("no_record", tmp_path, FILES)
    refused("no_record", tmp_path / "nowhere", FILES)
    assert content(tmp_path) == {}


def test_links_lead_nowhere(tmp_path: Path) -> None:
    target, outside = tmp_path / "out", tmp_path / "outside"
    write_new(target, FILES)
    outside.mkdir()
    (target / "new").symlink_to(outside)
    refused("is_link", target, {**FILES, "new/x.py": b"x"})
    (target / "README.md").unlink()
    (target / "README.md").symlink_to(outside / "r")
    refused("is_link", target, {**FILES, "README.md": b"x"})
    assert os.listdir(outside) == []
    (target / "README.md").unlink()
    (target / "README.md").mkdir()
    refused("in_the_way", target, {**FILES, "README.md": b"x"})


def test_a_record_that_leads_outside_removes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "out"
    write_new(target, FILES)
    victim = tmp_path / "victim"
    victim.write_bytes(b"one\n")
    text = (target / RECORD).read_text().replace('"README.md"', '"../victim"')
    (target / RECORD).write_text(text)
    update(target, {"a/d.py": b"d = 1\n"})
    assert victim.read_bytes() == b"one\n"
