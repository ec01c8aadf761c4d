"""The words of the dashboard: its texts, numbers, times, and what diagnoses are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone, tzinfo
from decimal import Decimal
from pathlib import Path

from grader.classroom.gradebook import Cell
from grader.classroom.model import Entry, Remark
from grader.model import Exercise, Language
from grader.pages import Page, page
from grader.report._layout import cut
from grader.texts import table, text

_PLACEHOLDER = re.compile(r"\s*[（(:：]?\s*\{[a-z_]+\}\s*[)）]?")


def number(value: float | Decimal) -> str:
    """Write a number of points: at most two digits behind the point, no zeros at the end."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


@dataclass(frozen=True)
class Words:
    """Texts in one language.

    ``root`` is the suite's, for the pages that belong to exercises; ``zone`` is the course's.
    """

    language: Language
    root: Path | None = None
    zone: tzinfo = timezone.utc
    _pages: dict[tuple[str, str], Page | None] = field(default_factory=dict)

    def __call__(self, entry: str, **values: object) -> str:
        """Return one text of ``dashboard.json``."""
        return text(f"dashboard.{entry}", self.language, **values)

    def counted(self, entry: str, n: int, **values: object) -> str:
        """Return a text that differs for one thing and for many."""
        return self(f"{entry}_{1 if n == 1 else 'n'}", n=n, **values)

    def percent(self, share: float) -> str:
        """Write a part of 1 as a percentage; only what is all of it is 100, only nothing is 0."""
        whole = min(max(round(100 * share), int(share > 0)), 100 - int(share < 1))
        return f"{whole}%"

    def clock(self, time: datetime) -> str:
        """Write a time to the minute, by the course's clock with its offset from UTC."""
        with suppress(OverflowError):  # at either end of the calendar, as a stranger may write
            time = time.astimezone(self.zone) if time.tzinfo else time
        return time.isoformat(" ", "minutes")

    def seconds(self, value: float) -> str:
        """Write a duration in seconds."""
        return self("seconds", n=f"{value:.2f}" if value < 10 else f"{value:.0f}")

    def span(self, seconds: float) -> str:
        """Write a long time roughly: minutes, hours or days."""
        for unit, size in (("days", 86400), ("hours", 3600)):
            if seconds >= 2 * size:
                return self(unit, n=f"{seconds / size:.1f}".removesuffix(".0"))
        return self("minutes", n=f"{max(seconds / 60, 1):.0f}")

    def late(self, cell: Cell) -> str:
        """Say how late something is: the days that count, and the time behind due and grace."""
        return self.counted("late_by", cell.days_late, time=self.span(cell.late_s))

    def page(self, exercise: Exercise, diagnosis: str) -> Page | None:
        """Return the page that explains a diagnosis; read once."""
        key = (exercise.id, diagnosis)
        if key not in self._pages:
            self._pages[key] = page(diagnosis, self.language, self.root, exercise)
        return self._pages[key]

    def diagnosis(self, exercise: Exercise, diagnosis: str) -> str:
        """Return what a diagnosis is called: its page's title, or its sentence, or its id."""
        if found := self.page(exercise, diagnosis):
            return found.title
        return cut(self.sentence(exercise, diagnosis) or diagnosis, 120)

    def sentence(self, exercise: Exercise, diagnosis: str) -> str:
        """Return the sentence of a diagnosis without what it says of one case; or ""."""
        own = exercise.diagnoses.get(diagnosis)
        shared = table("diagnoses", self.language).get(diagnosis, "")
        template = own.in_language(self.language) if own else shared
        return _PLACEHOLDER.sub("", template)

    def entry(self, entry: Entry) -> str:
        """Say why a file is not among those that are graded."""
        return self._collecting(entry.reason, {"detail": entry.detail}) or entry.detail

    def remark(self, remark: Remark) -> str:
        """Say what somebody should know before anything is graded."""
        said = self._collecting(remark.about, remark.values)
        return said or " ".join((remark.about, *remark.values.values()))

    def _collecting(self, key: str, values: Mapping[str, str]) -> str:
        try:
            return table("collecting", self.language).get(key, "").format_map(values)
        except (KeyError, ValueError, IndexError):
            return ""
