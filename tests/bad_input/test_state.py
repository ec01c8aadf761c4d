"""What is remembered between gradings: broken, in the way, read-only, written by two at once.

What can be wrong with its file is in tests/test_store.py and tests/test_history.py; here it
stands in the way of whole commands.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from grader import cli, store
from grader.catalog import load_exercise
from grader.history import History

from .conftest import EX03, WORK, Answer, become_nobody

Ask = Callable[..., Answer]
FILE = ".dojo/history.sqlite3"
WORDS = (
    (["hint", "ex03"], cli.PASSED),
    (["progress"], cli.PASSED),
    (["grade", "ex03"], cli.FALLEN_SHORT),
    (["hint", "ex03", "--again"], cli.PASSED),
    (["progress", "ex03"], cli.PASSED),
    (["solution", "ex03"], cli.BAD_REQUEST),
    (["grade", "ex03"], cli.FALLEN_SHORT),
)


def says_little(answer: Answer, code: int) -> None:
    """Prove that a command was carried out, or refused, with a line about the record at most."""
    assert answer.code == code, answer
    assert "Traceback" not in answer.out + answer.err
    assert answer.err.count("\n") <= 1 + (code == cli.BAD_REQUEST)
    assert all(line.startswith("dojo: ") for line in answer.err.splitlines())
    assert code == cli.BAD_REQUEST or answer.out


def broken(path: Path) -> None:
    path.write_bytes(b"no database\n" * 1000)


def cut(path: Path) -> None:
    History(path.parents[1]).give_up("ex07")
    os.truncate(path, path.stat().st_size // 2)


def other_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE attempts (x)")
        database.execute("PRAGMA user_version = 1")


@pytest.mark.parametrize("make", [broken, cut, other_tables])
def test_a_broken_record_is_set_aside_by_whoever_finds_it(
    ask: Ask, suite: Path, make: Callable[[Path], None]
) -> None:
    (suite / ".dojo").mkdir()
    make(suite / FILE)
    was = (suite / FILE).read_bytes()
    (suite / WORK).write_bytes(b"")
    answers = []
    for words, code in WORDS:
        answers.append(ask(*words))
        says_little(answers[-1], code)
    told = [answer for answer in answers if "history" in answer.err]
    assert told == answers[:1]
    assert "is kept as .dojo/history.broken-1.sqlite3, and a new history begins" in told[0].err
    assert (suite / ".dojo" / "history.broken-1.sqlite3").read_bytes() == was
    assert len(History(suite).attempts("ex03")) == 2


@pytest.mark.parametrize("kind", ["pipe", "folder", "loop", "device", "socket", "newer"])
def test_a_record_that_cannot_be_used_holds_nobody_up(ask: Ask, suite: Path, kind: str) -> None:
    (suite / ".dojo").mkdir()
    path = suite / FILE
    (suite / WORK).write_bytes(b"")
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(FILE)
    else:
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA user_version = 2")
    for words, code in WORDS:
        answer = ask(*words)
        says_little(answer, code)
        assert answer.err
    assert {entry.name for entry in (suite / ".dojo").iterdir()} == {
        ".gitignore", "history.sqlite3"
    }  # fmt: skip


def test_strange_content_stops_nobody(ask: Ask, suite: Path) -> None:
    (suite / WORK).write_bytes(b"")
    check = load_exercise(suite, "ex03").checks[0].id
    ask("grade", "ex03")
    ask("hint", "ex03")
    with closing(sqlite3.connect(suite / FILE, isolation_level=None)) as database:
        for statement in (
            'UPDATE attempts SET checks = \'[["no_such_check", "failed", 7, null]]\'',
            "INSERT INTO attempts SELECT NULL, at, exercise, sha256, path, status, 'many', 9e999,"
            " -1, 1e300, '{', complete, isolation, x'ff' FROM attempts",
            "UPDATE hints SET stage = 99999999999999999",
            "INSERT INTO hints VALUES ('ex03', 'gone', x'ff', 'many', 7)",
        ):
            database.execute(statement)
    for words, code in (*WORDS, (["hint", "ex03", check], cli.PASSED)):
        says_little(ask(*words), code)


@pytest.mark.usefixtures("rootly")
@pytest.mark.parametrize("kind", ["folder", "suite", "file"])
def test_a_record_that_is_read_only_stays_as_it_is(
    branch: Ask, open_suite: Path, kind: str
) -> None:
    (open_suite / WORK).write_bytes(b"")
    if kind != "suite":
        History(open_suite).give_up("ex03")
        (open_suite / ".dojo").chmod(0o755)
        (open_suite / FILE).chmod(0o444 if kind == "folder" else 0)
    before = (open_suite / FILE).read_bytes() if kind != "suite" else b""
    answer = branch("grade", "ex03", cwd=open_suite, before=become_nobody)
    assert answer.code == cli.FALLEN_SHORT
    assert answer.err.startswith("dojo: this cannot be recorded (.dojo")
    assert answer.err.count("\n") == 1
    answer = branch("progress", cwd=open_suite, before=become_nobody)
    assert answer.code == cli.PASSED
    assert ("given up" in answer.out) == (kind == "folder")
    assert bool(answer.err) == (kind == "file")
    if kind == "suite":
        assert not (open_suite / ".dojo").exists()
    else:
        assert (open_suite / FILE).read_bytes() == before
        names = {entry.name for entry in (open_suite / ".dojo").iterdir()}
        assert names == {".gitignore", "history.sqlite3"}


def test_a_record_that_is_locked_for_long_costs_a_line(
    ask: Ask, suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_BUSY_S", 0.05)
    (suite / WORK).write_bytes(b"")
    ask("grade", "ex03")
    with closing(sqlite3.connect(suite / FILE, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for words, code in WORDS:
            answer = ask(*words)
            says_little(answer, code)
            assert "database is locked" in answer.err
    assert len(History(suite).attempts("ex03")) == 1


def test_two_gradings_of_one_file_at_once(run: Ask, suite: Path) -> None:
    shutil.copy(suite / "solutions" / EX03 / "tcp_echo.py", suite / WORK)
    answers: list[Answer] = []

    def grade(name: str) -> None:
        answers.append(run("grade", "ex03", "--format", f"json={name}", "--out", "both.txt",
                           "--format", "text"))  # fmt: skip

    threads = [threading.Thread(target=grade, args=(f"v{n}.json",)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(answer.code, answer.err) for answer in answers] == [(0, "")] * 2
    verdicts = [json.loads((suite / f"v{n}.json").read_text("utf-8")) for n in range(2)]
    assert [verdict["status"] for verdict in verdicts] == ["passed"] * 2
    assert verdicts[0]["sha256"] == verdicts[1]["sha256"]
    recorded = History(suite).attempts("ex03")
    assert [(attempt.status, attempt.sha256) for attempt in recorded] == [
        ("passed", verdicts[0]["sha256"])
    ] * 2
    assert {entry.name for entry in (suite / ".dojo").iterdir()} == {
        ".gitignore", "history.sqlite3"
    }  # fmt: skip
    assert {entry.name for entry in suite.iterdir()} == {
        "exercises", "solutions", ".dojo", "v0.json", "v1.json", "both.txt"
    }  # fmt: skip


def test_a_state_of_an_older_version_is_left_alone(ask: Ask, suite: Path) -> None:
    (suite / ".dojo").mkdir()
    old = suite / ".dojo" / "ex03.json"
    old.write_text('{"graded": true, "failed": []}')
    (suite / WORK).write_bytes(b"")
    assert ask("hint", "ex03").code == cli.PASSED
    assert ask("grade", "ex03").code == cli.FALLEN_SHORT
    assert old.read_text() == '{"graded": true, "failed": []}'
