"""Broken exercises: one line that names file, line and key, a 2, and no other exercise suffers.

What the catalogue says of each kind of fault inside a manifest is in tests/test_catalog.py, and
tests/fuzz/test_manifest.py makes them up; here are whole files and folders, and numbers that no
grading could be carried out with.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from grader import cli
from grader.catalog import MAX_BYTES, CatalogError, load_exercise

from .conftest import EX03, Answer, become_nobody

Ask = Callable[..., Answer]
SHOWN = f"exercises/{EX03}/exercise.yaml"
BOMB = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(12)
)
BROKEN: dict[str, tuple[bytes, str]] = {
    "not YAML": (b"id: ex03\nslug: [tcp_echo\n", ":3: YAML: "),
    "a program": (
        b"def serve(host, port):\n    return 1\n",
        ":1: def serve(host, port): unknown key",
    ),
    "JSON of something else": (b'{"cells": []}', ":1: cells: unknown key"),
    "HTML, an error page saved": (b"<!DOCTYPE html>\n<html></html>\n", ":1: expected object, got"),
    "a merge conflict": (b"id: ex03\n<<<<<<< HEAD\nslug: a\n", ":3: YAML: "),
    "a billion laughs": (BOMB.encode(), ":2: b[0]: aliases (*a) are not allowed"),
    "ten megabytes": (b"id: ex03\n" + b"# \xe4\xbd\xa0\n" * (10 << 17), f"larger than {MAX_BYTES}"),
    "binary": (bytes(range(256)) * 8, ":2: not UTF-8: byte 0x80"),
    "byte code": (b"\xa7\r\r\n" + bytes(12), ":1: not UTF-8: byte 0xa7"),
    "UTF-16 without BOM": ("id: ex03\n".encode("utf-16-le"), ":1: YAML: "),
    "nothing but a BOM": (b"\xef\xbb\xbf", ":1: empty"),
    "a tag that would run code": (b"!!python/object/apply:os.system [id]", ":1: tag tag:yaml.org"),
    "two documents": (b"id: ex03\n---\nid: ex03\n", ":"),
}
# What a key is changed to, and what is said of it.
NUMBERS: dict[str, tuple[str, str]] = {
    "points": ("1.0e+308", "checks[0].points: must be 1,000,000 at most"),
    "cpu_s": ("1.0e+300", "limits.cpu_s: must be 86,400 at most"),
    "check_s": ("86401", "limits.check_s: must be 86,400 at most"),
    "memory_mb": ("9223372036854775807", "limits.memory_mb: must be 1,048,576 at most"),
    "processes": ("1" + "0" * 30, "limits.processes: "),
    "open_files": ("-1", "limits.open_files: must be more than 0 and finite"),
    "file_mb": (".nan", "limits.file_mb: expected int, got float"),
    "output_kb": ("1:59:59:59:59:59:59:59:59:59", "limits.output_kb: no int: "),
}


@pytest.fixture
def manifest(suite: Path) -> Path:
    return suite / SHOWN


def add_a_good_one(suite: Path) -> None:
    """Put a second exercise beside ex03, so that one can be broken and the other not."""
    folder = suite / "exercises" / "ex98_other"
    shutil.copytree(suite / "exercises" / EX03, folder)
    (folder / "tcp_echo.py").rename(folder / "other.py")
    text = (folder / "exercise.yaml").read_text("utf-8").replace("id: ex03", "id: ex98", 1)
    text = text.replace("slug: tcp_echo", "slug: other", 1)
    (folder / "exercise.yaml").write_text(text, "utf-8")


@pytest.mark.parametrize(("content", "said"), BROKEN.values(), ids=BROKEN)
def test_2_and_the_place_where_a_manifest_is_broken(
    ask: Ask, suite: Path, manifest: Path, content: bytes, said: str
) -> None:
    add_a_good_one(suite)
    manifest.write_bytes(content)
    line = ask("grade", "ex03", "--file", os.devnull).refuses(f"dojo: {SHOWN}:")
    assert said in line
    assert len(line) < 400
    assert ask("grade", "ex98", "--file", os.devnull).code == cli.FALLEN_SHORT
    assert ask("hint", "ex98").code == cli.PASSED
    ask("grade").refuses(SHOWN)


@pytest.mark.parametrize("name", NUMBERS)
def test_2_where_no_grading_could_be_carried_out_with_a_number(
    ask: Ask, manifest: Path, name: str
) -> None:
    number, said = NUMBERS[name]
    text = manifest.read_text("utf-8")
    if name == "points":
        text = text.replace("points: 1", f"points: {number}", 1)
    else:
        text += f"limits: {{{name}: {number}}}\n"
    manifest.write_text(text, "utf-8")
    assert said in ask("grade", "ex03").refuses(SHOWN)


def test_the_largest_numbers_are_carried_out(ask: Ask, suite: Path, manifest: Path) -> None:
    text = manifest.read_text("utf-8").replace("points: 1\n", "points: 1.0e+6\n")
    manifest.write_text(f"{text}limits: {{output_kb: 1048576, check_s: 86400}}\n", "utf-8")
    (suite / "mine.py").write_text("def serve(:\n")
    answer = ask("grade", "ex03", "--file", "mine.py", "--format", "json")
    assert (answer.is_presentable().code, answer.err) == (cli.FALLEN_SHORT, "")


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "socket", "device", "loop", "shut"])
def test_2_where_the_manifest_is_no_file(
    ask: Ask, branch: Ask, suite: Path, manifest: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    manifest.unlink()
    if kind == "folder":
        manifest.mkdir()
    elif kind == "pipe":
        os.mkfifo(manifest)
    elif kind == "socket":
        import socket

        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(f"{SHOWN}"[-100:])
    elif kind == "device":
        manifest.symlink_to("/dev/zero")
    elif kind == "loop":
        manifest.symlink_to(manifest)
    elif kind == "shut":
        request.getfixturevalue("rootly")
        suite = request.getfixturevalue("open_suite")
        (suite / SHOWN).touch()
        (suite / SHOWN).chmod(0)
        branch("grade", "ex03", cwd=suite, before=become_nobody).refuses("Permission denied")
        return
    ask("grade", "ex03").refuses(f"dojo: {SHOWN}:1: ")
    ask("hint", "ex03").refuses(f"dojo: {SHOWN}:1: ")


@pytest.mark.parametrize("kind", ["a file", "empty", "a loop", "shut"])
def test_2_where_there_are_no_exercises_to_be_found(
    ask: Ask, branch: Ask, suite: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    folder = suite / "exercises"
    if kind == "shut":
        request.getfixturevalue("rootly")
        suite = request.getfixturevalue("open_suite")
        (suite / "exercises").chmod(0o711)
        branch("grade", cwd=suite, before=become_nobody).refuses("exercises")
        return
    shutil.rmtree(folder)
    if kind == "a file":
        folder.write_text("")
    elif kind == "empty":
        folder.mkdir()
    else:
        folder.symlink_to(folder)
    ask("grade").refuses("exercises")
    ask("grade", "ex03").refuses()


def test_a_check_without_its_harness_function_is_a_fault_of_ours(
    ask: Ask, suite: Path, manifest: Path
) -> None:
    text = manifest.read_text("utf-8")
    manifest.write_text(text.replace("server_echoes_one_message", "nobody_wrote_this"))
    (suite / "mine.py").write_text("def serve(h, p): ...\ndef echo(h, p, m, t): ...\n")
    words = ["--check", "nobody_wrote_this", "--format", "json"]
    answer = ask("grade", "ex03", "--file", "mine.py", *words).is_presentable()
    assert answer.code == cli.OUR_FAULT
    assert "the harness lacks checks: nobody_wrote_this" in answer.out
    assert '"status": "failed"' not in answer.out


@pytest.mark.parametrize("name", ["ex03_TCP_echo", "ex03-tcp-echo", "ex3_tcp_echo", "ex03_回显"])
def test_a_folder_of_a_wrong_name_is_no_exercise(ask: Ask, suite: Path, name: str) -> None:
    (suite / "exercises" / EX03).rename(suite / "exercises" / name)
    ask("grade", "ex03").refuses("there is no exercise ex03")
    ask("grade").refuses("there are no exercises")


def test_a_folder_of_another_number_is_told_from_its_manifest(suite: Path) -> None:
    (suite / "exercises" / EX03).rename(suite / "exercises" / "ex04_tcp_echo")
    with pytest.raises(CatalogError, match=r"ex04_tcp_echo/exercise.yaml:1: id: expected ex04"):
        load_exercise(suite, "4")
