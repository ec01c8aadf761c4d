"""Goes through a folder or a zip and finds everything in it, following nothing out of it.

Links, devices, pipes and sockets are never opened (lstat first, then ``O_NOFOLLOW`` and
``O_NONBLOCK`` where there is such a thing).  Names come sorted, whatever the file system does.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable
from datetime import datetime, timezone, tzinfo
from pathlib import Path
from typing import IO

from grader.classroom.collecting import archive, kinds, limits
from grader.classroom.collecting.archive import ArchiveError, Budget, Member
from grader.classroom.collecting.found import Findings, Found, Repository, Steps, shown
from grader.classroom.collecting.sources import Sources
from grader.classroom.collecting.times import in_zone
from grader.classroom.model import EntryRole
from grader.submission import MAX_SOURCE

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


class Walk:
    """Fills `Findings` from a source; ``zone`` is that of times that have none."""

    def __init__(self, sources: Sources, zone: tzinfo | None = None) -> None:
        self.findings = Findings()
        self._sources = sources
        self._zone = zone
        self._full = False

    def folder(self, path: Path, steps: Steps = ()) -> None:
        """Find everything below a folder."""
        prefix = "".join(f"{step}/" for step in steps)
        if len(steps) > limits.MAX_DEPTH:
            self._note(prefix, steps, "refused", "too_deep")
            return
        try:
            with os.scandir(path) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self._note(
                prefix or "./", steps or (".",), "unreadable", "system", error.strerror or ""
            )
            return
        if any(entry.name == ".git" and not entry.is_symlink() for entry in listed) and steps:
            self.findings.repositories.append(Repository(steps))
        for entry in listed:
            if self._full:
                return
            self._entry(entry, (*steps, shown(entry.name)))

    def archive(self, file: IO[bytes], path: str, steps: Steps, level: int = 1) -> None:
        """Find everything in an open zip that is shown as ``path``; it gets an entry itself."""
        allowed = archive.budget(file.seek(0, 2), level)
        try:
            with archive.opened(file, allowed) as opened:
                inside = archive.members(opened)
                self._note(path, steps or (path,), "archive", "", f"{len(inside):,}")
                _Inside(self, opened, path, steps, level, allowed).take(inside)
        except ArchiveError as error:
            self._note(path, steps or (path,), error.role, error.reason, error.detail)

    def _entry(self, entry: os.DirEntry[str], steps: Steps) -> None:
        path = "/".join(steps)
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            self._note(path, steps, "unreadable", "system", error.strerror or "")
            return
        if entry.is_symlink() or _is_junction(status):
            self._note(path, steps, "refused", "link")
        elif stat.S_ISDIR(status.st_mode):
            self._folder_entry(Path(entry.path), steps)
        elif not stat.S_ISREG(status.st_mode):
            self._note(path, steps, "refused", "not_regular")
        else:
            self._file(Path(entry.path), steps, status)

    def _folder_entry(self, path: Path, steps: Steps) -> None:
        name = f"{'/'.join(steps)}/"
        if kinds.is_ignored_folder(steps[-1]):
            self._note(name, steps, "ignored", "nobodys_folder")
            return
        if _is_results(path):
            self._note(name, steps, "ignored", "results")
            return
        if kinds.is_python(steps[-1]):
            self._note(name, steps, "unknown", "folder_not_file")
        self.findings.folders.append(steps)
        self.folder(path, steps)

    def _file(self, path: Path, steps: Steps, status: os.stat_result) -> None:
        name, text = steps[-1], "/".join(steps)
        at = datetime.fromtimestamp(0, timezone.utc)
        with contextlib.suppress(OverflowError, OSError, ValueError):
            at = datetime.fromtimestamp(status.st_mtime, timezone.utc)
        if not kinds.is_python(name) and not kinds.is_zip(name):
            self._other(text, steps, status.st_size, at)
            return
        try:
            descriptor = os.open(path, _FLAGS)
            with open(descriptor, "rb") as file:
                now = os.fstat(file.fileno())
                if not stat.S_ISREG(now.st_mode):
                    self._note(text, steps, "refused", "not_regular")
                elif kinds.is_zip(name):
                    self.archive(file, text, steps)
                else:
                    data = file.read(MAX_SOURCE + 1)
                    self._keep(text, steps, data, max(now.st_size, len(data)), at)
        except OSError as error:
            self._note(text, steps, "unreadable", "system", error.strerror or "")

    def _keep(
        self, path: str, steps: Steps, data: bytes, size: int, at: datetime, archived: bool = False
    ) -> None:
        plain = data.replace(b"\r\n", b"\n")
        sha256 = self._sources.keep(data)
        same = sha256 if plain == data else self._sources.digest(plain)
        self._add(
            Found(path, steps, sha256=sha256, plain=same, size=size, at=at, archived=archived)
        )

    def _other(self, path: str, steps: Steps, size: int, at: datetime) -> None:
        role, reason = kinds.kind_of(steps[-1])
        self._add(Found(path, steps, role, reason, size=size, at=at))

    def _note(
        self, path: str, steps: Steps, role: EntryRole, reason: str, detail: str = ""
    ) -> None:
        self._add(Found(path, steps, role, reason, detail))

    def _add(self, found: Found) -> None:
        if self._full:
            return
        if len(self.findings.found) >= limits.MAX_FILES:
            self._full = True
            found = Found(found.path, found.steps, "refused", "too_many", f"{limits.MAX_FILES:,}")
        self.findings.found.append(found)


class _Inside:
    """One open archive on the way through it."""

    def __init__(
        self, walk: Walk, opened: object, path: str, steps: Steps, level: int, allowed: Budget
    ) -> None:
        self._walk = walk
        self._opened = opened
        self._path, self._steps = path, steps
        self._level, self._allowed = level, allowed
        self._folders: set[Steps] = set()
        self._spoilt: ArchiveError | None = None

    def take(self, inside: Iterable[Member]) -> None:
        """Note every member; those of a folder that is nobody's once for all."""
        for member in inside:
            if member.refused is not None:
                error, path = member.refused, f"{self._path}!/{shown(member.name)}"
                # Nothing in such a name says whose it is.
                self._walk._note(path, (*self._steps, "?"), error.role, error.reason, error.detail)
                continue
            steps = (*self._steps, *(shown(step) for step in member.steps))
            if not self._nobodys(member, len(self._steps)):
                self._one(member, steps)

    def _nobodys(self, member: Member, skipped: int) -> bool:
        folders = member.steps if member.is_folder else member.steps[:-1]
        for at, name in enumerate(folders, 1):
            steps = (*self._steps, *(shown(step) for step in member.steps[:at]))
            if kinds.is_ignored_folder(name):
                if steps not in self._folders:
                    self._folders.add(steps)
                    self._note_folder(name, steps, skipped)
                return True
            if steps not in self._folders:
                self._folders.add(steps)
                self._walk.findings.folders.append(steps)
        return False

    def _note_folder(self, name: str, steps: Steps, skipped: int) -> None:
        path = f"{self._path}!/{'/'.join(steps[skipped:])}/"
        self._walk._note(path, steps, "ignored", "nobodys_folder")
        home = steps[:-1]
        if name == ".git" and len(home) > skipped:
            self._walk.findings.repositories.append(Repository(home))

    def _one(self, member: Member, steps: Steps) -> None:
        path = f"{self._path}!/{'/'.join(steps[len(self._steps) :])}"
        if member.is_folder:
            if kinds.is_python(steps[-1]):
                self._walk._note(f"{path}/", steps, "unknown", "folder_not_file")
            return
        at = in_zone(member.at, self._walk._zone)
        try:
            if kinds.is_zip(steps[-1]):
                self._nested(member, path, steps)
            elif kinds.is_python(steps[-1]):
                data, size = self._bytes(member)
                self._walk._keep(path, steps, data, size, at, archived=True)
            else:
                self._walk._other(path, steps, member.info.file_size, at)
        except ArchiveError as error:
            if error.reason == "bomb":
                self._spoilt = error
            self._walk._note(path, steps, error.role, error.reason, error.detail)

    def _pieces(self, member: Member, most: int) -> Iterable[bytes]:
        if self._spoilt is not None:
            raise self._spoilt
        return archive.read(self._opened, member, self._allowed, most)  # type: ignore[arg-type]

    def _bytes(self, member: Member) -> tuple[bytes, int]:
        kept, size = bytearray(), 0
        for piece in self._pieces(member, limits.MAX_MEMBER):
            size += len(piece)
            kept += piece[: MAX_SOURCE + 1 - len(kept)]
        return bytes(kept), size

    def _nested(self, member: Member, path: str, steps: Steps) -> None:
        if self._level >= limits.MAX_NESTING:
            raise ArchiveError("refused", "nested")
        with self._walk._sources.spool(self._pieces(member, limits.MAX_NESTED)) as file:
            self._walk.archive(file, path, steps, self._level + 1)


def _is_results(path: Path) -> bool:
    """Tell the results of an earlier run, which lie beside what was graded."""
    if path.suffix.casefold() != ".grades":
        return False
    try:
        return stat.S_ISREG((path / "grades.sqlite3").lstat().st_mode)
    except (OSError, ValueError):
        return False


def _is_junction(status: os.stat_result) -> bool:
    """Tell a junction of Windows: another way out of a folder, and no link to Python."""
    tag = getattr(status, "st_reparse_tag", 0)
    return bool(tag) and tag == getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", -1)
