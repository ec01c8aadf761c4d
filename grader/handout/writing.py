"""Writes a handout: a new folder as a whole, or an earlier one brought up to date.

Nothing of anybody else's is replaced or removed.  The list of what was written, with hashes, is
in the folder itself (`RECORD`): a file that has another content by then is somebody's work.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from grader.manifest import read_regular

RECORD = ".handout.json"
_MOST = 1 << 22
_SHOWN = 5


class HandoutError(Exception):
    """A handout cannot be made; ``key`` is an entry of ``texts/*/handout.json``."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


def write_new(target: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder that is not there yet, or is empty; all of it or nothing (OSError).

    Raises HandoutError where something is there.
    """
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise HandoutError("not_a_folder", path=target)
    if target.is_dir() and any(target.iterdir()):
        key = "not_empty_ours" if (target / RECORD).is_file() else "not_empty"
        raise HandoutError(key, path=target)
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        os.chmod(scratch, 0o755)
        for name, data in recorded(files).items():
            path = scratch / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        if target.is_dir():
            target.rmdir()  # fails where somebody has put something there meanwhile
        os.replace(scratch, target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def update(target: Path, files: Mapping[str, bytes]) -> tuple[list[str], list[str]]:
    """Bring an earlier handout up to date; return what was written and what was removed.

    Raises HandoutError, before anything is changed, where a file is no longer as it was written.
    """
    before = _record_of(target)
    wanted = recorded(files)
    written, changed = [], []
    for name, data in wanted.items():
        there = _content(target, name)
        if there == data:
            continue
        written.append(name)
        if there is not None and name != RECORD and _hash(there) != before.get(name):
            changed.append(name)
    removed = []
    for name in before.keys() - wanted.keys():
        there = _content(target, name)
        if there is not None and _hash(there) == before[name]:
            removed.append(name)
    if changed:
        more = f" (+{len(changed) - _SHOWN})" if len(changed) > _SHOWN else ""
        names = ", ".join(sorted(changed)[:_SHOWN]) + more
        raise HandoutError("changed_files", path=target, names=names)
    for name in sorted(written, key=lambda name: (name == RECORD, name)):
        _replace(target / name, wanted[name])
    for name in removed:
        (target / name).unlink()
        with contextlib.suppress(OSError):
            (target / name).parent.rmdir()  # where nothing else is in it
    return sorted(set(written) - {RECORD}), sorted(removed)


def recorded(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return files with the record of what they are."""
    hashes = {name: _hash(data) for name, data in sorted(files.items())}
    record = json.dumps({"files": hashes}, indent=1) + "\n"
    return {**files, RECORD: record.encode()}


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _record_of(target: Path) -> dict[str, str]:
    try:
        data = read_regular(target / RECORD, _MOST)
        files = json.loads(data or b"")["files"]
        return {
            str(name): str(digest)
            for name, digest in files.items()
            if not Path(name).is_absolute() and ".." not in Path(name).parts
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise HandoutError("no_record", path=target, record=RECORD) from None


def _content(target: Path, name: str) -> bytes | None:
    """Return what a file holds, None where there is none; a link leads nowhere from here."""
    path = target / name
    steps = [path, *list(path.parents)[: len(Path(name).parts) - 1]]
    if any(step.is_symlink() for step in steps):
        raise HandoutError("is_link", path=path)
    try:
        data = read_regular(path, _MOST)
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        data = None
    if data is None:
        raise HandoutError("in_the_way", path=path)
    return data


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".handout-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
