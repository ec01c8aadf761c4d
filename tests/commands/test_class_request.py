"""What ``grade-class`` refuses: with 2, one line, and everything left as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import cli
from grader.classroom.store import NAME, Store

from .class_asking import ROOT, Ask, complaint, hand_in, rows

REFUSED: dict[str, tuple[list[str], str]] = {
    "no folder": ([], "DIR"),
    "a folder that is not there": (["nowhere"], "nowhere"),
    "an unknown exercise": (["class", "--exercises", "ex77"], "ex77"),
    "no jobs": (["class", "--jobs", "0"], "--jobs"),
    "jobs that are no number": (["class", "--jobs", "x"], "--jobs"),
    "an unknown export": (["class", "--export", "excel"], "csv"),
    "exports and none": (["class", "--export", "csv", "--no-exports"], "--no-exports"),
    "results in the folder": (["class", "--out", "class/results"], "inside"),
    "results in place of the folder": (["class", "--out", "class"], "inside"),
    "results by a detour": (["class", "--out", "class/../class/x/../y"], "inside"),
    "no name": (["/"], "--out"),
    "a course that is not there": (["class", "--course", "no/none.yaml"], "no file no/none.yaml"),
    "an isolation that is not there": (["class", "--isolation", "much"], "auto"),
    "an address that is none": (["class", "--cluster", "::"], ""),
    "a file in the way of results": (["class", "--out", "file"], "not a folder"),
}


@pytest.mark.parametrize(("words", "said"), REFUSED.values(), ids=REFUSED)
def test_2_and_one_line(
    ask: Ask, handed: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    if "--cluster" in words:
        monkeypatch.undo()
        monkeypatch.chdir(ROOT)
        words = [str(handed), *words[1:]]
    else:
        (handed.parent / "file").touch()
        (Path.cwd() / "class").symlink_to(handed)
        (Path.cwd() / "file").touch()
    assert said in complaint(ask(*words))
    assert "--cluster" in words or not list(handed.parent.glob("**/*.grades"))


@pytest.mark.parametrize("files", [{}, {"notes.txt": "hello"}], ids=["empty", "nobody's"])
def test_a_folder_with_nothing_to_grade(ask: Ask, tmp_path: Path, files: dict[str, str]) -> None:
    folder = tmp_path / "wrong"
    folder.mkdir()
    for name, words in files.items():
        (folder / name).write_text(words)
    assert complaint(ask(folder)).endswith("is it the right folder? (--list shows what is in it)")
    listed = ask(folder, "--list")
    assert complaint(listed).endswith("is it the right folder?")
    assert all(name in listed[1] for name in files)
    assert not (tmp_path / "wrong.grades").exists()


def test_a_folder_with_nobodys_work_but_a_list_of_students(ask: Ask, tmp_path: Path) -> None:
    """The first of the term: nobody has handed in anything yet."""
    folder = tmp_path / "early"
    folder.mkdir()
    (folder / "roster.csv").write_text("name,email\nAnn,ann@example.org\n")
    assert ask(folder, "--list")[0] == cli.PASSED
    assert ask(folder, "--no-exports")[0] == cli.PASSED


def test_what_cannot_be_understood_leaves_no_results(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("hello")
    complaint(ask(tmp_path / "README.md"))
    assert [path.name for path in tmp_path.iterdir() if "README" in path.name] == ["README.md"]


def test_a_folder_of_mine_is_no_results_folder(ask: Ask, handed: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "grades.csv").write_text("mine")
    assert "not empty" in complaint(ask(handed, "--out", tmp_path / "mine"))
    assert (tmp_path / "mine" / "grades.csv").read_text() == "mine"


def test_another_class_gets_another_folder(ask: Ask, handed: Path, tmp_path: Path) -> None:
    assert ask(handed, "--no-exports")[0] == cli.PASSED
    results = handed.with_name("class.grades")
    other = hand_in(tmp_path / "other", zed=b"pass = 1\n")
    line = complaint(ask(other, "--out", results))
    assert str(handed) in line
    assert len(rows(results, "SELECT id FROM runs")) == 1
    hand_in(other, bob=b"pass = 1\n")  # a later folder of the same class
    assert ask(other, "--out", results, "--no-exports")[0] == cli.PASSED


def test_names_that_swallow_the_folder(ask: Ask, handed: Path) -> None:
    assert "put DIR before" in complaint(ask("--exercises", "ex03", handed))
    assert "put DIR before" not in complaint(ask("--list"))


def test_two_at_once(ask: Ask, handed: Path) -> None:
    with Store(handed.with_name("class.grades"), "en"):
        assert "another grade-class" in complaint(ask(handed))
    assert ask(handed, "--no-exports")[0] == cli.PASSED


def test_a_store_that_is_none(ask: Ask, handed: Path) -> None:
    results = handed.with_name("class.grades")
    results.mkdir()
    (results / NAME).write_bytes(b"hello" * 1000)
    assert "damaged" in complaint(ask(handed))
    assert (results / NAME).read_bytes() == b"hello" * 1000


def test_the_current_folder(ask: Ask, handed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has a name of its own, by which the results are called."""
    suite = Path.cwd()
    inside = hand_in(suite / "inbox", ann=b"pass = 1\n")
    monkeypatch.chdir(inside)
    assert ask(".", "--no-exports")[0] == cli.PASSED
    assert (suite / "inbox.grades" / NAME).is_file()
    monkeypatch.chdir(inside / "ann")
    assert ask("..", "--no-exports")[0] == cli.PASSED
    assert len(rows(suite / "inbox.grades")) == 1
