"""Sources of every kind, and what is none: one clear line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader.classroom.collecting import CollectError

from .conftest import ECHO, Collect, write, zipped


def test_a_zip_is_a_source(collected: Collect, tmp_path: Path) -> None:
    source = tmp_path / "all.zip"
    source.write_bytes(zipped({"ann/tcp_echo.py": ECHO, "bob/b.zip": zipped({"ex03.py": ECHO})}))
    seen = collected(source)
    assert seen.handed == {
        "all.zip!/ann/tcp_echo.py": ["ann ex03 1"],
        "all.zip!/bob/b.zip!/ex03.py": ["bob ex03 1"],
    }
    assert seen.roles["all.zip"] == "archive"


def test_a_zip_by_its_bytes_whatever_it_is_called(collected: Collect, tmp_path: Path) -> None:
    source = tmp_path / "download"
    source.write_bytes(zipped({"ann/tcp_echo.py": ECHO}))
    assert len(collected(source).handed) == 1


def test_an_empty_folder_is_an_empty_class(collected: Collect) -> None:
    seen = collected({})
    assert seen.collection.entries == ()
    assert seen.collection.students == ()


def test_a_list_of_students_that_lies_at_the_top(collected: Collect) -> None:
    tree = {"class.csv": "姓名,学号\n张三,1\n李四,2\n".encode("gb18030"), "张三/tcp_echo.py": ECHO}
    seen = collected(tree)
    assert seen.keys == ["1", "2"]
    assert seen.roles["class.csv"] == "roster"
    assert seen.remarks == [("roster_found", "")]


def test_of_several_lists_none_is_taken(collected: Collect) -> None:
    seen = collected(
        {"a.csv": b"name,id\nAnn,1\n", "b.csv": b"name,id\nBob,2\n", "c.csv": b"x,y\n"}
    )
    assert seen.keys == []
    assert ("several_rosters", "") in seen.remarks
    assert seen.roles["a.csv"] == "unknown not_python"


def test_the_list_that_was_named_is_known_in_the_folder(collected: Collect, tmp_path: Path) -> None:
    source = write(tmp_path / "class", {"a.csv": b"name,id\nAnn,1\n", "b.csv": b"name,id\nB,2\n"})
    from grader.classroom.collecting import CollectOptions, collect

    from .conftest import exercises

    collection, sources = collect(
        source, CollectOptions(exercises=exercises(), roster=source / "a.csv")
    )
    sources.close()
    assert [student.name for student in collection.students] == ["Ann"]
    assert {entry.path: entry.role for entry in collection.entries}["a.csv"] == "roster"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    ("name", "data", "key"),
    [
        ("gone", None, "unreadable"),
        ("a.zip", b"PK\x03\x04broken", "zip_broken"),
        ("b.zip", b"", "zip_broken"),
        ("notes.txt", b"hello\n", "no_urls"),
        ("movie.mp4", b"\0" * 100, "source_kind"),
        ("a.py", ECHO, "no_urls"),
        ("x\x1b[31m\n.txt", b"hello\n", "no_urls"),
    ],
)
def test_what_is_no_source(
    name: str, data: bytes | None, key: str, language: str, collected: Collect, tmp_path: Path
) -> None:
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(CollectError) as caught:
        collected(path)
    assert caught.value.code == key
    assert caught.value.line(language)  # type: ignore[arg-type]
    assert os.listdir(tmp_path / "scratch") == []


@pytest.mark.parametrize("data", [b"", b"\0\1\2", b"colour\nred\n"])
def test_what_is_no_roster(data: bytes, collected: Collect) -> None:
    with pytest.raises(CollectError):
        collected({"ann/tcp_echo.py": ECHO}, data)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_is_no_source_and_no_roster(collected: Collect, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CollectError):
        collected(tmp_path / "pipe")
