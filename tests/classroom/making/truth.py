"""What must come out of a class that was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from .known import Known
from .people import Person
from .tree import Roles

Times = Literal["exact", "marks", "none"]


@dataclass(frozen=True)
class Expected:
    """One file that must be graded for somebody.

    ``order`` tells one attempt from the next; where two files cannot be told apart they have the
    same.  ``when`` and ``late`` are what can be known from this layout, and no more;
    ``file_time`` is what the file itself says, for who trusts that (None: there is no sense in it).
    """

    known: Known
    order: int
    when: datetime | None = None
    late: bool = False
    file_time: datetime | None = None


@dataclass(frozen=True)
class Truth:
    """What must come out of a class in one layout.

    ``handed`` is by login and exercise, the oldest attempt first; who is missing there has
    handed in nothing for it.  ``entries`` has the roles that each file, link and archive member
    may get, by its path from ``source``, members after ``!/``; ``loose`` the same for paths that
    cannot be written as text: at least one entry begins so.  ``remarks`` are kinds of remarks
    that must be there, with the login of whom they are about ("" where nobody's).
    Below ``canaries`` nothing may ever come into being.  ``mentions`` are words that must stand
    somewhere in the entries or remarks.
    """

    layout: str
    source: Path
    roster: Path | None
    people: tuple[Person, ...]
    strangers: tuple[Person, ...]
    handed: Mapping[tuple[str, str], tuple[Expected, ...]]
    entries: Mapping[str, Roles]
    loose: Mapping[str, Roles] = field(default_factory=dict)
    remarks: frozenset[tuple[str, str]] = frozenset()
    canaries: Path = Path("/nonexistent")
    mentions: tuple[str, ...] = ()

    def missing(self) -> set[str]:
        """Return the logins of who is in the roster and has handed in nothing at all."""
        there = {login for login, _ in self.handed}
        return {person.login for person in self.people} - there
