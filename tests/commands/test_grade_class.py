"""``grade-class`` as it is used: what it does and says; a backend grades at once.

What it refuses is in test_class_request.py; real workers, signals and ``kill -9`` are in
test_stopping.py.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from grader import cli
from grader.classroom import exports
from grader.classroom.pool import PoolError
from grader.classroom.store import NAME
from grader.commands import grade_class
from grader.commands._class_request import asked
from grader.model import LANGUAGES, Isolation
from tests.classroom.conftest import FakeBackend

from .class_asking import ROOT, Ask, complaint, hand_in, rows


def test_grades_go_beside_what_was_handed_in(ask: Ask, handed: Path, backend: FakeBackend) -> None:
    before = sorted(handed.rglob("*"))
    code, out, err = ask(handed, "--no-exports")
    assert code == cli.PASSED
    assert "students: 3, files to grade: 3" in out
    assert out.endswith(
        f"Grades and exports are in {handed.with_name('class.grades')}:\n  {NAME}\n"
    )
    assert "3/3 graded · 1 passed · 2 failed" in err
    assert sorted(handed.rglob("*")) == before
    kept = sorted(path.name for path in handed.with_name("class.grades").iterdir())
    assert kept == ["grades.lock", NAME]
    assert len(rows(handed.with_name("class.grades"))) == 3


def test_a_second_time_grades_nothing_and_writes_everything(
    ask: Ask, handed: Path, backend: FakeBackend
) -> None:
    ask(handed, "--no-exports")
    code, out, err = ask(handed, "--export", "csv")
    assert (code, err, backend.graded) == (cli.PASSED, "", [])
    assert "students: 3" in out
    assert (handed.with_name("class.grades") / "grades.csv").is_file()


def test_regrade_grades_again_and_keeps_the_history(ask: Ask, handed: Path) -> None:
    ask(handed, "--no-exports")
    assert ask(handed, "--no-exports", "--regrade")[0] == cli.PASSED
    assert len(rows(handed.with_name("class.grades"))) == 6


def test_only_the_exercises_that_were_asked_for(
    ask: Ask, handed: Path, backend: FakeBackend
) -> None:
    code, out, _ = ask(handed, "--no-exports", "--exercises", "3")
    assert code == cli.PASSED
    assert out.count("ex03") == 1
    assert len(backend.graded) == 3


def test_options_that_take_names_may_be_repeated(ask: Ask, handed: Path) -> None:
    """Each time one name, or several at a time: none replaces another."""
    words = ["--export", "csv", "jsonl", "--export", "junit", "--exercises", "ex03"]
    assert ask(handed, *words, "--exercises", "tcp_echo")[0] == cli.PASSED
    written = {path.name for path in handed.with_name("class.grades").iterdir()}
    assert {"grades.csv", "verdicts.jsonl", "junit.xml"} <= written
    assert "dashboard.html" not in written


def test_list_grades_and_writes_nothing(ask: Ask, handed: Path, backend: FakeBackend) -> None:
    code, out, err = ask(handed, "--list")
    assert (code, err, backend.graded) == (cli.PASSED, "", [])
    assert out.strip()
    assert not handed.with_name("class.grades").exists()
    assert len(ask(handed, "--list", "--verbose")[1]) >= len(out)


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_languages(ask: Ask, handed: Path, language: str) -> None:
    code, out, err = ask(handed, "--lang", language, "--no-exports")
    assert code == cli.PASSED
    assert ("名学生" in out) == (language == "zh") == ("已评" in err)


def test_help(ask: Ask) -> None:
    code, out, err = ask("--help")
    assert (code, err) == (cli.PASSED, "")
    assert "--regrade" in out
    assert "重新评测" in ask("--help", "--lang", "zh")[1]


def test_all_exports_are_written_where_none_is_named(
    ask: Ask, handed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []

    def write(name: str, result: object, course: object, folder: Path) -> list[Path]:
        written.append((name, folder))
        return []

    monkeypatch.setattr(exports, "write", write)
    assert ask(handed)[0] == cli.PASSED
    assert written == [(name, handed.with_name("class.grades")) for name in exports.names()]


def test_the_course_is_handed_to_exports(
    ask: Ask, handed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def write(*words: Any) -> list[Path]:
        seen.append(words)
        return [words[3] / "a.csv", words[3] / "many" / "1", words[3] / "many" / "2"]

    monkeypatch.setattr(exports, "write", write)
    course = tmp_path / "course.yaml"
    course.write_text("title: Networks 2026\nexercises:\n  ex03: {points: 10}\n")
    code, out, _ = ask(handed, "--course", course, "--export", "csv")
    assert code == cli.PASSED
    assert out.endswith(":\n  grades.sqlite3, a.csv, many/ (2)\n")
    ((_, result, given, _),) = seen
    assert (result.title, given.title) == ("Networks 2026", "Networks 2026")
    assert [student.key for student in result.collection.students] == ["ann", "bob", "cyd"]
    assert len(result.graded) == 3


# -- what goes wrong on our side -------------------------------------------------------------


def test_3_where_a_submission_has_no_grade_through_our_fault(ask: Ask, tmp_path: Path) -> None:
    folder = hand_in(tmp_path / "class", ann=b"boom = 1\n", bob=b"pass = 1\n")
    code, out, _ = ask(folder, "--no-exports")
    assert code == cli.OUR_FAULT
    assert "1 without a grade through our fault" in out
    assert "it died: ann · ex03 · ann/tcp_echo.py" in " ".join(out.split())
    assert ask(folder, "--no-exports")[0] == cli.OUR_FAULT  # tried again
    assert rows(tmp_path / "class.grades") == [("error",), ("passed",), ("error",)]


def test_a_later_fault_of_ours_is_told_and_changes_no_grade(
    ask: Ask, handed: Path, backend: FakeBackend
) -> None:
    ask(handed, "--no-exports")
    backend.error = "no room"
    code, out, _ = ask(handed, "--no-exports", "--regrade")
    assert code == cli.PASSED
    assert "3 where an earlier grade stands" in out
    assert "no room" in " ".join(out.split())


def test_workers_that_cannot_be_started(ask: Ask, handed: Path, backend: FakeBackend) -> None:
    backend.most, backend.breaks = 1, PoolError("no such program", "")
    line = complaint(ask(handed), cli.OUR_FAULT)
    assert "no such program" in line
    assert "nox -s grade-class -- " in line
    assert len(rows(handed.with_name("class.grades"))) == 1


EXPORT_FAILURES = {
    "cannot be written": (PermissionError(13, "Permission denied"), 2, "Permission denied"),
    "is broken": (ZeroDivisionError("division"), cli.OUR_FAULT, "ZeroDivisionError"),
}


@pytest.mark.parametrize(("error", "code", "said"), EXPORT_FAILURES.values(), ids=EXPORT_FAILURES)
def test_an_export_that_fails_keeps_no_other_back(
    ask: Ask, handed: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, said: str
) -> None:
    written = []

    def write(name: str, *more: object) -> list[Path]:
        if name == "csv":
            raise error
        written.append(name)
        return []

    monkeypatch.setattr(exports, "write", write)
    answer = ask(handed)
    assert said in complaint(answer, code)
    assert len(written) == len(exports.names()) - 1
    assert "students: 3" in answer[1]


def test_an_export_that_cannot_be_made_is_told_to_who_asked(
    ask: Ask, handed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(name: str, *more: object) -> list[Path]:
        if name == "csv":
            raise exports.ExportError("install it")
        return []

    monkeypatch.setattr(exports, "write", write)
    code, out, err = ask(handed)
    assert (code, "dojo: " in err) == (cli.PASSED, False)
    assert out.splitlines()[-1].startswith("Not made: csv (--export NAME")
    assert "install it" in complaint(ask(handed, "--export", "csv"))


@pytest.mark.parametrize(
    ("level", "said"), [("full", ""), ("partial", "only partial"), ("none", "without isolation")]
)
def test_isolation_that_is_not_full_is_told_before_anything_runs(
    handed: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    level: Any,
    said: str,
) -> None:
    box = SimpleNamespace(isolation=Isolation(level, "x", ("no bubblewrap",)), close=lambda: None)
    monkeypatch.setattr(grade_class, "open_sandbox", lambda *words: box)
    monkeypatch.setattr(grade_class, "Pool", lambda *words, **more: capsys.readouterr().err)
    monkeypatch.chdir(ROOT)
    request = asked([str(handed)], "en")
    told = grade_class._backend(request, SimpleNamespace(workers=handed))  # type: ignore[arg-type]
    assert said in str(told)
    assert bool(said) == ("no bubblewrap" in str(told))


# -- what it is about ------------------------------------------------------------------------


def ids(shown: str) -> list[str]:
    return re.findall(r"^ +(ex[0-9]{2}) ", shown, re.MULTILINE)


COURSE = """
timezone: Europe/Berlin
exercises:
  ex07: {points: 10, due: 2026-01-01 12:00}
