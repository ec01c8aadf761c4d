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
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import IO

from grader.classroom.collecting import kinds, limits
from grader.classroom.collecting.found import Findings, Found, Repository
from grader.classroom.collecting.options import CollectError
from grader.classroom.collecting.sources import Sources
from grader.manifest import read_regular
from grader.submission import MAX_SOURCE

_HASH = re.compile(rb"[0-9a-f]{40}([0-9a-f]{24})?")
_REF = re.compile(rb"ref: (refs/[\w./+-]{1,200})")
_COMMITTER = re.compile(rb"^committer .* (\d{1,12}) [+-]\d{4}$", re.MULTILINE)
_LOOK_S = 0.05
_ASK_S = 20.0
# git(1): what it may talk, that it asks nobody, and which of its helpers stay out.
_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "https:ssh:file",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "SSH_ASKPASS": "true",
    "GCM_INTERACTIVE": "never",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_ATTR_NOSYSTEM": "1",
    "LC_ALL": "C",
}
_OURS_NOT = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY")
_SETTINGS = (
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "core.symlinks=false",
    "-c", "credential.interactive=false",
    "-c", "submodule.recurse=false",
    "-c", "gc.auto=0",
)  # fmt: skip


class CloneError(Exception):
    """A repository cannot be had: a reason of ``collecting.json``."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


def git_program() -> str:
    """Return where git is (CollectError: nowhere)."""
    found = shutil.which("git")
    if found is None:
        raise CollectError("no_git")
    return found


def clone(url: str, place: Path, seconds: float, stop: threading.Event | None = None) -> None:
    """Clone the newest commit of a repository into a new bare one (CloneError).

    ``stop`` ends it from another thread.
    """
    command = [
        git_program(), *_SETTINGS, "clone", "--bare", "--quiet", "--depth=1", "--no-tags",
        "--single-branch", "--template=", "--", url, str(place),
    ]  # fmt: skip
    environment = _environment()
    environment.setdefault("GIT_SSH_COMMAND", "ssh -oBatchMode=yes -oConnectTimeout=20")
    said = place.with_name(f"{place.name}.said")
    with said.open("w+b") as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=environment,
            cwd=place.parent,
            start_new_session=True,
        )
        try:
            code = _watched(process, place, seconds, stop or threading.Event())
        finally:
            _end(process)
        if code:
            errors.seek(0)
            raise CloneError("clone_failed", _last_line(errors.read(65536)))


def read_clone(
    place: Path, shown_as: str, label: str, owner: str, sources: Sources, into: Findings
) -> None:
    """Find every file of a clone's newest commit (CloneError: it has none)."""
    committed_at = _commit_time(place)
    listed = _ask(place, "ls-tree", "-r", "-z", "-l", "--full-tree", "HEAD")
    records = [record for record in listed.split(b"\0") if record]
    if len(records) > limits.MAX_MEMBERS:
        raise CloneError("too_many_members", f"{len(records):,}")
    into.repositories.append(Repository((label,), committed_at, owner, cloned=True))
    into.found.append(Found(shown_as, (label,), "archive", "cloned"))
    nobodys: set[str] = set()
    with _Objects(place) as objects:
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
                into.found.append(_object(found, mode, kind, sha, size, objects, sources))


def commit_times(
    folder: Path, repositories: Sequence[Repository], sources: Sources
) -> list[Repository]:
    """Return repositories that lie in a folder with the times of their newest commits."""
    if not repositories or shutil.which("git") is None:
        return list(repositories)
    own = sources.room("git") / "own.git"
    command = [git_program(), "init", "--quiet", "--bare", "--template=", str(own)]
    try:
        subprocess.run(command, check=True, env=_environment(), timeout=_ASK_S, capture_output=True)
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
    text = _ask(place, "cat-file", "commit", commit, objects=objects)
    found = _COMMITTER.search(text.partition(b"\n\n")[0])
    with contextlib.suppress(ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(int(found[1]), timezone.utc) if found else None
    return None


def _ask(place: Path, *words: str, objects: Path | None = None) -> bytes:
    environment = _environment()
    if objects is not None:
        quoted = str(objects).replace("\\", "\\\\").replace('"', '\\"')
        environment["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = f'"{quoted}"'
    command = [git_program(), *_SETTINGS, f"--git-dir={place}", *words]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment,
            timeout=_ASK_S,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise CloneError("clone_failed", type(error).__name__) from None
    if done.returncode:
        raise CloneError("no_commit", _last_line(done.stderr))
    return done.stdout


class _Objects:
    """Reads objects of one repository: ``git cat-file --batch``."""

    def __init__(self, place: Path) -> None:
        command = [git_program(), *_SETTINGS, f"--git-dir={place}", "cat-file", "--batch"]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,
        )

    def __enter__(self) -> _Objects:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            _pipe(self._process.stdin).close()
        _end(self._process)
        _pipe(self._process.stdout).close()

    def read(self, sha: bytes) -> tuple[bytes, int]:
        """Return an object's first bytes, and how many it has (CloneError)."""
        try:
            asking, told = _pipe(self._process.stdin), _pipe(self._process.stdout)
            asking.write(sha + b"\n")
            asking.flush()
            head = told.readline(1000).split()
            if len(head) != 3:
                raise CloneError("broken_member", "missing object")
            size = int(head[2])
            kept = told.read(min(size, MAX_SOURCE + 1))
            left = size + 1 - len(kept)  # and the line end after it
            while left > 0 and (piece := told.read(min(left, 1 << 16))):
                left -= len(piece)
        except (OSError, ValueError) as error:
            raise CloneError("broken_member", type(error).__name__) from None
        return kept, size


def _object(
    found: Found,
    mode: bytes,
    kind: bytes,
    sha: bytes,
    size: bytes,
    objects: _Objects,
    sources: Sources,
) -> Found:
    name = found.name
    if mode == b"120000":
        return replace(found, role="refused", reason="link")
    if kind != b"blob":
        return replace(found, role="ignored", reason="submodule")
    if not kinds.is_python(name):
        role, reason = ("unknown", "unpack_it") if kinds.is_zip(name) else kinds.kind_of(name)
        return replace(found, role=role, reason=reason, size=int(size))  # type: ignore[arg-type]
    try:
        data, true_size = objects.read(sha)
    except CloneError as error:
        return replace(found, role="unreadable", reason=error.reason, detail=error.detail)
    kept = sources.keep(data)
    plain = Sources.digest(data.replace(b"\r\n", b"\n"))
    return replace(found, sha256=kept, plain=plain, size=true_size)


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


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a git with its helpers, which are in a session of its own."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _OURS_NOT}
    return {**kept, **_ENVIRONMENT}


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    fatal = [line for line in lines if line.startswith(("fatal:", "error:", "ERROR:"))] or lines
    return without_secrets(fatal[0].partition(": ")[2] or fatal[0])[:200] if fatal else ""


def without_secrets(text: str) -> str:
    """Return a text in which no address has a user's name and password before its host."""
    return re.sub(r"(?<=://)[^/@\s]+@", "", text)


def _pipe(end: IO[bytes] | None) -> IO[bytes]:
    assert end is not None
    return end


def remove(place: Path) -> None:
    """Remove a clone that has been read."""
    shutil.rmtree(place, ignore_errors=True)


def lines_of(data: bytes) -> Iterator[str]:
    """Give the lines of a list, comments and empty ones left out."""
    for line in data.decode("utf-8-sig", "replace").splitlines():
        if line.strip() and not line.strip().startswith("#"):
            yield line.strip()
