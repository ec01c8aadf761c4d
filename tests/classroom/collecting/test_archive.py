"""Zips that mean harm, are broken, or are only odd."""

from __future__ import annotations

import io
import stat
import struct
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.classroom.collecting import Sources, archive, limits
from grader.classroom.collecting.archive import ArchiveError
from grader.classroom.collecting.walking import Walk

from .conftest import ECHO, Collect, Tree, zipped


def made(*members: tuple[zipfile.ZipInfo | str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", how) as target:
        for info, data in members:
            target.writestr(info, data)
    return buffer.getvalue()


def special(mode: int) -> bytes:
    info = zipfile.ZipInfo("tcp_echo.py")
    info.external_attr = mode << 16
    return made((info, b"/etc/passwd"))


def twice() -> bytes:
    """Return two members of one name: the directory's second entry renamed."""
    data = made(("tcp_echo.py", ECHO), ("tcp_ecHo.py", ECHO + b"2"))
    return data.replace(b"tcp_ecHo.py", b"tcp_echo.py")


def encrypted() -> bytes:
    data = bytearray(made(("tcp_echo.py", ECHO)))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def lying() -> bytes:
    """Return a member that says it is 5 bytes long and is 20 MB."""
    data = bytearray(made(("tcp_echo.py", bytes(20 << 20))))
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 5)
    data[22:26] = struct.pack("<I", 5)
    return bytes(data)


def flipped() -> bytes:
    data = bytearray(zipped({"tcp_echo.py": ECHO * 50}))
    data[60] ^= 0xFF
    return bytes(data)


def with_method(method: int) -> bytes:
    return made(("tcp_echo.py", ECHO), how=method)


HARMFUL: dict[str, tuple[Callable[[], bytes], str]] = {
    "upwards": (lambda: zipped({"../tcp_echo.py": ECHO}), "refused leaves_folder"),
    "upwards later": (lambda: zipped({"a/../../tcp_echo.py": ECHO}), "refused leaves_folder"),
    "absolute": (lambda: zipped({"/tmp/tcp_echo.py": ECHO}), "refused leaves_folder"),
    "drive": (lambda: zipped({"C:\\tcp_echo.py": ECHO}), "refused leaves_folder"),
    "backslash": (lambda: zipped({"..\\tcp_echo.py": ECHO}), "refused leaves_folder"),
    "link": (lambda: special(stat.S_IFLNK | 0o777), "refused link"),
    "device": (lambda: special(stat.S_IFCHR | 0o666), "refused not_regular"),
    "pipe": (lambda: special(stat.S_IFIFO | 0o666), "refused not_regular"),
    "encrypted": (encrypted, "unreadable encrypted"),
    "lying": (lying, "refused bomb"),
    "honest bomb": (lambda: zipped({"tcp_echo.py": bytes(20 << 20)}), "refused bomb"),
    "bomb beside": (lambda: zipped({"zeros.bin": bytes(20 << 20)}), "refused bomb"),
    "flipped": (flipped, "unreadable broken_member"),
    "lzma": (lambda: with_method(zipfile.ZIP_LZMA), "unreadable method"),
    "deep": (lambda: zipped({"a/" * 60 + "tcp_echo.py": ECHO}), "refused too_deep"),
}


@pytest.mark.parametrize("name", [name for name in HARMFUL if name != "lying"])
def test_a_member_that_harms_is_one_entry_and_no_work(name: str, collected: Collect) -> None:
    make, expected = HARMFUL[name]
    seen = collected({"ann.zip": make(), "bob/tcp_echo.py": ECHO})
    inside = [role for path, role in seen.roles.items() if path.startswith("ann.zip!/")]
    assert inside == [expected]
    assert seen.roles["ann.zip"] == "archive"
    assert list(seen.handed) == ["bob/tcp_echo.py"]


def test_a_header_that_lies_about_the_size_gains_nothing(collected: Collect) -> None:
    seen = collected({"ann.zip": lying()})
    assert seen.roles["ann.zip!/tcp_echo.py"].startswith(("refused", "unreadable"))
    assert seen.handed == {}


BROKEN: dict[str, tuple[Callable[[], bytes], str]] = {
    "cut": (lambda: zipped({"tcp_echo.py": ECHO * 50})[:-30], "unreadable broken_archive"),
    "garbage": (lambda: b"PK\x03\x04" + b"x" * 500, "unreadable broken_archive"),
    "empty": (lambda: b"", "unreadable broken_archive"),
    "huge directory": (
        lambda: b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, 0x7FFFFFFF, 0, 0),
        "refused too_many_members",
    ),
    "many": (
        lambda: made(*((f"f/{n}", b"") for n in range(11))),
        "refused too_many_members",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_an_archive_that_is_not_opened_is_one_entry(
    name: str, collected: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, expected = BROKEN[name]
    monkeypatch.setattr(limits, "MAX_MEMBERS", 80)
    seen = collected({"ann.zip": make()})
    assert seen.roles == {"ann.zip": expected}


def test_names_that_come_twice(collected: Collect) -> None:
    seen = collected({"ann.zip": twice()})
    roles = [one.role for one in seen.collection.entries]
    assert sorted(roles) == ["archive", "refused", "submission"]


def test_names_that_differ_in_their_case_are_two(collected: Collect) -> None:
    seen = collected({"ann.zip": zipped({"tcp_echo.py": ECHO, "TCP_Echo.py": ECHO + b"2"})})
    assert len(seen.handed) == 2
    assert ("two_candidates", "ann") in seen.remarks


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_names_without_their_mark_of_utf_8(encoding: str, collected: Collect) -> None:
    name = "张三/tcp_echo.py".encode(encoding)
    data = zipped({"x" * len(name): ECHO}).replace(b"x" * len(name), name)
    seen = collected({"all.zip": data, "bob/tcp_echo.py": ECHO})
    assert "all.zip!/张三/tcp_echo.py" in seen.handed


def test_a_backslash_is_a_separator_for_some(collected: Collect) -> None:
    data = zipped({"src\\tcp_echo.py": ECHO})
    assert collected({"ann.zip": data}).handed == {"ann.zip!/src/tcp_echo.py": ["ann ex03 1"]}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2])
def test_other_methods_that_are_read(method: int, collected: Collect) -> None:
    assert collected({"ann.zip": with_method(method)}).handed


def nested(levels: int) -> bytes:
    data = zipped({"tcp_echo.py": ECHO})
    for _ in range(levels):
        data = zipped({"in.zip": data})
    return data


def test_a_zip_in_a_zip_is_opened_and_one_in_that_is_not(collected: Collect) -> None:
    seen = collected({"ann.zip": nested(1), "bob.zip": nested(2)})
    assert list(seen.handed) == ["ann.zip!/in.zip!/tcp_echo.py"]
    assert seen.roles["bob.zip!/in.zip!/in.zip"] == "refused nested"


def test_the_true_size_is_kept_and_the_bytes_are_cut(collected: Collect) -> None:
    big = b"#" * 3_000_000
    seen = collected({"ann.zip": zipped({"tcp_echo.py": big}), "bob/tcp_echo.py": big})
    assert [one.size for one in seen.collection.handed] == [len(big)] * 2
    kept = {one.sha256 for one in seen.collection.handed}
    assert len(kept) == 1
    source = seen.sources.read(kept.pop())
    assert source is not None
    assert len(source) == (1 << 20) + 1


def test_folders_that_are_nobodys_are_one_entry_each(collected: Collect) -> None:
    tree: Tree = {
        "__MACOSX/._a": b"",
        "__MACOSX/b/._c": b"",
        "d/__pycache__/x.py": b"",
        "e.py": b"",
    }
    seen = collected({"ann.zip": zipped(tree)})
    ignored = [path for path, role in seen.roles.items() if role == "ignored nobodys_folder"]
    assert ignored == ["ann.zip!/__MACOSX/", "ann.zip!/d/__pycache__/"]


def test_a_budget_is_spent_by_what_is_read() -> None:
    budget = archive.Budget(size=1 << 20, members=1, unpacked=64 << 20)
    for _ in range(64):
        budget.take(1 << 20)
    with pytest.raises(ArchiveError):
        budget.take(1)
    small = archive.Budget(size=100, members=1, unpacked=1 << 40)
    small.take(limits.RATIO_FROM)
    with pytest.raises(ArchiveError):
        small.take(1)


@pytest.mark.parametrize("percent", range(0, 100, 4))
def test_a_zip_cut_anywhere_raises_nothing_else(percent: int) -> None:
    data = zipped({"a/tcp_echo.py": ECHO, "b.py": b"x" * 500})
    data = data[: len(data) * percent // 100]
    allowed = archive.budget(len(data), 1)
    with pytest.raises(ArchiveError), archive.opened(io.BytesIO(data), allowed) as opened:
        archive.members(opened)


@settings(max_examples=150, deadline=None)
@given(changes=st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 255)), max_size=6))
def test_a_zip_changed_anywhere_is_always_accounted_for(changes: list[tuple[int, int]]) -> None:
    data = bytearray(zipped({"a/tcp_echo.py": ECHO, "in.zip": nested(0), "b.txt": b"x" * 50}))
    for at, byte in changes:
        data[at % len(data)] = byte
    with tempfile.TemporaryDirectory() as folder, Sources(Path(folder)) as sources:
        walk = Walk(sources)
        walk.archive(io.BytesIO(bytes(data)), "x.zip", ("x.zip",))
        kept = [sources.read(found.sha256) for found in walk.findings.found if not found.role]
    assert walk.findings.found[0].path == "x.zip"
    assert None not in kept
