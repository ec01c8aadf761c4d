"""Who is in a class: names in many scripts, some that mean harm, some that two people share."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """One student, with what each platform calls them.

    ``id`` is Canvas's number and Moodle's "ID number", ``participant`` that of Moodle's
    assignment, ``spelled`` the name as a computer with another normalisation would write it.
    """

    given: str
    family: str
    login: str
    id: str
    participant: str
    section: str = ""
    name_first: bool = False  # the family name comes first, without a space (王伟)
    decomposed: bool = False

    @property
    def name(self) -> str:
        """The whole name, as the person would write it."""
        if self.name_first:
            return self.family + self.given
        return f"{self.given} {self.family}".strip()

    @property
    def spelled(self) -> str:
        """The name as macOS would write it into a folder's name, for some."""
        return unicodedata.normalize("NFD", self.name) if self.decomposed else self.name

    @property
    def sortable(self) -> str:
        """The name as Canvas sorts it: ``Lee, Ann``."""
        return f"{self.family}, {self.given}" if self.family and self.given else self.name

    @property
    def sis_id(self) -> str:
        """What Canvas calls "SIS User ID"."""
        return f"S{self.id}"

    @property
    def mail(self) -> str:
        """The mail address."""
        return f"{self.login}@example.edu"


# (given, family, family first without a space, decomposed); the first two share a name.
_NAMED = (
    ("伟", "王", True, False),
    ("伟", "王", True, False),
    ("Jürgen", "Müller", False, False),
    ("Zoë", "Größwörth", False, True),
    ("Sinéad", "O'Brien", False, False),
    ("Martin Luther", "King, Jr.", False, False),
    ("محمد", "علي", False, False),
    ("שרה", "כהן", False, False),
    ("Иван", "Петров", False, False),
    ("🦊", "", False, False),
    ("修", "欧阳", True, False),
    ("さくら", "田中", False, False),
    ("민수", "김", True, False),
    ("ณัฐ", "ใจดี", False, False),
    ("Ann", "Lee", False, False),
    ("Annlee", "", False, False),
    ("Jan", "van der Berg", False, False),
    ('=HYPERLINK("http://evil.example","grades")', "", False, False),
    ("@SUM(1+1)*cmd|' /C calc'!A0", "", False, False),
    ("-2+3", "", False, False),
    ("<script>document.title='pwned'</script>", "", False, False),
    ("Eve \x1b[31m\x1b]0;pwned\x07", "Red", False, False),
    ("Rtl \u202egpj.exe", "Override", False, False),
    ("Line\nBreak", "Person", False, False),
    ("A" * 120, "", False, False),
    ("../../../../etc", "passwd", False, False),
    ("Robert'); DROP TABLE verdicts;--", "Tables", False, False),
    ("{{7*7}} ${jndi:x} %s", "Format", False, False),
)
_GIVEN = ("Anna", "Ben", "Chloé", "David", "Elif", "Faye", "Goran", "Hana", "Ines", "Jonas")
_FAMILY = ("Becker", "Costa", "Dvořák", "Evans", "Fischer", "García", "Haas", "Ivanova", "Jensen")
_HAN_GIVEN = ("小明", "丽", "建国", "雨桐", "子轩", "静", "浩然", "雪")
_HAN_FAMILY = ("李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "诸葛")


def make_people(count: int, seed: int) -> list[Person]:
    """Return ``count`` people whose logins and numbers differ, a good part of them odd.

    Where there are at least two, two of them share a name; which others there are is up to
    ``seed``.
    """
    chance = random.Random(seed)
    named = list(_NAMED[2:])
    chance.shuffle(named)
    named = [*_NAMED[:2], *named][: max(2, count // 2)]
    taken = {given + family for given, family, *_ in _NAMED}
    while len(named) < count:
        han = chance.random() < 0.4
        given = chance.choice(_HAN_GIVEN if han else _GIVEN)
        family = chance.choice(_HAN_FAMILY if han else _FAMILY)
        if given + family in taken:
            if han:
                given += chance.choice("一二三四五六七八九文华英")
            else:
                given = f"{given} {chance.choice('ABCDEFGHJKLMNPRST')}."
        if given + family not in taken:
            taken.add(given + family)
            named.append((given, family, han, False))
    return [_person(number, *words) for number, words in enumerate(named[:count])]


def _person(number: int, given: str, family: str, first: bool, decomposed: bool) -> Person:
    # One login is the beginning of others, one number the end of others: whoever looks for them
    # anywhere in a name takes one student for another.
    login = "lee" if number == 0 else f"lee{number}"
    return Person(
        given,
        family,
        login,
        id=str(1000 + number) if number % 2 else f"7{1001 + number}",
        participant=str(500 + number),
        section=f"Group {'ABC'[number % 3]}",
        name_first=first,
        decomposed=decomposed,
    )
