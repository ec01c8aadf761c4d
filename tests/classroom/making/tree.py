"""A folder before it is one: files, links and pipes with what a collector may make of each."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

Roles = frozenset[str]

SUBMISSION: Roles = frozenset({"submission"})
DUPLICATE: Roles = frozenset({"submission", "duplicate"})  # of two, either
ARCHIVE: Roles = frozenset({"archive"})
IGNORED: Roles = frozenset({"ignored"})
UNKNOWN: Roles = frozenset({"unknown"})
REFUSED: Roles = frozenset({"refused"})
UNREADABLE: Roles = frozenset({"unreadable"})
# Not a submission, and said: which word is used is the collector's choice.
NOT_TAKEN: Roles = IGNORED | UNKNOWN | REFUSED | UNREADABLE
NOT_ALLOWED: Roles = REFUSED | UNREADABLE
BESIDE: Roles = IGNORED | UNKNOWN

LONG_AGO = datetime(2026, 11, 15, 12, 0, tzinfo=timezone.utc)  # when a download was unpacked


@dataclass(frozen=True)
class Node:
    """One thing in a folder.  ``roles`` are those that its entry may have.

    ``data`` is a file's content, or where a link points to.
    """

    path: str
    data: bytes = b""
    roles: Roles = SUBMISSION
    kind: Literal["file", "link", "fifo", "folder", "sparse"] = "file"
    when: datetime = LONG_AGO

    def under(self, folder: str) -> Node:
        """Return it with a folder before its path."""
        return replace(self, path=f"{folder}/{self.path}")


def write_tree(root: Path, nodes: Iterable[Node]) -> None:
    """Write nodes below a folder, in the order of their paths."""
    root.mkdir(parents=True, exist_ok=True)
    for node in nodes:
        path = root / node.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if node.kind == "folder":
            path.mkdir(exist_ok=True)
        elif node.kind == "link":
            path.symlink_to(os.fsdecode(node.data))
        elif node.kind == "fifo":
            os.mkfifo(path)
        elif node.kind == "sparse":
            with path.open("wb") as file:
                file.truncate(int(node.data))
        else:
            path.write_bytes(node.data)
        if node.kind in ("file", "sparse"):
            os.utime(path, (node.when.timestamp(), node.when.timestamp()))


def zip_of(nodes: Iterable[Node]) -> bytes:
    """Return a zip with files and links (pipes and folders are left out)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for node in nodes:
            if node.kind in ("file", "link"):
                archive.writestr(_info(node), node.data)
    return buffer.getvalue()


def _info(node: Node) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(node.path, node.when.timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    mode = stat.S_IFLNK | 0o777 if node.kind == "link" else stat.S_IFREG | 0o644
    info.external_attr = mode << 16
    return info
