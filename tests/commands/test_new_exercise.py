"""``new-exercise`` says what it has laid out; what is in its way is one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import cli
from grader.authoring import layout
from grader.commands import new_exercise


@pytest.fixture
def mine(suite: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a suite that could be this grader's, as the current folder."""
    (suite / "grader" / "harness").mkdir(parents=True)
    monkeypatch.setattr(layout, "_PACKAGE", suite / "grader")
    monkeypatch.chdir(suite)
    return suite


@pytest.mark.parametrize(("language", "word"), [("en", "FILL IN"), ("zh", "待填写")])
def test_says_what_is_there_and_what_is_next(
    mine: Path, capsys: pytest.CaptureFixture[str], language: str, word: str
) -> None:
    assert new_exercise.run(["ex02", "chunks", "--lang", language], "en") == cli.PASSED
    shown = capsys.readouterr().out
    assert "  exercises/ex02_chunks/chunks.py\n" in shown
    assert "nox -s verify -- ex02" in shown
    assert word in shown
    for line in shown.splitlines()[1:10]:
        assert (mine / line.strip()).is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ex03", "chunks"], "ex03_tcp_echo is there already"),
        (["ex02", "socket"], "socket.py would take its place"),
        (["ex02", "a\x1b[31m"], r"'a\\x1b[31m' is no name"),
        (["--lang", "zh", "ex03", "chunks"], "已经有 ex03_tcp_echo 了"),
        (["ex02"], "slug"),
        ([], "exNN"),
    ],
    ids=["taken", "module", "hostile", "chinese", "one_word", "nothing"],
)
def test_a_refusal_is_one_line(
    mine: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert cli.main(["new-exercise", *words]) == cli.BAD_REQUEST
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert said.replace("\\\\", "\\") in shown.err


def test_outside_a_suite_there_is_nothing_to_add_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["new-exercise", "ex02", "chunks"]) == cli.BAD_REQUEST
    assert "exercises" in capsys.readouterr().err


def test_a_disk_that_refuses_is_one_line(
    mine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkdtemp", full)
    assert cli.main(["new-exercise", "ex02", "chunks"]) == cli.BAD_REQUEST
    assert "nothing of it is left: [Errno 28]" in capsys.readouterr().err
    assert not (mine / "exercises" / "ex02_chunks").exists()
