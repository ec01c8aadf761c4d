"""Values of a ``course.yaml``, each with its place in the file: read, checked, or refused.

YAML takes liberties: a date becomes one, ``010`` is eight.  What could have been meant otherwise
is refused, with a line that says how to write it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from grader.manifest import CatalogError, Key, fault
from grader.model import Language
from grader.texts import text

_W = TypeVar("_W", bound=str)
_MOST = Decimal(1_000_000)
_MOST_DAYS = 3660
_PLACES = 6
_LONGEST = 500
_YEARS = range(1990, 2200)
_NUMBER = r"([0-9]{1,9}(?:\.[0-9]{1,6})?)"
_PERCENT = re.compile(rf"{_NUMBER}\s*[%％]")
_SPAN = re.compile(rf"{_NUMBER}\s*([a-z]+|[一-鿿]+)")
_DAYS = re.compile(r"([0-9]{1,9})\s*(?:days?|天)")
_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]+([0-9]{1,2}:[0-9]{2})(:[0-9]{2})?")
_UNITS = {
    1: ("s", "sec", "second", "seconds", "秒"),
    60: ("min", "minute", "minutes", "分", "分钟"),
    3600: ("h", "hour", "hours", "小时"),
    86400: ("d", "day", "days", "天"),
}
_SECONDS = {word: seconds for seconds, words in _UNITS.items() for word in words}


class CourseError(CatalogError):
    """A ``course.yaml`` says what cannot be; ``str`` is one line in its reader's language."""


class Node:
    """One value of the file, None where it is not there; ``key`` is its path."""

    class Fields(dict[str, "Node"]):
        """The values of a mapping with known keys; those that are not there have no value."""

        def __init__(self, parent: Node, allowed: tuple[str, ...]) -> None:
            super().__init__()
            self._parent = parent
            for name, child in parent.mapping():
                if name not in allowed:
                    raise child.fault("course_unknown_key", known=", ".join(allowed))
                self[name] = child

        def __missing__(self, name: str) -> Node:
            return self._parent.child(name, None)

        def text(self, name: str) -> str:
            """Return one line of text, "" where it is not there."""
            return self[name].text()

    def __init__(
        self, value: object, key: Key, shown: str, lines: dict[Key, int], language: Language
    ) -> None:
        self.value = value
        self._key = key
        self._shown = shown
        self._lines = lines
        self._language = language

    def child(self, step: str | int, value: object) -> Node:
        """Return a value below this one."""
        return Node(value, (*self._key, step), self._shown, self._lines, self._language)

    def fault(self, entry: str, **values: object) -> CourseError:
        """Return the error that names this place; ``entry`` is of ``texts/*/gradebook.json``."""
        problem = text(f"gradebook.{entry}", self._language, **values)
        return CourseError(str(fault(self._shown, self._lines, self._key, problem)))

    def mapping(self) -> Iterator[tuple[str, Node]]:
        """Give a mapping's keys and values; none where there is no value."""
        if self.value is None:
            return
        if not isinstance(self.value, dict):
            raise self.fault("course_no_mapping")
        for name, value in self.value.items():
            yield name, self.child(name, value)

    def fields(self, *allowed: str) -> Fields:
        """Return the values of a mapping that has no other keys than these."""
        return Node.Fields(self, allowed)

    def items(self) -> Iterator[Node]:
        """Give a list's values; none where there is no value."""
        if self.value is None:
            return
        if not isinstance(self.value, list):
            raise self.fault("course_no_list")
        for number, value in enumerate(self.value):
            yield self.child(number, value)

    def text(self) -> str:
        """Return one line of text, "" where there is no value."""
        if self.value is None:
            return ""
        if not isinstance(self.value, str):
            raise self.fault("course_no_text")
        words = self.value.strip()
        if not words or not words.isprintable() or len(words) > _LONGEST:
            raise self.fault("course_bad_text", most=_LONGEST)
        return words

    def choice(self, known: tuple[_W, ...], usual: _W) -> _W:
        """Return one of a few words."""
        if self.value is None:
            return usual
        for word in known:
            if self.value == word:
                return word
        raise self.fault("course_no_choice", known=", ".join(known))

    def number(
        self, usual: Decimal | None = None, *, more_than_zero: bool = False, places: int = _PLACES
    ) -> Decimal:
        """Return a number of at least 0, with so many decimal places at most."""
        if self.value is None and usual is not None:
            return usual
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.fault("course_no_number")
        try:
            number = Decimal(repr(self.value))
        except InvalidOperation:  # pragma: no cover - YAML's numbers are all Python's
            raise self.fault("course_no_number") from None
        if not number.is_finite() or not 0 <= number <= _MOST or (more_than_zero and not number):
            low = text("gradebook.course_more_than_0" if more_than_zero else "gradebook.course_0",
                       self._language)  # fmt: skip
            raise self.fault("course_odd_number", low=low, most=f"{_MOST:,}")
        if number != round(number, places):
            raise self.fault("course_places", places=places)
        return number

    def percent(self, usual: Decimal) -> Decimal:
        """Return a percentage: "10 %" is 10."""
        if self.value is None:
            return usual
        match = _PERCENT.fullmatch(self.value.strip()) if isinstance(self.value, str) else None
        if match is None or Decimal(match[1]) > 100:
            raise self.fault("course_no_percent")
        return Decimal(match[1])

    def seconds(self) -> int:
        """Return a span of time, 0 where there is no value: "15 min" is 900."""
        if self.value is None or (self.value == 0 and not isinstance(self.value, bool)):
            return 0
        match = _SPAN.fullmatch(self.value.strip()) if isinstance(self.value, str) else None
        unit = _SECONDS.get(match[2]) if match else None
        if match is None or unit is None or Decimal(match[1]) * unit > 86400 * _MOST_DAYS:
            raise self.fault("course_no_span")
        return int(Decimal(match[1]) * unit)

    def days(self, usual: int | None) -> int | None:
        """Return a number of days: 5 or "5 days"."""
        if self.value is None:
            return usual
        number = self.value
        if isinstance(number, str):
            match = _DAYS.fullmatch(number.strip())
            number = int(match[1]) if match else None
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= _MOST_DAYS:
            raise self.fault("course_no_days", most=_MOST_DAYS)
        return number

    def moment(self) -> datetime | None:
        """Return a point in time, without a zone where none is written; a day ends at 23:59:59."""
        value = self.value
        if value is None:
            return None
        if isinstance(value, str):
            value = _moment_of(value.strip())
        elif isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time(23, 59, 59))
        if not isinstance(value, datetime) or value.year not in _YEARS:
            raise self.fault("course_no_moment")
        return value


def _moment_of(words: str) -> datetime | None:
    match = _MOMENT.fullmatch(words)
    try:
        if match:
            hours, _, minutes = match[2].partition(":")
            return datetime.fromisoformat(f"{match[1]} {hours:0>2}:{minutes}{match[3] or ''}")
        # Offsets: YAML knows them behind seconds only.
        return datetime.fromisoformat(words.replace("Z", "+00:00")) if ":" in words else None
    except ValueError:
        return None