excused:
  - nobody@example.org
"""


def test_the_exercises_are_the_courses(ask: Ask, handed: Path, tmp_path: Path) -> None:
    """And what was handed in; ``--list`` and the run agree."""
    for kind in ("exercises", "solutions"):
        name = f"{kind}/ex07_multi_client"
        shutil.copytree(ROOT / name, name, ignore=shutil.ignore_patterns("__pycache__"))
    course = tmp_path / "course.yaml"
    course.write_text(COURSE)
    for words in (["--list"], ["--no-exports"]):
        assert ids(ask(handed, *words)[1]) == ["ex03"]
        assert ids(ask(handed, *words, "--course", course)[1]) == ["ex03", "ex07"]
        assert ids(ask(handed, *words, "--course", course, "--exercises", "7")[1]) == ["ex07"]


def test_rules_without_effect_are_told(ask: Ask, handed: Path, tmp_path: Path) -> None:
    course = tmp_path / "course.yaml"
    course.write_text(COURSE.replace("ex07", "ex03"))
    for words in (["--list"], ["--no-exports"]):
        assert "known time" not in ask(handed, *words)[1]
        out = " ".join(ask(handed, *words, "--course", course)[1].split())
        assert "files without a known time: 3;" in out
        assert "nobody@example.org" in out


def test_what_was_not_written_this_time_is_named(ask: Ask, handed: Path) -> None:
    assert "out of date" not in ask(handed, "--export", "csv", "jsonl")[1]
    out = ask(handed, "--export", "csv")[1]
    assert out.splitlines()[-1] == "Not written this time, so maybe out of date: verdicts.jsonl"
