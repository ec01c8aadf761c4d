"""``watch`` as a command: which exercise it begins with, and what it refuses.

Whole sessions are in tests/watching/test_session.py.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from grader import cli
from grader.catalog import load_exercise
from grader.commands import watch
from grader.history import History
from grader.model import LANGUAGES, Language, Verdict
from grader.texts import table
from grader.watching.messages import Began, Done, Fault, Job, decode, encode

Answer = tuple[int, str, str]
Ask = Callable[..., Answer]


@pytest.fixture
def ask(
    suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Ask]:
    """Return a function that watches while keys come from a pipe: its code, and what it said."""
    monkeypatch.chdir(suite)
    monkeypatch.setenv("DOJO_LANG", "en")
    readers = []

    def ask(*words: str, keys: str = "q") -> Answer:
        capsys.readouterr()
        reading, writing = os.pipe()
        os.write(writing, keys.encode())
        os.close(writing)
        readers.append(os.fdopen(reading))
        monkeypatch.setattr(sys, "stdin", readers[-1])
        code = cli.main(["watch", *words])
        return code, *capsys.readouterr()

    yield ask
    for reader in readers:
        reader.close()


@pytest.fixture
def with_ex01(suite: Path, root: Path) -> Path:
    """Return a suite that has ex01 as well."""
    folder = "exercises/ex01_bytes_codec"
    shutil.copytree(root / folder, suite / folder)
    return suite


def passed(suite: Path, verdict: Verdict, name: str) -> None:
    """Put on record that an exercise has been passed."""
    passing = msgspec.structs.replace(verdict, exercise=name, status="passed")
    History(suite).record(passing, None, suite / "a.py", True)


def test_begins_with_the_first_exercise_that_has_not_been_passed(
    ask: Ask, with_ex01: Path, grade_source: Callable[..., Verdict]
) -> None:
    verdict = grade_source("ex03", "")
    assert "ex01 · " in ask()[1]
    passed(with_ex01, verdict, "ex01")
    assert "ex03 · " in ask()[1]
    assert "ex01 · " in ask("1")[1]
    passed(with_ex01, verdict, "ex03")
    assert "ex01 · " in ask()[1]


def test_q_is_0_and_leaves_the_keys_on_record_nowhere(ask: Ask, suite: Path) -> None:
    code, out, err = ask("ex03", keys="?xqq")
    assert (code, err) == (cli.PASSED, "")
    assert "h hint   e explain" in out
    assert "\x1b" not in out
    assert not (suite / ".dojo").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ex99"], "there is no exercise ex99"),
        (["ex03", "ex01"], "unrecognized arguments"),
        (["--isolation", "most"], "invalid choice"),
        (["--lang", "xx"], "invalid choice"),
    ],
)
def test_what_cannot_be_watched_is_one_line(ask: Ask, words: list[str], said: str) -> None:
    code, out, err = ask(*words)
    assert (code, out) == (cli.BAD_REQUEST, "")
    assert said in err
    assert err.count("\n") == 1


def test_outside_a_suite(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    code, _, err = ask()
    assert (code, err.count("\n")) == (cli.BAD_REQUEST, 1)
    (tmp_path / "elsewhere" / "exercises").mkdir()
    assert "there are no exercises" in ask()[2]


def test_a_broken_manifest_keeps_no_other_exercise_back(ask: Ask, with_ex01: Path) -> None:
    manifest = with_ex01 / "exercises" / "ex01_bytes_codec" / "exercise.yaml"
    manifest.write_text("id: [")
    code, out, _ = ask()
    assert (code, "ex03 · " in out) == (cli.PASSED, True)
    code, _, err = ask("ex01")
    assert (code, "exercise.yaml" in err) == (cli.BAD_REQUEST, True)
    shutil.rmtree(with_ex01 / "exercises" / "ex03_tcp_echo")
    code, _, err = ask()
    assert (code, "exercise.yaml" in err) == (cli.BAD_REQUEST, True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_help(ask: Ask, language: Language) -> None:
    code, out, _ = ask("--help", "--lang", language)
    assert code == cli.PASSED
    assert "".join(table("watch", language)["about"].split()) in "".join(out.split())


def test_its_child_grades_what_its_input_asks_for_until_that_ends(suite: Path) -> None:
    exercise = load_exercise(suite, "ex03")
    stub = suite / "exercises" / exercise.folder / "tcp_echo.py"
    command = [sys.executable, "-I", str(watch._MAIN), "watch", watch._SERVE]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for ticket, path in enumerate((stub, stub.with_name("none.py")), 1):
            child.stdin.write(encode(Job(ticket, exercise, os.fsencode(path), "zh", "none")))
            child.stdin.flush()
            assert decode(child.stdout.readline()) == Began(ticket)
            done = decode(child.stdout.readline())
            assert isinstance(done, Done)
            assert done.verdict.language == "zh"
            assert hashlib.sha256(done.source).hexdigest() == done.verdict.sha256
            assert done.verdict.status == "failed"
        stub.unlink()
        stub.symlink_to(stub.name)
        child.stdin.write(encode(Job(9, exercise, os.fsencode(stub), "en", "none")))
        child.stdin.flush()
        fault = decode(child.stdout.readline())
        assert isinstance(fault, Fault)
        assert (fault.ticket, fault.code, fault.final) == (9, cli.BAD_REQUEST, False)
        assert "cannot be read" in fault.line
        child.stdin.close()
        child.stdin = None
        out, err = child.communicate(timeout=60)
    assert child.returncode in (cli.PASSED, cli.INTERRUPTED)
    assert out == b""
    assert b"Traceback" not in err
