"""What is remembered between gradings: broken, from the future, written by two at once.

That broken JSON is passed over is in tests/test_progress.py.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from grader import cli
from grader.progress import recall, store

from .conftest import EX03, WORK, Answer, become_nobody

Ask = Callable[..., Answer]
FILE = ".dojo/ex03.json"
CHECK = "server_echoes_one_message"
DEEP = "[" * 900 + "]" * 900

FUTURE: dict[str, str] = {
    "another schema": '{"schema": 99, "failed": {"a": 1}, "shown": ["x"], "graded": "yes"}',
    "lists in lists": '{"graded": true, "failed": [["server_echoes_one_message"], {}, null, 7]}',
    "counts that are none": f'{{"shown": {{"{CHECK}": "many"}}}}',
    "counts below zero": f'{{"shown": {{"{CHECK}": -7}}}}',
    "counts without end": f'{{"shown": {{"{CHECK}": 1{"0" * 400}}}}}',
    "counts that are no numbers": f'{{"shown": {{"{CHECK}": NaN}}}}',
    "a lone surrogate": '{"note": "\\ud800"}',
    "deep": f'{{"note": {DEEP}}}',
    "checks that are gone": '{"graded": true, "failed": ["no_such_check"]}',
}


@pytest.mark.parametrize("content", FUTURE.values(), ids=FUTURE)
def test_a_state_from_the_future_stops_nobody(ask: Ask, suite: Path, content: str) -> None:
    (suite / ".dojo").mkdir()
    (suite / FILE).write_text(content)
    (suite / WORK).write_bytes(b"")
    for words in (["hint", "ex03"], ["hint", "ex03", "--again"], ["hint", "ex03", CHECK]):
        answer = ask(*words)
        assert (answer.code, answer.err) == (cli.PASSED, "")
    assert ask("grade", "ex03").code == cli.FALLEN_SHORT
    answer = ask("hint", "ex03")
    assert (answer.code, answer.err) == (cli.PASSED, "")
    json.loads((suite / FILE).read_text())


@pytest.mark.parametrize("kind", ["pipe", "folder", "loop", "device", "socket", "huge"])
def test_a_state_that_is_no_file_holds_nobody_up(ask: Ask, suite: Path, kind: str) -> None:
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
        import socket

        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(FILE)
    else:
        with path.open("wb") as file:
            file.truncate(1 << 33)
    for words, code in (
        (["hint", "ex03"], cli.PASSED),
        (["grade", "ex03"], cli.FALLEN_SHORT),
        (["hint", "ex03"], cli.PASSED),
    ):
        answer = ask(*words)
        assert (answer.code, answer.err) == (code, "")
    assert [entry.name for entry in (suite / ".dojo").iterdir()] == ["ex03.json"]


@pytest.mark.usefixtures("rootly")
@pytest.mark.parametrize("kind", ["folder", "suite", "file"])
def test_a_state_that_is_read_only_stays_as_it_is(branch: Ask, open_suite: Path, kind: str) -> None:
    (open_suite / WORK).write_bytes(b"")
    before = '{"graded": true, "failed": []}'
    if kind != "suite":
        (open_suite / ".dojo").mkdir(mode=0o755)
        (open_suite / FILE).write_text(before)
        (open_suite / FILE).chmod(0o444 if kind == "folder" else 0)
    for words, code in ((["grade", "ex03"], cli.FALLEN_SHORT), (["hint", "ex03"], cli.PASSED)):
        answer = branch(*words, cwd=open_suite, before=become_nobody)
        assert (answer.code, answer.err) == (code, "")
    assert kind == "suite" or (open_suite / FILE).read_text() == before


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
    assert recall(suite, "ex03") == {"failed": [], "graded": True}
    assert [entry.name for entry in (suite / ".dojo").iterdir()] == ["ex03.json"]
    assert {entry.name for entry in suite.iterdir()} == {
        "exercises", "solutions", ".dojo", "v0.json", "v1.json", "both.txt"
    }  # fmt: skip


def test_a_reader_never_sees_half_a_state(tmp_path: Path) -> None:
    big = {"failed": ["x" * 5000], "graded": True}
    store(tmp_path, "ex03", big)

    def write() -> None:
        for _ in range(50):
            store(tmp_path, "ex03", big)

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert recall(tmp_path, "ex03") == big
    assert [entry.name for entry in (tmp_path / ".dojo").iterdir()] == ["ex03.json"]
