"""Bytes kept by their hash, in a folder that goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.classroom.collecting import Sources


def test_bytes_come_back_and_the_folder_goes(tmp_path: Path) -> None:
    with Sources(tmp_path / "new" / "scratch") as sources:
        digest = sources.keep(b"abc")
        assert sources.keep(b"abc") == digest
        assert sources.read(digest) == b"abc"
        with sources.spool([b"a", b"b"]) as file:
            file.seek(0)
            assert file.read() == b"ab"
    assert sources.read(digest) is None
    assert list((tmp_path / "new" / "scratch").iterdir()) == []


@pytest.mark.parametrize("digest", ["0" * 64, "", "../../etc/passwd", "A" * 64, "0" * 63 + "\n"])
def test_what_is_not_there_is_none(digest: str, tmp_path: Path) -> None:
    with Sources(tmp_path) as sources:
        assert sources.read(digest) is None


def test_a_spool_that_fails_leaves_nothing_open(tmp_path: Path) -> None:
    def pieces() -> list[bytes]:
        raise ValueError("broken")

    with Sources(tmp_path) as sources, pytest.raises(ValueError, match="broken"):
        sources.spool(piece for piece in pieces())
