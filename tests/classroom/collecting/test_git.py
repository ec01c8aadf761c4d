"""Repositories cloned and looked at, none of which gets to run anything."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import subprocess
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path

import pytest

from grader.classroom.collecting import CollectError, Sources, git, limits
from grader.classroom.collecting.found import Findings, Repository

from .conftest import ECHO, Collect, stub, write

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
WHEN = datetime(2026, 11, 1, 12, 0, tzinfo=timezone.utc)
Content = Mapping[str, bytes | tuple[str, bytes]]
SUITE: Content = {
    "exercises/ex03_tcp_echo/tcp_echo.py": ECHO,
    "exercises/ex01_bytes_codec/bytes_codec.py": stub("ex01"),
    "README.md": b"",
}


def run(*words: str, stdin: bytes = b"") -> bytes:
    environment = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    environment["PATH"] = os.environ["PATH"]
    done = subprocess.run(
        ["git", *words], input=stdin, env=environment, check=True, capture_output=True
    )
    return done.stdout


def repository(place: Path, files: Content, bare: bool = True) -> Path:
    """Make a repository whose only commit is of `WHEN`; ("120000", b"…") is a link."""
    inside = place if bare else place / ".git"
    run("init", "--quiet", "--bare", "--template=", "--initial-branch=main", str(inside))
    commands = f"commit refs/heads/main\ncommitter A <a@b> {int(WHEN.timestamp())} +0100\n".encode()
    commands += b"data 1\nx\n"
    for name, content in files.items():
        mode, data = content if isinstance(content, tuple) else ("100644", content)
        if mode == "160000":
            commands += b"M 160000 " + data + b" " + name.encode() + b"\n"
            continue
        commands += f"M {mode} inline {name}\ndata {len(data)}\n".encode() + data + b"\n"
    if files:
        run(f"--git-dir={inside}", "fast-import", "--quiet", stdin=commands)
    if not bare:
        write(place, {n: c for n, c in files.items() if isinstance(c, bytes)})
    return place


def address(place: Path) -> str:
    return f"file://{place}"


def test_a_list_of_addresses(collected: Collect, tmp_path: Path) -> None:
    ann = repository(tmp_path / "lab-ann.git", SUITE)
    bob = repository(tmp_path / "lab-bob.git", {"tcp_echo.py": ECHO + b"2"})
    listed = tmp_path / "list.txt"
    listed.write_text(f"# class\r\n\r\n{address(ann)}\r\n{address(bob)}\r\n{address(ann)}\r\n")
    seen = collected(listed)
    assert seen.collection.layout == "git"
    assert seen.handed == {
        f"{address(ann)}!/exercises/ex03_tcp_echo/tcp_echo.py": ["ann ex03 1"],
        f"{address(bob)}!/tcp_echo.py": ["bob ex03 1"],
    }
    assert {one.submitted_at for one in seen.collection.handed} == {WHEN}
    assert seen.roles["list.txt"] == "ignored list_of_urls"
    assert seen.roles[address(ann)] == "archive cloned"
    assert seen.roles[f"{address(ann)}!/README.md"] == "ignored paper"
    stubs = f"{address(ann)}!/exercises/ex01_bytes_codec/bytes_codec.py"
    assert seen.roles[stubs] == "ignored stub"


def test_a_roster_with_addresses(collected: Collect, tmp_path: Path) -> None:
    place = repository(tmp_path / "whatever.git", SUITE)
    listed = tmp_path / "class.csv"
    listed.write_text(f"name,id,url\nAnn,1,{address(place)}\nBob,2,\nCid,3,{address(place)}x\n")
    seen = collected(listed)
    assert [one.student for one in seen.collection.handed] == ["1"]
    assert [student.key for student in seen.collection.missing()] == ["2", "3"]
    assert seen.roles["class.csv"] == "roster list_of_urls"
    assert seen.roles[f"{address(place)}x"] == "unreadable clone_failed"


def test_links_and_submodules_are_not_followed(collected: Collect, tmp_path: Path) -> None:
    files: Content = {
        "tcp_echo.py": ("120000", b"/etc/passwd"),
        "bytes_codec.py": ("160000", b"1" * 40),
        "__pycache__/x.py": b"",
        "ex14.zip": b"PK",
    }
    place = repository(tmp_path / "ann.git", files)
    listed = tmp_path / "list.txt"
    listed.write_text(address(place))
    seen = collected(listed)
    assert seen.handed == {}
    roles = {path.partition("!/")[2]: role for path, role in seen.roles.items()}
    assert roles["tcp_echo.py"] == "refused link"
    assert roles["bytes_codec.py"] == "ignored submodule"
    assert roles["__pycache__/"] == "ignored nobodys_folder"


@pytest.mark.parametrize(
    ("line", "role"),
    [
        ("ext::sh -c 'touch% {canary}'", "refused protocol"),
        ("http://127.0.0.1:1/x.git", "refused protocol"),
        ("git://127.0.0.1:1/x.git", "refused protocol"),
        ("--upload-pack=touch${{IFS}}{canary}", "refused no_url"),
        ("-u file:///x", "refused no_url"),
        ("just words", "refused no_url"),
        ("file:///nowhere/at/all.git", "unreadable clone_failed"),
    ],
)
def test_what_nobody_should_follow(
    line: str, role: str, collected: Collect, tmp_path: Path
) -> None:
    place = repository(tmp_path / "ann.git", SUITE)
    canary = tmp_path / "canary"
    listed = tmp_path / "list.txt"
    bad = line.format(canary=canary)
    listed.write_text(f"{address(place)}\n{bad}\n")
    seen = collected(listed)
    assert seen.roles[bad] == role
    assert len(seen.handed) == 1
    assert not canary.exists()


def test_a_repository_without_a_commit(collected: Collect, tmp_path: Path) -> None:
    place = repository(tmp_path / "ann.git", {})
    listed = tmp_path / "list.txt"
    listed.write_text(address(place))
    assert collected(listed).roles[address(place)].startswith("unreadable")


def test_passwords_in_addresses_are_not_shown(collected: Collect, tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("https://me:secret@127.0.0.1:1/ann.git\n")
    collection = collected(listed).collection
    assert "secret" not in repr(collection)
    assert "https://127.0.0.1:1/ann.git" in {entry.path for entry in collection.entries}


def test_a_clone_that_takes_too_long_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "git"  # one that never comes to an end, and has a helper
    program.write_text(f"#!/bin/sh\ntail -f /dev/null &\necho $! > {tmp_path}/helper\nwait\n")
    program.chmod(0o755)
    monkeypatch.setattr(git, "git_program", lambda: str(program))
    with pytest.raises(git.CloneError) as caught:
        git.clone("file:///x", tmp_path / "into.git", seconds=0.5)
    assert caught.value.reason == "clone_too_slow"
    helper = tmp_path / "helper"
    if helper.exists() and hasattr(os, "pidfd_open"):  # it got so far
        with contextlib.suppress(ProcessLookupError):
            watch = os.pidfd_open(int(helper.read_text()))
            ended = select.select([watch], [], [], 60)[0]
            os.close(watch)
            assert ended


def test_a_repository_too_big_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_MEMBERS", 2)
    place = repository(tmp_path / "ann.git", SUITE)
    with Sources(tmp_path / "s") as sources, pytest.raises(git.CloneError) as caught:
        git.read_clone(place, "x", "x", "", sources, Findings())
    assert caught.value.reason == "too_many_members"


def test_a_repository_of_many_names_for_one_file_is_refused(
    collected: Collect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_UNPACKED", 8 * 1000)
    bob = repository(tmp_path / "bob.git", {"tcp_echo.py": ECHO})
    place = repository(tmp_path / "ann.git", {f"f{at}.py": b"#" * 90 for at in range(20)})
    listed = tmp_path / "list.txt"
    listed.write_text(f"{address(place)}\n{address(bob)}\n")
    seen = collected(listed)
    mine = {path: role for path, role in seen.roles.items() if "ann" in path}
    assert mine == {address(place): "refused repository_too_much"}
    assert list(seen.handed) == [f"{address(bob)}!/tcp_echo.py"]
    assert ("repository_refused", "") in seen.remarks


def test_a_file_far_too_big_is_never_read(
    collected: Collect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_MEMBER", 1000)
    place = repository(tmp_path / "ann.git", {"x.py": b"#" * 1001, "tcp_echo.py": ECHO})
    listed = tmp_path / "list.txt"
    listed.write_text(address(place))
    seen = collected(listed)
    assert seen.roles[f"{address(place)}!/x.py"] == "refused member_too_big"
    assert list(seen.handed) == [f"{address(place)}!/tcp_echo.py"]


def test_big_files_are_cut_and_the_next_one_is_whole(tmp_path: Path) -> None:
    place = repository(tmp_path / "a.git", {"a.py": b"#" * 3_000_000, "b.py": ECHO, "c.py": b""})
    findings = Findings()
    with Sources(tmp_path / "s") as sources:
        git.read_clone(place, "x", "x", "", sources, findings)
        read = {
            found.name: (found.size, sources.read(found.sha256)) for found in findings.found[1:]
        }
    assert read["a.py"] == (3_000_000, b"#" * ((1 << 20) + 1))
    assert read["b.py"] == (len(ECHO), ECHO)
    assert read["c.py"] == (0, b"")


def test_clones_that_lie_in_a_folder_tell_their_time(collected: Collect, tmp_path: Path) -> None:
    folder = tmp_path / "class"
    repository(folder / "lab-ann", SUITE, bare=False)
    repository(folder / "lab-bob", {"tcp_echo.py": ECHO}, bare=False)
    run(f"--git-dir={folder}/lab-bob/.git", "pack-refs", "--all")
    seen = collected(folder)
    assert [(one.student, one.submitted_at) for one in seen.collection.handed] == [
        ("ann", WHEN),
        ("bob", WHEN),
    ]


def test_a_clones_settings_run_nothing(collected: Collect, tmp_path: Path) -> None:
    folder, canary = tmp_path / "class", tmp_path / "canary"
    inside = repository(folder / "lab-ann", SUITE, bare=False) / ".git"
    program = tmp_path / "bite"
    program.write_text(f"#!/bin/sh\ntouch {canary}\n")
    program.chmod(0o755)
    settings = "".join(f"\t{name} = {program}\n" for name in ("fsmonitor", "pager", "sshCommand"))
    (inside / "config").write_text(f"[core]\n{settings}[gpg]\n\tprogram = {program}\n")
    (one,) = collected(folder).collection.handed
    assert one.submitted_at == WHEN
    assert not canary.exists()


HEADS = {
    "nothing": b"",
    "no hash": b"0123",
    "outside": b"ref: refs/../../../secret",
    "no such ref": b"ref: refs/heads/other",
    "no such commit": b"1" * 40,
    "binary": b"\xff\x00",
}


@pytest.mark.parametrize("head", HEADS)
def test_a_clone_whose_time_cannot_be_had(head: str, collected: Collect, tmp_path: Path) -> None:
    folder = tmp_path / "class"
    inside = repository(folder / "lab-ann", SUITE, bare=False) / ".git"
    (inside / "HEAD").write_bytes(HEADS[head])
    (one,) = collected(folder).collection.handed
    assert one.submitted_at is None


def test_a_clone_that_borrows_objects_is_not_asked(tmp_path: Path) -> None:
    folder = tmp_path / "class"
    inside = repository(folder / "lab-ann", SUITE, bare=False) / ".git"
    (inside / "objects" / "info").mkdir(exist_ok=True)
    (inside / "objects" / "info" / "alternates").write_text("/etc\n")
    with Sources(tmp_path / "s") as sources:
        (found,) = git.commit_times(folder, [Repository(("lab-ann",))], sources)
    assert found.committed_at is None


def test_without_git(collected: Collect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "class"
    repository(folder / "lab-ann", SUITE, bare=False)
    listed = tmp_path / "list.txt"
    listed.write_text("https://127.0.0.1/x.git")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert len(collected(folder).handed) == 1
    with pytest.raises(CollectError, match="git is needed"):
        collected(listed)
