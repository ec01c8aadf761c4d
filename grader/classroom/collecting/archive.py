"""Zips, which are untrusted: looked into, never unpacked.

No member's name is ever a path here: bytes go where their hash says.  Sizes are counted as they
are read, whatever the headers say.  APPNOTE.TXT is PKWARE's description of the format.
"""

from __future__ import annotations

import contextlib
import re
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from grader.classroom.collecting import limits
from grader.classroom.model import EntryRole

_END = b"PK\x05\x06"
_END_64 = b"PK\x06\x06"
_END_SIZE, _LONGEST_COMMENT = 22, 1 << 16
_UTF8, _ENCRYPTED = 0x800, 0x1 | 0x40
# LZMA's header says how much memory is to be had (4 GiB), the others are bounded by themselves.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
_DRIVE = re.compile(r"[A-Za-z]:")
_CHUNK = 1 << 16


class ArchiveError(Exception):
    """An archive, or a member, that is not opened: a role and a reason of ``collecting.json``."""

    def __init__(self, role: EntryRole, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.role: EntryRole = role
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Member:
    """One member: the names on the way to it, or why it is refused; folders end in "/"."""

    info: zipfile.ZipInfo
    name: str
    steps: tuple[str, ...] = ()
    is_folder: bool = False
    refused: ArchiveError | None = None

    @property
    def at(self) -> datetime:
        """The member's time, which has no zone, to 2 s."""
        with contextlib.suppress(ValueError):
            return datetime(*self.info.date_time)
        return datetime(1980, 1, 1)


class Budget:
    """How much may still be read of an archive and of those in it."""

    def __init__(self, size: int, members: int, unpacked: int) -> None:
        self._packed = max(size, 1)
        self.members = members
        self._left = unpacked
        self._read = 0

    def take(self, count: int) -> None:
        """Count bytes that were read (ArchiveError: too many, or too many for their origin)."""
        self._read += count
        self._left -= count
        over = self._read > limits.RATIO_FROM and self._read > limits.MAX_RATIO * self._packed
        if self._left < 0 or over:
            raise ArchiveError("refused", "bomb", f"{self._read:,}")


def budget(size: int, level: int) -> Budget:
    """Return what an archive of ``size`` bytes may unpack to; level 0 is a whole class."""
    share = 8 if level else 1
    return Budget(size, limits.MAX_MEMBERS // share, limits.MAX_UNPACKED // share)


@contextlib.contextmanager
def opened(file: IO[bytes], allowed: Budget) -> Iterator[zipfile.ZipFile]:
    """Open a zip whose list of members is of a bearable size (ArchiveError)."""
    try:
        _look_at_end(file)
        archive = zipfile.ZipFile(file)
    except ArchiveError:
        raise
    except Exception as error:  # noqa: BLE001 - zipfile raises what its parts happen to raise
        raise ArchiveError("unreadable", "broken_archive", _words(error)) from None
    with archive:
        if len(archive.infolist()) > allowed.members:
            raise ArchiveError("refused", "too_many_members", f"{len(archive.infolist()):,}")
        yield archive


def members(archive: zipfile.ZipFile) -> list[Member]:
    """Return every member in the archive's order, what is refused with its reason."""
    seen: set[str] = set()
    result = []
    for info in archive.infolist():
        member = _member(info)
        if member.refused is None and not member.is_folder:
            if member.name in seen:
                error = ArchiveError("refused", "name_twice")
                member = Member(info, member.name, member.steps, refused=error)
            seen.add(member.name)
        result.append(member)
    return result


def read(archive: zipfile.ZipFile, member: Member, allowed: Budget, most: int) -> Iterator[bytes]:
    """Give a member's bytes in pieces, all counted (ArchiveError: more than ``most``, broken)."""
    total = 0
    if member.info.compress_type not in _METHODS:
        raise ArchiveError("unreadable", "method", str(member.info.compress_type))
    try:
        with archive.open(member.info) as file:
            while piece := file.read(_CHUNK):
                total += len(piece)
                if total > most:
                    raise ArchiveError("refused", "member_too_big", f"{most:,}")
                allowed.take(len(piece))
                yield piece
    except ArchiveError:
        raise
    except Exception as error:  # noqa: BLE001 - as above; zlib, struct and bz2 have their own
        raise ArchiveError("unreadable", "broken_member", _words(error)) from None


def _look_at_end(file: IO[bytes]) -> None:
    """Refuse a list of members that would fill the memory; zipfile reads it whole.

    The end record has its size, 4 bytes at 12 (APPNOTE 4.3.16), or 8 bytes at 40 of the Zip64
    one (4.3.14).
    """
    size = file.seek(0, 2)
    length = min(size, _END_SIZE + _LONGEST_COMMENT + 128)
    file.seek(size - length)
    tail = file.read(length)
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + _END_SIZE:
        raise ArchiveError("unreadable", "broken_archive", "no end record")
    listed = int.from_bytes(tail[at + 12 : at + 16], "little")
    at_64 = tail.rfind(_END_64, 0, at)
    if at_64 >= 0:
        listed = max(
            listed if listed != 0xFFFFFFFF else 0,
            int.from_bytes(tail[at_64 + 40 : at_64 + 48], "little"),
        )
    if listed > min(limits.MAX_DIRECTORY, size):
        raise ArchiveError("refused", "too_many_members", f"{listed:,} B")
    file.seek(0)


def _member(info: zipfile.ZipInfo) -> Member:
    name = _name(info)
    error = _objection(info, name)
    slashed = name.replace("\\", "/")
    parts = tuple(part for part in slashed.split("/") if part not in ("", "."))
    if error is None and not parts:
        error = ArchiveError("refused", "bad_name")
    folder = slashed.endswith("/") or stat.S_ISDIR(info.external_attr >> 16)
    if error is None:
        return Member(info, "/".join(parts), parts, is_folder=folder)
    return Member(info, name, (), refused=error)


def _name(info: zipfile.ZipInfo) -> str:
    """Return a member's name; one without the mark of UTF-8 may be UTF-8, GB 18030 or CP 437.

    The format knows CP 437 and UTF-8 only (APPNOTE, appendix D); macOS writes UTF-8 unmarked,
    Windows the code page of its country.
    """
    name = info.orig_filename
    if info.flag_bits & _UTF8 or name.isascii():
        return name
    try:
        raw = name.encode("cp437")
    except UnicodeEncodeError:
        return name
    for encoding in ("utf-8", "gb18030"):
        with contextlib.suppress(UnicodeDecodeError):
            return raw.decode(encoding)
    return name


def _objection(info: zipfile.ZipInfo, name: str) -> ArchiveError | None:
    slashed = name.replace("\\", "/")
    if slashed.startswith("/") or ".." in slashed.split("/") or _DRIVE.match(name):
        return ArchiveError("refused", "leaves_folder")
    if not name or "\0" in name:
        return ArchiveError("refused", "bad_name")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return ArchiveError("refused", "link")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return ArchiveError("refused", "not_regular")
    if slashed.count("/") > limits.MAX_DEPTH:
        return ArchiveError("refused", "too_deep")
    if info.flag_bits & _ENCRYPTED:
        return ArchiveError("unreadable", "encrypted")
    if info.file_size > max(limits.RATIO_FROM, limits.MAX_RATIO * info.compress_size):
        return ArchiveError("refused", "bomb", "0")
    return None


def _words(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:120]
