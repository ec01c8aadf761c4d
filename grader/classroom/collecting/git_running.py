"""Git as it is run here: nobody is asked, nothing of anybody's is run, and nothing is without end.

A repository of a few hundred kilobytes can stand for a billion files, or for gigabytes of zeros:
every git has a time, and on Unix bounds of the system's for its memory, its time on the
processor and the files that it writes; what it says is read as it comes, and only so much of it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from grader.classroom.collecting import limits
from grader.classroom.collecting.options import CollectError
from grader.submission import MAX_SOURCE

_ASK_S = 20.0
_MOST_SAID = limits.MEGABYTE
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
SETTINGS = (
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "core.symlinks=false",
    "-c", "credential.interactive=false",
    "-c", "submodule.recurse=false",
    "-c", "gc.auto=0",
    "-c", "pack.threads=1",
    "-c", "core.bigFileThreshold=8m",
)  # fmt: skip
_SHELL = "/bin/sh"
# Address space in KiB, processor time in s, a file's size in blocks of 512 B (sh(1)).
_LIMITED = (
    f"ulimit -v {limits.GIT_MEMORY >> 10}; ulimit -t {limits.GIT_CPU_S}; "
    f"ulimit -f {2 * limits.MAX_REPOSITORY // 512}"
)


class CloneError(Exception):
    """A repository cannot be had, or holds too much: a reason of ``collecting.json``."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
        self.refused = reason in BOUNDS


# What is too much of a repository.
BOUNDS = frozenset({"too_many_members", "clone_too_big", "repository_too_much", "reading_too_slow"})


def git_program() -> str:
    """Return where git is (CollectError: nowhere)."""
    found = shutil.which("git")
    if found is None:
        raise CollectError("no_git")
    return found


def limited(command: Sequence[str]) -> list[str]:
    """Return a command with the system's bounds, where there is a shell that can set them."""
    if os.name != "posix" or not os.access(_SHELL, os.X_OK):
        return list(command)
    return [_SHELL, "-c", f'{{ {_LIMITED}; }} 2>/dev/null; exec "$@"', "git", *command]


@contextlib.contextmanager
def running(
    place: Path, *words: str, seconds: float, objects: Path | None = None
) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Run git in a repository of ours: what it is told and what it says (CloneError).

    ``objects`` is a store that it borrows from.  What it says ends when its time is over; whoever
    hasn't read to the end leaves with an exception or on purpose, and it is ended.
    """
    around = environment()
    if objects is not None:
        quoted = str(objects).replace("\\", "\\\\").replace('"', '\\"')
        around["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = f'"{quoted}"'
    command = limited([git_program(), *SETTINGS, f"--git-dir={place}", *words])
    over = threading.Event()
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=around,
                start_new_session=True,
            )
        except OSError as error:
            raise CloneError("clone_failed", type(error).__name__) from None

        def stop() -> None:
            over.set()
            _kill(process)

        clock = threading.Timer(seconds, stop)
        clock.daemon = True
        clock.start()
        told, said = process.stdin, process.stdout
        assert told is not None
        assert said is not None
        try:
            yield told, said
            with contextlib.suppress(OSError):
                told.close()
            if not said.read(1):
                code = process.wait()
                if code and not over.is_set():
                    errors.seek(0)
                    raise CloneError("no_commit", last_line(errors.read(65536)))
        except (CloneError, OSError, ValueError) as error:
            if over.is_set():
                raise CloneError("reading_too_slow", f"{seconds:g} s") from None
            if isinstance(error, CloneError):
                raise
            raise CloneError("broken_member", type(error).__name__) from None
        finally:
            clock.cancel()
            end(process)
            with contextlib.suppress(OSError):
                told.close()
            said.close()
        if over.is_set():
            raise CloneError("reading_too_slow", f"{seconds:g} s")


def ask(place: Path, *words: str, objects: Path | None = None) -> bytes:
    """Return what git says, at most a megabyte of it (CloneError)."""
    with running(place, *words, seconds=_ASK_S, objects=objects) as (_, said):
        return said.read(_MOST_SAID)


def tree(place: Path, seconds: float) -> list[bytes]:
    """Return the records of ``ls-tree`` for the newest commit (CloneError: too many)."""
    text = bytearray()
    words = ("ls-tree", "-r", "-z", "-l", "--full-tree", "HEAD")
    count = 0
    with running(place, *words, seconds=seconds) as (_, said):
        while piece := said.read(1 << 16):
            text += piece
            count += piece.count(b"\0")
            if count > limits.MAX_MEMBERS or len(text) > limits.MAX_DIRECTORY:
                raise CloneError("too_many_members", f"> {limits.MAX_MEMBERS:,}")
    return [record for record in bytes(text).split(b"\0") if record]


class Objects:
    """Reads objects of one repository by ``git cat-file --batch``, so many bytes in all."""

    def __init__(self, told: IO[bytes], said: IO[bytes]) -> None:
        self._told, self._said = told, said
        self._left = limits.MAX_UNPACKED // 8

    def spend(self, size: int) -> None:
        """Count bytes before they are read (CloneError: it is too much)."""
        self._left -= size
        if self._left < 0:
            raise CloneError("repository_too_much", f"{limits.MAX_UNPACKED // 8:,}")

    def read(self, sha: bytes) -> tuple[bytes, int]:
        """Return an object's first bytes, and how many it has (CloneError)."""
        self._told.write(sha + b"\n")
        self._told.flush()
        head = self._said.readline(1000).split()
        if len(head) != 3:
            raise CloneError("broken_member", "missing object")
        size = int(head[2])
        kept = self._said.read(min(size, MAX_SOURCE + 1))
        left = size + 1 - len(kept)  # and the line end after it
        while left > 0 and (piece := self._said.read(min(left, 1 << 16))):
            left -= len(piece)
        if left > 0:
            raise CloneError("broken_member", "cut off")
        return kept, size


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def end(process: subprocess.Popen[bytes]) -> None:
    """End a git with its helpers, which are in a session of its own."""
    _kill(process)
    process.wait()


def environment() -> dict[str, str]:
    """Return our environment without what would lead git elsewhere."""
    kept = {name: value for name, value in os.environ.items() if name not in _OURS_NOT}
    return {**kept, **_ENVIRONMENT}


def last_line(said: bytes) -> str:
    """Return the line that says why, without passwords."""
    lines = said.decode("utf-8", "replace").strip().splitlines()
    fatal = [line for line in lines if line.startswith(("fatal:", "error:", "ERROR:"))] or lines
    return without_secrets(fatal[0].partition(": ")[2] or fatal[0])[:200] if fatal else ""


def without_secrets(text: str) -> str:
    """Return a text in which no address has a user's name and password before its host."""
    return re.sub(r"(?<=://)[^/@\s]+@", "", text)
