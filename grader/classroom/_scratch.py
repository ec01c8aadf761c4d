"""Folders for what a run needs meanwhile, gone with it; after a ``kill -9``, with the next run.

Workers have theirs where the system puts such things, because learners' processes that run as
another user must be able to come to it; a note in the results folder says where that is.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from grader.sandbox.base import remove_tree

_PREFIX = "dojo-class-"


class Scratch:
    """The scratch folders of the run that has ``results`` to itself (OSError)."""

    def __init__(self, results: Path) -> None:
        self.folder = results / ".scratch"
        self._note = self.folder / "workers"
        self._clear()
        self.folder.mkdir()
        self.workers = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self.workers.chmod(0o711)
        self._note.write_text(str(self.workers), encoding="utf-8", errors="surrogateescape")

    def close(self) -> None:
        """Remove both folders, whatever strangers have written there."""
        self._clear()

    def _clear(self) -> None:
        if not self.folder.is_dir() or self.folder.is_symlink():
            return
        with contextlib.suppress(OSError, ValueError):
            noted = Path(self._note.read_text(encoding="utf-8", errors="surrogateescape"))
            if _is_ours(noted):
                remove_tree(noted)
        remove_tree(self.folder)


def _is_ours(path: Path) -> bool:
    """Say whether a path from a note is a folder that `Scratch` has made, not just anything."""
    if path.parent != Path(tempfile.gettempdir()) or not path.name.startswith(_PREFIX):
        return False
    if path.is_symlink() or not path.is_dir():
        return False
    return not hasattr(os, "getuid") or path.stat().st_uid == os.getuid()
