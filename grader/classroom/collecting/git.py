"""Students' repositories: cloned from a list of addresses, or looked at where they lie.

A clone is bare, so nothing is ever checked out: no hook, filter (LFS), submodule or link gets a
chance, and files are read as the objects that they are.  Of a clone that somebody else made
nothing is believed: git is run in a repository of our own that borrows its objects, since a
repository's settings can name programs to run (git-config(1): core.fsmonitor, gpg.program, …).

A commit's time is what its author's machine said; when it was pushed is not in a repository.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from grader.classroom.collecting import kinds, limits
from grader.classroom.collecting.found import Findings, Found, Repository
from grader.classroom.collecting.git_running import (
    SETTINGS,
    CloneError,
    Objects,
    ask,
    end,
    environment,
    git_program,
    last_line,
    limited,
    running,
    tree,
    without_secrets,
)
from grader.classroom.collecting.sources import Sources
from grader.manifest import read_regular
from grader.submission import MAX_SOURCE

__all__ = [
    "CloneError",
    "clone",
    "commit_times",
    "git_program",
    "lines_of",
    "read_clone",
    "remove",
    "without_secrets",
]

_HASH = re.compile(rb"[0-9a-f]{40}([0-9a-f]{24})?")
_REF = re.compile(rb"ref: (refs/[\w./+-]{1,200})")
_COMMITTER = re.compile(rb"^committer .* (\d{1,12}) [+-]\d{4}$", re.MULTILINE)
_LOOK_S = 0.05
_INIT_S = 20.0


def clone(url: str, place: Path, seconds: float, stop: threading.Event | None = None) -> None:
    """Clone the newest commit of a repository into a new bare one (CloneError).

    ``stop`` ends it from another thread.
    """
    command = [
        git_program(), *SETTINGS, "clone", "--bare", "--quiet", "--depth=1", "--no-tags",
        "--single-branch", "--template=", "--", url, str(place),
    ]  # fmt: skip
    around = environment()
    around.setdefault("GIT_SSH_COMMAND", "ssh -oBatchMode=yes -oConnectTimeout=20")
    said = place.with_name(f"{place.name}.said")
    with said.open("w+b") as errors:
        process = subprocess.Popen(
            limited(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=around,
            cwd=place.parent,
            start_new_session=True,
        )
        try:
            code = _watched(process, place, seconds, stop or threading.Event())
        finally:
            end(process)
        if code:
            errors.seek(0)
            raise CloneError("clone_failed", last_line(errors.read(65536)))


def read_clone(
    place: Path, shown_as: str, label: str, owner: str, sources: Sources, into: Findings
) -> None:
    """Find every file of a clone's newest commit (CloneError: it has none)."""
    committed_at = _commit_time(place)
    end_at = time.monotonic() + limits.READ_S
    records = tree(place, limits.READ_S)
    into.repositories.append(Repository((label,), committed_at, owner, cloned=True))
    into.found.append(Found(shown_as, (label,), "archive", "cloned"))
    nobodys: set[str] = set()
    seconds = max(1.0, end_at - time.monotonic())
    with running(place, "cat-file", "--batch", seconds=seconds) as pipes:
        reader = _Reader(Objects(*pipes), sources)
        for record in records:
            about, _, raw = record.partition(b"\t")
            mode, kind, sha, size = about.split()
            path = raw.decode("utf-8", "backslashreplace")
            folder = _nobodys_folder(path)
            if folder and folder not in nobodys:
                nobodys.add(folder)
                steps = (label, *folder.strip("/").split("/"))
                into.found.append(
                    Found(f"{shown_as}!/{folder}", steps, "ignored", "nobodys_folder")
                )
            if not folder:
                found = Found(f"{shown_as}!/{path}", (label, *path.split("/")), at=committed_at)
                into.found.append(_object(found, mode, kind, sha, size, reader))


def commit_times(
    folder: Path, repositories: Sequence[Repository], sources: Sources
) -> list[Repository]:
    """Return repositories that lie in a folder with the times of their newest commits."""
    if not repositories or shutil.which("git") is None:
        return list(repositories)
    own = sources.room("git") / "own.git"
    command = [git_program(), "init", "--quiet", "--bare", "--template=", str(own)]
    try:
        subprocess.run(command, check=True, env=environment(), timeout=_INIT_S, capture_output=True)
    except (OSError, subprocess.SubprocessError):
        return list(repositories)
    return [
        replace(repository, committed_at=_borrowed_time(own, folder.joinpath(*repository.steps)))
        for repository in repositories
    ]


def _borrowed_time(own: Path, home: Path) -> datetime | None:
    """Return the time of the commit that a stranger's clone is at, or None."""
    inside = home / ".git"
    commit = _head(inside)
    objects = inside / "objects"
    if commit is None or not _is_inside(objects, inside) or _too_odd(objects):
        return None
    with contextlib.suppress(CloneError):
        return _commit_time(own, commit, objects)
    return None


