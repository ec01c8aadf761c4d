"""Whom a text means: by number, login, mail, name; two who could be meant are nobody."""

from __future__ import annotations

import pytest

from grader.classroom.collecting.people import People
from grader.classroom.collecting.platforms import Clue
from grader.classroom.model import Student

ANN = Student("1001", "Ann Lee", "1001", "ann", mail="ann.lee@x.edu", more={"Identifier": "P 7"})
ANNLEE = Student("1002", "Annlee", "1002", "annlee2")
WANG = Student("2001", "王伟", "2001", "ww1")
WANG_TOO = Student("2002", "王伟", "2002", "ww2")
MUELLER = Student("3001", "Jürgen Müller", "3001", "jm", url="https://x.org/a/lab-jm.git")
SHORT = Student("10", "Berg, Bo", "10", "bo")
PEOPLE = People([ANN, ANNLEE, WANG, WANG_TOO, MUELLER, SHORT])


@pytest.mark.parametrize(
    ("text", "student"),
    [
        ("1001", ANN),
        ("ann", ANN),
        ("Ann.Lee@x.edu", ANN),
        ("ann.lee", ANN),
        ("Lee, Ann", ANN),
        ("Ann Lee - homework", ANN),
        ("ann_tcp_echo", ANN),
        ("1001 something", ANN),
        ("hw (ann.lee@x.edu)", ANN),
        ("annlee", ANNLEE),
        ("annlee2-main", ANNLEE),
        ("王伟_2002", WANG_TOO),
        ("2001王伟", WANG),
        ("Jurgen Muller", MUELLER),
        ("Bo Berg", SHORT),
        ("11001", None),
        ("nobody", None),
        ("lee", None),
        ("", None),
        ("week 10", None),
    ],
)
def test_by_text(text: str, student: Student | None) -> None:
    assert PEOPLE.by_text(text).student == student


@pytest.mark.parametrize(
    ("text", "doubt"),
    [("王伟", "same_name"), ("Ann Lee 3001", "names_differ"), ("1001 3001", "same_name")],
)
def test_who_could_be_two_is_nobody(text: str, doubt: str) -> None:
    match = PEOPLE.by_text(text)
    assert match.student is None
    assert match.doubt == doubt
    assert len(match.students) == 2


@pytest.mark.parametrize(
    ("clue", "student"),
    [
        (Clue("moodle", "whoever", "7"), ANN),
        (Clue("moodle", "Jürgen Müller", "999"), MUELLER),
        (Clue("moodle", "Participant", "7", blind=True), ANN),
        (Clue("moodle", "Participant", "1001", blind=True), None),
        (Clue("canvas", "whoever", "2002"), WANG_TOO),
        (Clue("canvas", "bergbo", "77"), SHORT),
        (Clue("canvas", "王伟", "77"), None),
    ],
)
def test_by_clue(clue: Clue, student: Student | None) -> None:
    assert PEOPLE.by_clue(clue).student == student


def test_logins_at_the_end_of_a_repositorys_name() -> None:
    assert PEOPLE.by_login("network-lab-annlee2").student == ANNLEE
    assert PEOPLE.by_login("lab_jm").student == MUELLER
    assert PEOPLE.by_login("labjm").student is None


def test_addresses_of_the_roster() -> None:
    assert PEOPLE.by_url("https://x.org/a/lab-jm/").student == MUELLER
    assert PEOPLE.by_url("https://x.org/a/lab-j").student is None
