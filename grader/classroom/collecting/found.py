"""What is in a source before anybody asks whose it is: files, archives, links, folders."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from grader.classroom.model import EntryRole

Steps = tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """One thing that was found, and what is known of it already.

    ``path`` is how it is shown, ``steps`` the names on the way to it, archives like folders.
    ``role`` is "" for a Python file that may be somebody's work: its bytes are kept under
    ``sha256`` (the first ``MAX_SOURCE + 1`` of them), ``plain`` is the hash of the same with the
    line ends of Unix, ``size`` the true size.  ``at`` is the file's or the member's own time.
    """

    path: str
    steps: Steps
    role: EntryRole | Literal[""] = ""
    reason: str = ""
    detail: str = ""
    sha256: str = ""
    plain: str = ""
    size: int = 0
    at: datetime | None = None
    archived: bool = False

    @property
    def name(self) -> str:
        """The last step."""
        return self.steps[-1]


@dataclass(frozen=True)
class Repository:
    """A clone: where it is, when its last commit was made, and whose it is where that is known."""

    steps: Steps
    committed_at: datetime | None = None
    owner: str = ""
    cloned: bool = False


@dataclass
class Findings:
    """Everything of one source."""

    found: list[Found] = field(default_factory=list)
    folders: list[Steps] = field(default_factory=list)
    repositories: list[Repository] = field(default_factory=list)
    is_one_zip: bool = False


def shown(name: str) -> str:
    """Return a file's name as text that can be written: what is no UTF-8 is tried as GB 18030.

    Python keeps undecodable bytes of a name as lone surrogates, which no file takes.
    """
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        pass
    else:
        return name
    try:
        raw = os.fsencode(name)
    except UnicodeEncodeError:  # no name that this system could have given
        return name.encode("utf-8", "backslashreplace").decode()
    try:
        return raw.decode("gb18030")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "backslashreplace")