def _head(inside: Path) -> str | None:
    """Read what ``HEAD`` stands for, as gitrepository-layout(5) has it, without git."""
    head = _small(inside, "HEAD")
    found = _REF.fullmatch(head)
    if found:
        name = found[1].decode()
        if ".." in name:
            return None
        head = _small(inside, name)
        if not head:
            packed = _small(inside, "packed-refs")
            lines = [line.split(b" ", 1) for line in packed.splitlines()]
            head = next((line[0] for line in lines if line[1:] == [found[1]]), b"")
    return head.decode() if _HASH.fullmatch(head) else None


def _small(inside: Path, name: str) -> bytes:
    path = inside / name
    if not _is_inside(path, inside):
        return b""
    try:
        return (read_regular(path, limits.MEGABYTE) or b"").strip()
    except (OSError, ValueError):
        return b""


def _is_inside(path: Path, folder: Path) -> bool:
    try:
        return path.resolve().is_relative_to(folder.resolve()) and not folder.is_symlink()
    except (OSError, RuntimeError):
        return False


def _too_odd(objects: Path) -> bool:
    """Tell whether a store of objects borrows from elsewhere itself."""
    return any(
        os.path.lexists(objects / "info" / name) for name in ("alternates", "http-alternates")
    )


def _commit_time(place: Path, commit: str = "HEAD", objects: Path | None = None) -> datetime | None:
    text = ask(place, "cat-file", "commit", commit, objects=objects)
    found = _COMMITTER.search(text.partition(b"\n\n")[0])
    with contextlib.suppress(ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(int(found[1]), timezone.utc) if found else None
    return None


class _Reader:
    """Keeps the Python files of one repository, each object read once."""

    def __init__(self, objects: Objects, sources: Sources) -> None:
        self._objects, self._sources = objects, sources
        self._kept: dict[bytes, tuple[str, str]] = {}

    def keep(self, found: Found, sha: bytes, size: int) -> Found:
        """Return what was found with its bytes kept (CloneError: the repository holds too much)."""
        if size > limits.MAX_MEMBER:
            detail = f"{limits.MAX_MEMBER:,}"
            return replace(found, role="refused", reason="member_too_big", detail=detail, size=size)
        self._objects.spend(min(size, MAX_SOURCE + 1))
        if sha not in self._kept:
            self._objects.spend(size)
            data, _ = self._objects.read(sha)
            plain = Sources.digest(data.replace(b"\r\n", b"\n"))
            self._kept[sha] = self._sources.keep(data), plain
        kept, plain = self._kept[sha]
        return replace(found, sha256=kept, plain=plain, size=size)


def _object(
    found: Found, mode: bytes, kind: bytes, sha: bytes, size: bytes, reader: _Reader
) -> Found:
    name = found.name
    if mode == b"120000":
        return replace(found, role="refused", reason="link")
    if kind != b"blob":
        return replace(found, role="ignored", reason="submodule")
    if not size.isdigit():
        return replace(found, role="unreadable", reason="broken_member", detail="missing object")
    if not kinds.is_python(name):
        role, reason = ("unknown", "unpack_it") if kinds.is_zip(name) else kinds.kind_of(name)
        return replace(found, role=role, reason=reason, size=int(size))  # type: ignore[arg-type]
    try:
        return reader.keep(found, sha, int(size))
    except CloneError as error:
        if error.refused:
            raise
        return replace(found, role="unreadable", reason=error.reason, detail=error.detail)


def _nobodys_folder(path: str) -> str:
    """Return the outermost folder on a path in which nobody looks, ended by "/", or ""."""
    parts = path.split("/")[:-1]
    for at, part in enumerate(parts, 1):
        if kinds.is_ignored_folder(part):
            return "/".join(parts[:at]) + "/"
    return ""


def _watched(
    process: subprocess.Popen[bytes], place: Path, seconds: float, stop: threading.Event
) -> int:
    """Wait for a clone's end, as long and as much as it may take (CloneError)."""
    end = time.monotonic() + seconds
    look = time.monotonic() + 1.0
    while True:
        try:
            return process.wait(_LOOK_S)
        except subprocess.TimeoutExpired:
            now = time.monotonic()
        if now > end or stop.is_set():
            raise CloneError("clone_too_slow", f"{seconds:g} s")
        if now > look:
            look = now + 1.0
            if _size(place) > limits.MAX_REPOSITORY:
                raise CloneError("clone_too_big", f"{limits.MAX_REPOSITORY:,} B")


def _size(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total


def remove(place: Path) -> None:
    """Remove a clone that has been read."""
    shutil.rmtree(place, ignore_errors=True)


def lines_of(data: bytes) -> Iterator[str]:
    """Give the lines of a list, comments and empty ones left out."""
    for line in data.decode("utf-8-sig", "replace").splitlines():
        if line.strip() and not line.strip().startswith("#"):
            yield line.strip()
