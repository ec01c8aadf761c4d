"""Which file of an upload is graded, and that nothing else is done with the upload."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest

from grader.handout.submitted import Uploaded, choose, uploads
from grader.submission import MAX_SOURCE

NAME = "tcp_echo.py"


def packed(members: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return made.getvalue()


def paths(folder: Path) -> list[str]:
    return [file.path for file in uploads(folder)]


def test_finds_python_files_in_folders_and_zips(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / NAME).write_bytes(b"1")
    (tmp_path / "a" / "b" / "x.PY").write_bytes(b"2")
    (tmp_path / "notes.txt").write_bytes(b"no")
    (tmp_path / "w.zip").write_bytes(packed({f"d/{NAME}": b"3", "d/n.txt": b"", "e\\f.py": b"4"}))
    assert [(file.path, file.data) for file in uploads(tmp_path)] == [
        (NAME, b"1"),
        ("a/b/x.PY", b"2"),
        (f"w.zip/d/{NAME}", b"3"),
        ("w.zip/e/f.py", b"4"),
    ]


def test_passes_over_what_is_nobodys_work(tmp_path: Path) -> None:
    for name in ("__MACOSX", "__pycache__", ".git"):
        (tmp_path / name).mkdir()
        (tmp_path / name / NAME).write_bytes(b"1")
    (tmp_path / "._tcp_echo.py").write_bytes(b"1")
    (tmp_path / "w.zip").write_bytes(packed({f"__MACOSX/{NAME}": b"1", "._a.py": b"1"}))
    assert paths(tmp_path) == []
    assert paths(tmp_path / "no such folder") == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_links_and_pipes_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    upload = tmp_path / "upload"
    upload.mkdir()
    (upload / NAME).symlink_to(tmp_path / "secret")
    (upload / "folder").symlink_to(tmp_path)
    os.mkfifo(upload / "pipe.py")
    assert paths(upload) == []


@pytest.mark.parametrize(
    "data",
    [b"", b"PK\x03\x04 broken", packed({NAME: b"1" * 99})[:-30], b"PK\x05\x06" + b"\xff" * 30],
    ids=["empty", "broken", "truncated", "nonsense"],
)
def test_a_broken_zip_has_nothing(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "w.zip").write_bytes(data)
    (tmp_path / NAME).write_bytes(b"1")
    assert paths(tmp_path) == [NAME]


def test_sizes_and_numbers_are_bounded(tmp_path: Path) -> None:
    (tmp_path / "big.py").write_bytes(b"#" * (MAX_SOURCE + 5))
    assert [len(file.data) for file in uploads(tmp_path)] == [MAX_SOURCE + 1]
    bomb = packed({f"{n}.py": bytes(MAX_SOURCE) for n in range(40)})
    (tmp_path / "w.zip").write_bytes(bomb)
    assert sum(len(file.data) for file in uploads(tmp_path)) <= (1 << 24) + MAX_SOURCE + 1
    for n in range(300):
        (tmp_path / f"f{n}.py").write_bytes(b"")
    assert len(uploads(tmp_path)) == 200


def up(*files: tuple[str, bytes]) -> list[Uploaded]:
    return sorted(
        (Uploaded(path, data) for path, data in files), key=lambda file: (file.depth, file.path)
    )


@pytest.mark.parametrize(
    ("files", "alone", "path", "remark"),
    [
        (up((NAME, b"1")), False, NAME, ""),
        (up((NAME, b"1"), ("other.py", b"2")), True, NAME, ""),
        (up((f"x/y/{NAME}", b"1")), False, f"x/y/{NAME}", ""),
        (up((f"x/{NAME}", b"1"), (f"y/{NAME}", b"1")), False, f"x/{NAME}", ""),
        (up((f"x/{NAME}", b"1"), (f"y/{NAME}", b"2")), False, None, "upload_ambiguous"),
        (up((NAME, b"1"), (f"y/{NAME}", b"2")), False, NAME, "upload_several"),
        (up(("echo (1).py", b"1")), True, "echo (1).py", "upload_other_name"),
        (up(("echo (1).py", b"1")), False, None, "upload_not_named"),
        (up(("a.py", b"1"), ("b.py", b"2")), True, None, "upload_not_named"),
        ([], True, None, "upload_none"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_the_file_that_is_meant(
    files: list[Uploaded], alone: bool, path: str | None, remark: str
) -> None:
    choice = choose("tcp_echo", files, alone)
    assert (choice.file.path if choice.file else None, choice.remark) == (path, remark)
