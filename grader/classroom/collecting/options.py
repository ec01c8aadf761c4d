"""What an instructor can ask of collecting, and how collecting refuses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from grader.manifest import CatalogError
from grader.model import Exercise, Language
from grader.texts import text


@dataclass(frozen=True, kw_only=True)
class CollectOptions:
    """How to understand what is there.

    ``exercises`` are all that exist, so that a file for one that was not asked for is known as
    such; ``wanted`` the ids of those that were asked for (none: all).  ``root`` is the suite's,
    for its stubs.  ``roster`` is the list of students; without one a single list that lies in
    the source is taken.  ``scratch`` is the folder in which bytes are kept meanwhile (none: the
    system's).  ``timezone`` is that of times without one: a roster's, a zip's (none: this
    machine's).  ``trust_file_times`` takes the times of files and zip members for the times at
    which they were handed in; without it they only put attempts in order.
    """

    exercises: tuple[Exercise, ...]
    wanted: tuple[str, ...] = ()
    root: Path | None = None
    roster: Path | None = None
    scratch: Path | None = None
    timezone: tzinfo | None = None
    trust_file_times: bool = False
    clone_s: float = 120.0

    def asked(self) -> tuple[Exercise, ...]:
        """Return the exercises that were asked for, in their order."""
        return tuple(e for e in self.exercises if not self.wanted or e.id in self.wanted)


class CollectError(CatalogError):
    """Nothing can be collected: ``key`` is one of ``texts/*/collecting.json``; one line."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(text(f"collecting.{key}", "en", **values), key, **values)

    def line(self, language: Language) -> str:
        """Return the line in the reader's language."""
        return text(f"collecting.{self.code}", language, **self.values)
