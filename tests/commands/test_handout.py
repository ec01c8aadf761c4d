"""The command: where it writes, and what it refuses."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from grader.authoring import layout
from grader.cli import main


def line(capsys: pytest.CaptureFixture[str]) -> str:
    shown = capsys.readouterr()
    assert shown.out == ""
    (words,) = shown.err.splitlines()
    return words


@pytest.fixture(autouse=True)
def here(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(suite)
    monkeypatch.setenv("DOJO_LANG", "en")


def test_writes_a_handout_and_says_what_is_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out"
    assert main(["handout", "--out", str(target)]) == 0
    shown = capsys.readouterr().out
    assert "ex03_tcp_echo: 10 of 20 checks, 13 of 24 points" in shown
    assert (target / "exercises" / "ex03_tcp_echo" / "README.zh.md").is_file()
    assert sorted(os.listdir(tmp_path)) == ["out", "suite"]


def test_speaks_chinese(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOJO_LANG", "zh")
    assert main(["handout", "--out", str(tmp_path / "out"), "--lang", "zh"]) == 0
    assert "检查 20 项中的 10 项" in capsys.readouterr().out
    assert not (tmp_path / "out" / "README.zh.md").exists()
    assert main(["handout", "--help"]) == 0
    assert "初始文件" in capsys.readouterr().out


@pytest.mark.parametrize("target", [".", "out", "exercises/x", "../suite/y", "../link/z"])
def test_never_inside_the_suite(
    target: str, suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (suite.parent / "link").symlink_to(suite)
    before = sorted(path.name for path in suite.rglob("*"))
    assert main(["handout", "--out", target]) == 2
    assert "inside the suite" in line(capsys)
    assert sorted(path.name for path in suite.rglob("*")) == before


def test_never_over_anything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "mine").write_text("mine")
    assert main(["handout", "--out", str(target)]) == 2
    assert "is not empty" in line(capsys)
    assert main(["handout", "--out", str(target), "--update"]) == 2
    assert "no earlier handout" in line(capsys)
    assert main(["handout", "--out", str(target / "mine")]) == 2
    assert "no folder" in line(capsys)
    assert os.listdir(target) == ["mine"]


def test_an_earlier_one_is_brought_up_to_date(
    tmp_path: Path, suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out"
    words = ["handout", "--out", str(target)]
    assert main(words) == 0
    readme = suite / "exercises" / "ex03_tcp_echo" / "README.md"
    readme.write_text(readme.read_text(encoding="utf-8") + "\nMore.\n", encoding="utf-8")
    capsys.readouterr()
    assert main(words) == 2
    assert "--update" in line(capsys)
    assert main([*words, "--update"]) == 0
    shown = capsys.readouterr().out
    assert "1 files written, 0 removed" in shown
    assert "+ exercises/ex03_tcp_echo/README.md" in shown
    work = target / "exercises" / "ex03_tcp_echo" / "README.md"
    work.write_text("mine")
    readme.write_text("again", encoding="utf-8")
    assert main([*words, "--update"]) == 2
    assert "exercises/ex03_tcp_echo/README.md" in line(capsys)
    assert work.read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "has"),
    [
        ([], "--out"),
        (["--out", "../o", "--exercises", "ex99"], "ex99"),
        (["--out", "../o", "--lang", "fr"], "fr"),
        (["--out", "../o", "ex03"], "ex03"),
    ],
    ids=["no_out", "no_exercise", "no_language", "no_such_word"],
)
def test_what_cannot_be_done_is_one_line(
    words: list[str], has: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["handout", *words]) == 2
    assert has in line(capsys)
    assert not (tmp_path / "o").exists()


def test_a_suite_that_is_broken_is_one_line(
    suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (suite / "exercises" / "ex03_tcp_echo" / "README.md").write_bytes(b"\xff\xfe")
    assert main(["handout", "--out", str(tmp_path / "out")]) == 2
    assert "README.md:1: not UTF-8" in line(capsys)
    assert not (tmp_path / "out").exists()


@pytest.fixture
def unready(suite: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a suite with an exercise that has just been laid out, beside the finished one."""
    package = suite / "grader"
    (package / "harness").mkdir(parents=True)
    monkeypatch.setattr(layout, "_PACKAGE", package)
    assert main(["new-exercise", "ex91", "demo"]) == 0
    return suite


def test_what_is_not_ready_is_left_out_with_a_line(
    unready: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out"
    capsys.readouterr()
    for words in ([], ["--update"]):
        assert main(["handout", "--out", str(target), *words]) == 0
        shown = capsys.readouterr().out
        assert "  left out: ex91 is not ready for students: " in shown
        assert "verify ex91 lists them" in shown
    assert os.listdir(target / "exercises") == ["ex03_tcp_echo"]
    for path in target.rglob("*"):
        assert "demo" not in path.name
        assert path.is_dir() or b"ex91" not in path.read_bytes()


@pytest.mark.parametrize("names", [["ex91"], ["ex03", "ex91"]])
def test_what_is_not_ready_is_refused_by_its_name(
    names: list[str], unready: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["handout", "--out", str(tmp_path / "out"), "--exercises", *names]) == 2
    assert "ex91 is not ready for students" in line(capsys)
    assert not (tmp_path / "out").exists()


def test_template_text_alone_is_not_ready(
    suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = suite / "exercises" / "ex03_tcp_echo" / "README.zh.md"
    readme.write_text(readme.read_text(encoding="utf-8") + "\n待填写\n", encoding="utf-8")
    assert main(["handout", "--out", str(tmp_path / "out")]) == 2  # nothing else is left
    words = line(capsys)
    assert "exercises/ex03_tcp_echo/README.zh.md:" in words
    assert "verify ex03 checks it again" in words
    assert not (tmp_path / "out").exists()


def test_an_update_takes_no_exercise_away_that_is_no_longer_ready(
    suite: Path, tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind in ("exercises", "solutions"):
        shutil.copytree(root / kind / "ex01_bytes_codec", suite / kind / "ex01_bytes_codec")
    target = tmp_path / "out"
    assert main(["handout", "--out", str(target)]) == 0
    (suite / "solutions" / "ex01_bytes_codec" / "bytes_codec.py").unlink()
    before = {path: path.read_bytes() for path in target.rglob("*") if path.is_file()}
    capsys.readouterr()
    assert main(["handout", "--out", str(target), "--update"]) == 2
    assert "ex01 is not ready for students: no solutions/ex01_bytes_codec" in line(capsys)
    assert {path: path.read_bytes() for path in target.rglob("*") if path.is_file()} == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_place_that_cannot_be_written_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["handout", "--out", "/dev/full/out"]) == 2
    assert line(capsys)
