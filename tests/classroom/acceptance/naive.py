"""What everyone must get, worked out as one would on paper; and the rules as a ``course.yaml``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

from ..making import DUE, Expected, Person, Truth, exercises

TITLES = {
    name: f"{exercise.title.en} ({4700 + int(name[2:])})" for name, exercise in exercises().items()
}
_POINTS = {"ex01": "10", "ex03": "20", "ex07": "10", "ex13": "7.5", "ex14": "100"}
POINTS = {name: Decimal(number) for name, number in _POINTS.items()}
_WEIGHTS = {"ex01": "1", "ex03": "2", "ex07": "1", "ex13": "0.5", "ex14": "0.1"}
WEIGHTS = {name: Decimal(number) for name, number in _WEIGHTS.items()}


@dataclass(frozen=True)
class Rules:
    """The rules of a course.  Percents; days; ``grace`` in minutes;
    ``file_times``: those of files are trusted.

    ``extended`` are logins with so many days more, ``excused`` logins with what they need not do.
    """

    attempts: str = "best"
    per_day: int = 10
    cap: int = 35
    grace: int = 15
    none_after: int | None = 4
    missing: str = "zero"
    file_times: bool = False
    extended: tuple[tuple[str, int], ...] = ()
    excused: tuple[tuple[str, str], ...] = ()

    def write(self, path: Path, truth: Truth) -> Path:
        """Write them as a ``course.yaml``."""
        ids = {person.login: person.id for person in (*truth.people, *truth.strangers)}
        lines = ["title: Networks 网络 2026", "timezone: Europe/Berlin", "exercises:"]
        for name, due in DUE.items():
            shown = f"{due + timedelta(hours=1):%Y-%m-%d %H:%M}"
            lines.append(f"  {name}: {{points: {POINTS[name]}, weight: {WEIGHTS[name]},")
            lines.append(f'    due: {shown}, canvas: "{TITLES[name]}", moodle: "{TITLES[name]}"}}')
        lines += [f"attempts: {self.attempts}", f"missing: {self.missing}", "late:"]
        lines += [f"  grace: {self.grace} min", f"  per_day: {self.per_day} %"]
        lines += [f"  cap: {self.cap} %"]
        if self.none_after is not None:
            lines.append(f"  none_after: {self.none_after} days")
        extended = [(login, days) for login, days in self.extended if login in ids]
        excused = [(login, name) for login, name in self.excused if login in ids]
        lines += ["extensions:"] if extended else []
        lines += [f'  - {{student: "{ids[login]}", days: {days}}}' for login, days in extended]
        lines += ["excused:"] if excused else []
        lines += [f'  - {{student: "{ids[login]}", exercise: {name}}}' for login, name in excused]
        path.write_text("\n".join(lines) + "\n", "utf-8")
        return path


@dataclass(frozen=True)
class Figure:
    """What one student gets for one exercise: no points where the cell stays empty.

    ``files`` are those of which the points may come: of several that cannot be told apart the
    best, and where two give the same, the earlier.
    """

    state: str  # "graded", "missing", "excused"
    points: Decimal | None
    days: int = 0
    chosen: Expected | None = None


def rounded(number: Fraction) -> Decimal:
    """Round to two places, half up."""
    exact = Decimal(number.numerator) / Decimal(number.denominator)
    return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def figure(truth: Truth, rules: Rules, person: Person, name: str) -> Figure:
    """Return what a person gets for an exercise."""
    if (person.login, name) in rules.excused:
        return Figure("excused", None)
    files = truth.handed.get((person.login, name), ())
    if not files:
        return Figure("missing", Decimal("0.00") if rules.missing == "zero" else None)
    more = dict(rules.extended).get(person.login, 0)
    worth = [(_share(one, rules, more), one) for one in files]
    in_time = [pair for pair in worth if _accepted(pair[1], rules, more)] or worth
    if rules.attempts == "last":
        last = max(one.order for _, one in in_time)
        in_time = [pair for pair in in_time if pair[1].order == last]
    best = max(share for share, _ in in_time)
    chosen = next(one for share, one in in_time if share == best)
    points = rounded(best * Fraction(str(POINTS[name])))
    return Figure("graded", points, _days(chosen, rules, more), chosen)


def total(figures: Sequence[Figure]) -> tuple[Decimal, Decimal]:
    """Return the weighted sum of a student's figures, and what it could have been."""
    pairs = [pair for pair in zip(DUE, figures, strict=True) if pair[1].points is not None]
    mine = sum(Fraction(str(one.points)) * Fraction(str(WEIGHTS[name])) for name, one in pairs)
    most = sum(Fraction(str(POINTS[name])) * Fraction(str(WEIGHTS[name])) for name, _ in pairs)
    return rounded(Fraction(mine)), rounded(Fraction(most))


def _share(one: Expected, rules: Rules, more: int) -> Fraction:
    if not _accepted(one, rules, more):
        return Fraction(0)
    most = Fraction(str(exercises()[one.known.exercise].max_score))
    taken = min(rules.cap, rules.per_day * _days(one, rules, more))
    return Fraction(str(one.known.score)) / most * Fraction(100 - taken, 100)


def _accepted(one: Expected, rules: Rules, more: int) -> bool:
    return rules.none_after is None or _days(one, rules, more) <= rules.none_after


def _days(one: Expected, rules: Rules, more: int) -> int:
    """Return how many days late a file is: begun ones; one, where only the platform says late."""
    when = one.file_time if rules.file_times and one.when is None else one.when
    if when is None:
        return int(one.late and not more)
    return _begun(when, DUE[one.known.exercise] + timedelta(days=more, minutes=rules.grace))


def _begun(when: datetime, end: datetime) -> int:
    days = 0
    while when > end + timedelta(days=days):
        days += 1
    return days
