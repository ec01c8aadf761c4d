"""Template text is found wherever it was left, and what cannot be read is passed over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader.authoring.leftovers import leftovers


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("a.py", b"# FILL IN: x\n", (1, 1)),
        ("a.md", "一\n待填写：x\r\nFILL IN\n".encode(), (2, 2)),
        ("a.yaml", b"\xff\xfe\nFILL IN", (2, 1)),
        ("a.py", b"# fill in the form\n", None),
        ("a.txt", b"FILL IN", None),
        ("a.py", b"", None),
    ],
)
def test_finds_the_marks(
    tmp_path: Path, name: str, content: bytes, found: tuple[int, int] | None
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert leftovers([tmp_path]) == ([(path, *found)] if found else [])
    assert leftovers([path]) == leftovers([tmp_path])


def test_passes_over_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.py")
    assert leftovers([tmp_path, tmp_path / "no_such.py"]) == []
