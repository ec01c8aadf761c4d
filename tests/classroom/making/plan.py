"""Who hands in what, and when: the class before it is laid out for a platform."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from .known import ODD, Known, exercises, graded_badly, graded_well, odd
from .people import Person

# The end of the day in Berlin, where it is UTC+1 in November.
DUE = {
    "ex01": datetime(2026, 11, 2, 22, 59, tzinfo=timezone.utc),
    "ex03": datetime(2026, 11, 4, 22, 59, tzinfo=timezone.utc),
    "ex07": datetime(2026, 11, 6, 22, 59, tzinfo=timezone.utc),
    "ex13": datetime(2026, 11, 8, 22, 59, tzinfo=timezone.utc),
    "ex14": datetime(2026, 11, 10, 22, 59, tzinfo=timezone.utc),
}
# Half days from the end: an archive's clock that is hours wrong changes no number of days.
_LATENESS = (-3.5, -2.5, -1.5, -0.5, -0.5, 0.5, 1.5, 2.5, 4.5)

# What goes wrong for one student each; other than `ODD`, these are up to the layout.
TROUBLES = (
    "nothing",
    "two_candidates",
    "duplicate",
    "twins",
    "guessed",
    "upper_case",
    "ipynb",
    "link_file",
    "link_loop",
    "link_folder",
    "fifo",
    "folder_named",
    "broken_zip",
    "cut_zip",
    "bomb",
    "many",
    "slip",
    "zip_links",
    "encrypted_zip",
    "rar",
)


@dataclass(frozen=True)
class Handing:
    """One file that one student hands in for one exercise.

    Those of one student and exercise are in the order of their attempts; ``beside`` is True for
    one that cannot be told apart from the one before it.
    """

    login: str
    known: Known
    when: datetime
    late: bool = False
    beside: bool = False

    @property
    def exercise(self) -> str:
        """The exercise's id."""
        return self.known.exercise


@dataclass(frozen=True)
class Plan:
    """A class: its people (in the roster's order), strangers, and what everyone hands in.

    ``trouble`` says by login what the layout has to add for somebody.
    """

    people: tuple[Person, ...]
    strangers: tuple[Person, ...]
    handed: dict[str, tuple[Handing, ...]]
    trouble: dict[str, str]
    seed: int

    def person(self, login: str) -> Person:
        """Return one of the people or the strangers (KeyError)."""
        for person in (*self.people, *self.strangers):
            if person.login == login:
                return person
        raise KeyError(login)


def make_plan(people: Sequence[Person], seed: int, light: bool = False) -> Plan:
    """Plan a class: a trouble for each of at most two thirds of it, the rest as students are.

    With ``light`` nothing needs long to be graded.
    """
    chance = random.Random(seed * 7919 + 1)
    kinds = [kind for kind in (*TROUBLES, *ODD) if not (light and kind in ("spins", "sleeps"))]
    chance.shuffle(kinds)
    handed: dict[str, tuple[Handing, ...]] = {}
    trouble: dict[str, str] = {}
    troubled = [person for number, person in enumerate(people) if number % 3]
    by_login = dict(zip((person.login for person in troubled), kinds, strict=False))
    earlier: list[Handing] = []
    for person in people:
        kind = by_login.get(person.login, "")
        files = _troubled(kind, person, chance, earlier) if kind else _regular(person, chance)
        if kind in TROUBLES:
            trouble[person.login] = kind
        handed[person.login] = tuple(files)
        earlier += files
    strangers = (Person("Gast", "Hörer", "gast", "990001", "990"),)
    handed["gast"] = (_handing(strangers[0], _good("ex03", chance), chance),)
    return Plan(tuple(people), strangers, handed, trouble, seed)


def _regular(person: Person, chance: random.Random) -> list[Handing]:
    files = []
    for name in sorted(exercises()):
        if chance.random() < 0.3:
            continue
        times = 1 if chance.random() < 0.75 else chance.randint(2, 3)
        days = sorted(chance.sample(range(len(_LATENESS)), times))
        for number, day in enumerate(days):
            known = _any(name, chance).marked(f"{person.login} {number}")
            # No two attempts at one time.
            files.append(_at(person, known, _LATENESS[day] + number / 100))
    return files


def _troubled(
    kind: str, person: Person, chance: random.Random, earlier: Sequence[Handing]
) -> list[Handing]:
    name = chance.choice(sorted(exercises()))
    others = [exercise for exercise in sorted(exercises()) if exercise != name]
    beside = _handing(person, _any(chance.choice(others), chance), chance)
    if kind in ODD:
        odd_one = odd(name, kind).marked(person.login)
        return sorted([_handing(person, odd_one, chance), beside], key=lambda one: one.exercise)
    if kind == "two_candidates":
        first = _handing(person, graded_badly(name)[0], chance)
        second = replace(first, known=_good(name, chance).marked("other"), beside=True)
        return [first, second]
    if kind == "twins":
        somebody = [one for one in earlier if one.known.source]
        return [replace(one, login=person.login) for one in somebody[-1:]]
    if kind == "guessed":  # by functions that no other exercise has
        return [_handing(person, graded_well(chance.choice(["ex01", "ex13", "ex14"]))[0], chance)]
    if kind in ("duplicate", "upper_case"):
        return [_handing(person, _good(name, chance), chance)]
    return []


def settled(files: Sequence[Handing]) -> list[Handing]:
    """Return the last file for each exercise, all at the time of the very last.

    That is how it looks where a platform keeps one submission, or a repository one commit.
    """
    last = {one.exercise: one for one in files if not one.beside}
    when = max((one.when for one in last.values()), default=None)
    return [replace(one, when=when, late=when > DUE[one.exercise]) for one in last.values() if when]


def _handing(person: Person, known: Known, chance: random.Random) -> Handing:
    return _at(person, known.marked(person.login), chance.choice(_LATENESS))


def _at(person: Person, known: Known, days: float) -> Handing:
    # Even seconds: a zip knows no others.
    when = DUE[known.exercise] + timedelta(days=days)
    when = when.replace(second=when.second // 2 * 2, microsecond=0)
    return Handing(person.login, known, when, late=days > 0)


def _good(name: str, chance: random.Random) -> Known:
    return chance.choice(graded_well(name))


def _any(name: str, chance: random.Random) -> Known:
    return chance.choice(graded_badly(name)) if chance.random() < 0.6 else _good(name, chance)
