"""Lists of students as platforms and people write them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.classroom.collecting import CollectError
from grader.classroom.collecting.roster import (
    is_late,
    looks_like_roster,
    participant,
    read_roster,
)
from grader.classroom.model import Student

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,TCP echo (4711),Final Score
,,,,,Manual Posting,
    Points Possible,,,,,24.0,(read only)
"Lee, Ann",11,S1,ann1,Group A,,
"Berg, Bo",12,S2,bo2,Group B,20,80
"Student, Test",99,,7f3a,Group A,,
"""
WORKSHEET = """Identifier,Full name,ID number,Email address,Status,Grade,Last modified (submission)
Participant 501,Ann Lee,11,ann@example.edu,Submitted for grading - 2 days late,,"Wednesday, 10"
Participant 502,Bo Berg,12,bo@example.edu,No submission,,-
"""


def test_canvas() -> None:
    roster = read_roster(CANVAS.encode(), "g.csv")
    assert roster.kind == "canvas"
    assert [s.name for s in roster.students] == ["Lee, Ann", "Berg, Bo"]
    assert roster.students[0] == Student(
        "11", "Lee, Ann", "11", "ann1", "S1", "", "Group A", "", True,
        {"TCP echo (4711)": "", "Final Score": ""},
    )  # fmt: skip
    assert roster.remarks == ()


def test_canvas_with_the_name_in_two_columns() -> None:
    data = b"LastName,FirstName,ID,SIS Login ID,Section\n    Points Possible,,,,\nLee,Ann,1,al,A\n"
    (student,) = read_roster(data, "g.csv").students
    assert (student.name, student.id, student.login) == ("Ann Lee", "1", "al")
    assert student.more == {"LastName": "Lee", "FirstName": "Ann"}


def test_moodles_worksheet() -> None:
    roster = read_roster(b"\xef\xbb\xbf" + WORKSHEET.encode(), "w.csv")
    ann, bo = roster.students
    assert roster.kind == "moodle"
    assert (ann.key, ann.mail, ann.id) == ("11", "ann@example.edu", "11")
    assert [participant(ann), participant(bo)] == ["501", "502"]
    assert [is_late(ann), is_late(bo)] == [True, False]
    assert list(ann.more) == ["Identifier", "Status", "Grade", "Last modified (submission)"]


def test_moodles_worksheet_without_numbers_of_its_own() -> None:
    data = b"Identifier,Full name,Email address,Status\nParticipant 7,,,No submission\n"
    (student,) = read_roster(data, "w.csv").students
    assert participant(student) == "7"
    assert student.more["Identifier"] == "Participant 7"


def test_moodles_gradebook() -> None:
    data = "First name,Last name,ID number,Email address,X\n伟,王,1,w@x.cn,-\nAnn,Lee,2,a@x.cn,-\n"
    names = [student.name for student in read_roster(data.encode(), "g.csv").students]
    assert names == ["王伟", "Ann Lee"]


@pytest.mark.parametrize(
    "heading",
    [
        "姓名,学号,邮箱,班级",
        "学生姓名，学号，邮箱，班级".replace("，", "\t"),
        "NAME;ID;E-Mail;Class",
    ],
)
def test_our_own(heading: str) -> None:
    separator = next(c for c in ",;\t" if c in heading)
    row = separator.join(["张三", "1", "z@x.cn", "一班"])
    (student,) = read_roster(f"{heading}\n{row}\n".encode(), "r.csv").students
    assert student == Student("1", "张三", "1", mail="z@x.cn", section="一班", in_roster=True)


def test_a_key_of_ones_own_and_columns_that_nobody_knows() -> None:
    data = b"key,name,seat,seat\nk1,Ann,R1,R2\n"
    (student,) = read_roster(data, "r.csv").students
    assert student.key == "k1"
    assert student.more == {"seat": "R1", "seat (2)": "R2"}


def test_rows_that_are_the_same_and_ids_that_are() -> None:
    roster = read_roster(b"name,id\nAnn,1\nAnn,1\nBo,1\n", "r.csv")
    assert [student.key for student in roster.students] == ["1", "1 (2)"]
    assert [remark.about for remark in roster.remarks] == ["roster_twice", "roster_key_twice"]


def test_namesakes_without_anything_else_are_two() -> None:
    roster = read_roster("name,section\n王伟,A\n王伟,B\n".encode(), "r.csv")
    assert [student.key for student in roster.students] == ["王伟", "王伟 (2)"]


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "no student"),
        (b"name,id\n", "no student"),
        (b"name,id\n,\n", "no student"),
        (b"colour,size\nred,1\n", "no column"),
    ],
    ids=["empty", "headings only", "blank", "other"],
)
def test_no_roster(data: bytes, word: str) -> None:
    with pytest.raises(CollectError, match=word):
        read_roster(data, "r.csv")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (CANVAS.encode(), True),
        (WORKSHEET.encode(), True),
        (b"name,colour\n", False),
        (b"x", False),
        (b"\0", False),
        (b"", False),
    ],
    ids=["canvas", "worksheet", "no number", "no table", "binary", "empty"],
)
def test_looks_like_a_roster(data: bytes, expected: bool) -> None:
    assert looks_like_roster(data, "x") is expected


@settings(max_examples=200, deadline=None)
@given(data=st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode)))
def test_any_bytes_are_a_roster_or_one_clear_line(data: bytes) -> None:
    for start in (b"", b"name,id\n", b"Student,ID,SIS Login ID,Section\n", b"\xff\xfe"):
        looks_like_roster(start + data, "x")
        line = ""
        keys: list[str] = []
        try:
            keys = [student.key for student in read_roster(start + data, "x.csv").students]
        except CollectError as error:
            line = str(error)
        assert bool(line) != bool(keys)
        assert "\n" not in line
        assert len(keys) == len(set(keys))
