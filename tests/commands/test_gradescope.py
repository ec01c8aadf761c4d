"""The command: where the zip goes, and what it never replaces."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from grader.cli import main


@pytest.fixture(autouse=True)
def here(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(suite)
    monkeypatch.setenv("DOJO_LANG", "en")


def test_writes_a_zip_and_says_what_to_do_with_it(
    suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["gradescope", "3"]) == 0
    shown = capsys.readouterr().out
    assert "gradescope-ex03.zip: ex03" in shown
    assert "24 points" in shown
    with zipfile.ZipFile(suite / "gradescope-ex03.zip") as archive:
        assert archive.testzip() is None
        assert b'"isolation": "partial"' in archive.read("autograder.json")


def test_an_earlier_zip_is_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "new" / "a.zip"
    target.parent.mkdir()
    for language in ("en", "zh"):
        words = ["gradescope", "ex03", "ex03", "--out", str(target), "--lang", language]
        assert main([*words, "--isolation", "auto"]) == 0
    assert "上传" in capsys.readouterr().out
    assert os.listdir(target.parent) == ["a.zip"]
    with zipfile.ZipFile(target) as archive:
        assert b'"language": "zh"' in archive.read("autograder.json")


@pytest.mark.parametrize("content", [b"", b"notes", b"PK\x05\x06" + bytes(18)])
def test_anything_else_is_not_replaced(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "a.zip"
    target.write_bytes(content)
    assert main(["gradescope", "ex03", "--out", str(target)]) == 2
    assert "it is not replaced" in capsys.readouterr().err
    assert target.read_bytes() == content
    assert main(["gradescope", "ex03", "--out", str(tmp_path)]) == 2
    (tmp_path / "b.zip").symlink_to(tmp_path / "nowhere")
    assert main(["gradescope", "ex03", "--out", str(tmp_path / "b.zip")]) == 2
    assert sorted(os.listdir(tmp_path)) == ["a.zip", "b.zip", "suite"]


@pytest.mark.parametrize(
    "words", [[], ["ex99"], ["ex03", "--isolation", "none"]], ids=["none", "unknown", "unsafe"]
)
def test_what_cannot_be_done_is_one_line(
    words: list[str], suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["gradescope", *words]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not list(suite.glob("*.zip"))


@pytest.mark.parametrize("folder", ["nowhere", "nowhere/below", "README"])
def test_a_folder_that_is_not_there_is_not_made(
    folder: str, suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (suite / "README").write_text("no folder")
    before = sorted(suite.iterdir())
    assert main(["gradescope", "ex03", "--out", f"{folder}/a.zip"]) == 2
    (words,) = capsys.readouterr().err.splitlines()
    assert f"there is no folder {Path(folder)}" in words
    assert sorted(suite.iterdir()) == before


def test_what_is_not_ready_is_refused(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    readme = suite / "exercises" / "ex03_tcp_echo" / "README.md"
    readme.write_text(readme.read_text(encoding="utf-8") + "\nFILL IN\n", encoding="utf-8")
    assert main(["gradescope", "ex03"]) == 2
    (words,) = capsys.readouterr().err.splitlines()
    assert "ex03 is not ready for students: exercises/ex03_tcp_echo/README.md:" in words
    assert not list(suite.glob("*.zip"))
