"""What is remembered between gradings: little, and nothing depends on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.model import Verdict
from grader.progress import recall, remember, store

FILE = ".dojo/ex03.json"


def test_remembers_a_state(tmp_path: Path) -> None:
    assert recall(tmp_path, "ex03") == {}
    store(tmp_path, "ex03", {"failed": ["a", "你"], "shown": {"a": 1}})
    assert recall(tmp_path, "ex03") == {"failed": ["a", "你"], "shown": {"a": 1}}
    assert recall(tmp_path, "ex07") == {}
    assert [path.name for path in (tmp_path / ".dojo").iterdir()] == ["ex03.json"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"7", b"\xff\xfe", b"[" * 100_000, b" " * (1 << 21), b'{"a": 1e999999}x'],
    ids=lambda content: repr(content[:8]),
)
def test_passes_over_what_is_broken(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".dojo").mkdir()
    (tmp_path / FILE).write_bytes(content)
    assert recall(tmp_path, "ex03") == {}
    store(tmp_path, "ex03", {"graded": True})
    assert recall(tmp_path, "ex03") == {"graded": True}


def test_where_nothing_can_be_written_nothing_is(tmp_path: Path) -> None:
    (tmp_path / ".dojo").write_text("in the way")
    store(tmp_path, "ex03", {"graded": True})
    assert recall(tmp_path, "ex03") == {}
    store(tmp_path / "gone", "ex03", {"graded": True})
    folder = tmp_path / "other"
    (folder / ".dojo" / "ex03.json").mkdir(parents=True)
    store(folder, "ex03", {"graded": True})
    assert [path.name for path in (folder / ".dojo").iterdir()] == ["ex03.json"]


def test_remembers_what_a_verdict_left_open(
    tmp_path: Path, grade_source: Callable[..., Verdict]
) -> None:
    store(tmp_path, "ex03", {"shown": {"server_echoes_one_message": 2}})
    remember(tmp_path, grade_source("ex03", "", ["client_lets_refusal_through"]))
    assert recall(tmp_path, "ex03") == {
        "shown": {"server_echoes_one_message": 2},
        "failed": ["client_lets_refusal_through"],
        "graded": True,
    }
