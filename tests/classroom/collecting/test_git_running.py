"""A git that says too much, too long, or nothing."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grader.classroom.collecting import git_running, limits
from grader.classroom.collecting.git_running import CloneError

from .test_git import repository, run

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def fake(place: Path, does: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = place / "git"
    program.write_text(f"#!/bin/sh\n{does}\n")
    program.chmod(0o755)
    monkeypatch.setattr(git_running, "git_program", lambda: str(program))


def test_a_tree_without_end_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(tmp_path, "exec tr '\\0' x </dev/zero", monkeypatch)
    with pytest.raises(CloneError) as caught:
        git_running.tree(tmp_path, 600)
    assert caught.value.reason == "too_many_members"
    assert caught.value.refused


def test_records_are_counted_as_they_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_MEMBERS", 1000)
    fake(tmp_path, "exec cat /dev/zero", monkeypatch)
    with pytest.raises(CloneError) as caught:
        git_running.tree(tmp_path, 600)
    assert caught.value.reason == "too_many_members"


def test_a_git_that_says_nothing_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(tmp_path, "exec tail -f /dev/null", monkeypatch)
    with pytest.raises(CloneError) as caught:
        git_running.tree(tmp_path, 0.2)
    assert caught.value.reason == "reading_too_slow"
    assert caught.value.refused


def test_a_commit_of_many_megabytes_is_cut(tmp_path: Path) -> None:
    place = repository(tmp_path / "a.git", {"tcp_echo.py": b""})
    tree = run(f"--git-dir={place}", "rev-parse", "HEAD^{tree}").decode().strip()
    text = f"tree {tree}\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\n".encode()
    commit = run(
        f"--git-dir={place}", "hash-object", "-w", "-t", "commit", "--stdin",
        stdin=text + b"x" * 3_000_000,
    )  # fmt: skip
    said = git_running.ask(place, "cat-file", "commit", commit.decode().strip())
    assert len(said) == 1 << 20
    assert said.startswith(b"tree ")


def test_why_there_is_nothing(tmp_path: Path) -> None:
    place = repository(tmp_path / "a.git", {})
    with pytest.raises(CloneError) as caught:
        git_running.ask(place, "cat-file", "commit", "HEAD")
    assert caught.value.reason == "no_commit"
    assert "HEAD" in caught.value.detail
    assert not caught.value.refused


@pytest.mark.skipif(sys.platform != "linux", reason="bounds of address space are Linux's")
def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_running, "_LIMITED", "ulimit -v 1024")
    place = repository(tmp_path / "a.git", {"tcp_echo.py": b""})
    with pytest.raises(CloneError):
        git_running.ask(place, "cat-file", "commit", "HEAD")


@pytest.mark.skipif(sys.platform != "linux", reason="bounds of address space are Linux's")
def test_the_bounds_are_set() -> None:
    command = git_running.limited(["sh", "-c", "ulimit -v; ulimit -t"])
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stdout.split() == [b"%d" % (limits.GIT_MEMORY >> 10), b"%d" % limits.GIT_CPU_S]


def test_an_object_that_ends_early_is_none() -> None:
    said = io.BytesIO(b"0123 blob 10\nshort")
    with pytest.raises(CloneError) as caught:
        git_running.Objects(io.BytesIO(), said).read(b"0123")
    assert caught.value.reason == "broken_member"
