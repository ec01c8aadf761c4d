"""Whose a file is, where no roster helps and where one does."""

from __future__ import annotations

import pytest

from .conftest import CODEC, ECHO, Collect, Tree, zipped

TWO = ECHO + b"# 2"
LAYOUTS: dict[str, tuple[Tree, str, dict[str, str]]] = {
    "a folder per student": (
        {"ann/tcp_echo.py": ECHO, "bob/src/tcp_echo.py": TWO},
        "folders",
        {"ann/tcp_echo.py": "ann", "bob/src/tcp_echo.py": "bob"},
    ),
    "one student alone": (
        {"ann/tcp_echo.py": ECHO, "ann/bytes_codec.py": CODEC, "ann/ex14.py": TWO},
        "folders",
        dict.fromkeys(["ann/tcp_echo.py", "ann/bytes_codec.py", "ann/ex14.py"], "ann"),
    ),
    "below a folder that wraps all": (
        {"hw 3/ann/tcp_echo.py": ECHO, "hw 3/bob/tcp_echo.py": TWO},
        "folders",
        {"hw 3/ann/tcp_echo.py": "ann", "hw 3/bob/tcp_echo.py": "bob"},
    ),
    "an exercise first": (
        {"ex03/ann/main.py": ECHO, "tcp_echo/bob/x.py": TWO},
        "folders",
        {"ex03/ann/main.py": "ann", "tcp_echo/bob/x.py": "bob"},
    ),
    "an exercise, then flat files": (
        {"ex03/ann.py": ECHO, "ex03/bob.py": TWO, "ex01/ann.py": CODEC},
        "flat",
        {"ex03/ann.py": "ann", "ex03/bob.py": "bob", "ex01/ann.py": "ann"},
    ),
    "flat files": (
        {"ann_tcp_echo.py": ECHO, "tcp_echo_bob.py": TWO, "ex03_cid.py": ECHO, "Di-ex1.py": CODEC},
        "flat",
        {
            "ann_tcp_echo.py": "ann",
            "tcp_echo_bob.py": "bob",
            "ex03_cid.py": "cid",
            "Di-ex1.py": "di",
        },
    ),
    "zips": (
        {"ann.zip": zipped({"tcp_echo.py": ECHO}), "bob/b.zip": zipped({"x/tcp_echo.py": TWO})},
        "folders",
        {"ann.zip!/tcp_echo.py": "ann", "bob/b.zip!/x/tcp_echo.py": "bob"},
    ),
    "Canvas": (
        {
            "leeann_11_501_tcp_echo.py": ECHO,
            "anon_aB_502_tcp_echo.py": TWO,
            "bo_12_503_hw.zip": zipped({"tcp_echo.py": ECHO}),
        },
        "canvas",
        {
            "leeann_11_501_tcp_echo.py": "11",
            "anon_aB_502_tcp_echo.py": "anon_aB",
            "bo_12_503_hw.zip!/tcp_echo.py": "12",
        },
    ),
    "Moodle, two assignments": (
        {
            "ex01/Ann Lee_11_assignsubmission_file_/bytes_codec.py": CODEC,
            "ex03/Ann Lee_22_assignsubmission_file_/tcp_echo.py": ECHO,
        },
        "moodle",
        {
            "ex01/Ann Lee_11_assignsubmission_file_/bytes_codec.py": "Ann Lee",
            "ex03/Ann Lee_22_assignsubmission_file_/tcp_echo.py": "Ann Lee",
        },
    ),
    "Moodle, blind": (
        {"Participant_11_assignsubmission_file_tcp_echo.py": ECHO},
        "moodle",
        {"Participant_11_assignsubmission_file_tcp_echo.py": "Participant 11"},
    ),
    "clones": (
        {
            "lab-ann/.git/HEAD": b"",
            "lab-ann/exercises/ex03_tcp_echo/tcp_echo.py": ECHO,
            "lab-bob-lee/.git/HEAD": b"",
            "lab-bob-lee/tcp_echo.py": TWO,
        },
        "repositories",
        {
            "lab-ann/exercises/ex03_tcp_echo/tcp_echo.py": "ann",
            "lab-bob-lee/tcp_echo.py": "bob-lee",
        },
    ),
    "clones in students' folders": (
        {
            "ann/lab/.git/HEAD": b"",
            "ann/lab/tcp_echo.py": ECHO,
            "bob/lab/.git/HEAD": b"",
            "bob/lab/tcp_echo.py": TWO,
        },
        "folders",
        {"ann/lab/tcp_echo.py": "ann", "bob/lab/tcp_echo.py": "bob"},
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_without_a_roster(name: str, collected: Collect) -> None:
    tree, layout, expected = LAYOUTS[name]
    collection = collected(tree).collection
    assert {one.origin: one.student for one in collection.handed} == expected
    assert collection.layout == layout


def test_the_same_in_a_zip(collected: Collect, tmp_path: object) -> None:
    tree, _, expected = LAYOUTS["below a folder that wraps all"]
    seen = collected({"x/all.zip": zipped(tree)})
    assert {one.origin: one.student for one in seen.collection.handed} == {
        f"x/all.zip!/{path}": student for path, student in expected.items()
    }


ROSTER = "name,id,login,mail\n" + "\n".join(
    [
        '"Lee, Ann",1001,ann,ann.lee@x.edu',
        "Annlee,1002,annlee,a2@x.edu",
        "王伟,2001,ww1,w1@x.edu",
        "王伟,2002,ww2,w2@x.edu",
    ]
)


@pytest.mark.parametrize(
    ("path", "student"),
    [
        ("Ann Lee/tcp_echo.py", "1001"),
        ("1001/tcp_echo.py", "1001"),
        ("ann.lee@x.edu/tcp_echo.py", "1001"),
        ("ann_tcp_echo.py", "1001"),
        ("tcp_echo-annlee.py", "1002"),
        ("hw/group/lee ann/tcp_echo.py", "1001"),
        ("2002 王伟/tcp_echo.py", "2002"),
        ("ww1.zip", "2001"),
        ("leeann_1001_5_tcp_echo.py", "1001"),
        ("leeann_77_5_tcp_echo.py", "1001"),
        ("Ann Lee_5_assignsubmission_file_/tcp_echo.py", "1001"),
        ("lab-annlee/.git/HEAD", "1002"),
    ],
)
def test_with_a_roster(path: str, student: str, collected: Collect) -> None:
    data = zipped({"tcp_echo.py": ECHO}) if path.endswith(".zip") else ECHO
    tree = {path: data}
    if path.endswith("HEAD"):
        tree = {path: b"", "lab-annlee/tcp_echo.py": ECHO}
    seen = collected(tree, ROSTER)
    assert [one.student for one in seen.collection.handed] == [student]
    assert ("not_in_roster", student) not in seen.remarks


@pytest.mark.parametrize(
    ("path", "about"),
    [
        ("王伟/tcp_echo.py", "same_name"),
        ("王伟_5_assignsubmission_file_/tcp_echo.py", "same_name"),
        ("王伟_99_5_tcp_echo.py", "same_name"),
        ("Ann Lee 1002/tcp_echo.py", "names_differ"),
    ],
)
def test_nobody_is_guessed(path: str, about: str, collected: Collect) -> None:
    seen = collected({path: ECHO}, ROSTER)
    assert seen.handed == {}
    assert seen.roles == {path: "unknown several_meant"}
    assert seen.remarks == [(about, "")]
    assert len(seen.collection.missing()) == 4


def test_two_of_canvas_with_one_name_are_two(collected: Collect) -> None:
    tree = {"leeann_77_5_tcp_echo.py": ECHO, "leeann_78_6_tcp_echo.py": TWO}
    seen = collected(tree, ROSTER)
    assert seen.handed == {}
    assert seen.remarks == [("same_name", "")]


def test_a_namesake_of_whom_canvas_knows(collected: Collect) -> None:
    tree = {"leeann_1001_5_tcp_echo.py": ECHO, "leeann_78_6_tcp_echo.py": TWO}
    assert list(collected(tree, ROSTER).handed) == ["leeann_1001_5_tcp_echo.py"]


def test_two_of_moodle_with_one_name_are_two(collected: Collect) -> None:
    place = "Ann Lee_{}_assignsubmission_file_/tcp_echo.py"
    seen = collected({place.format(5): ECHO, place.format(6): TWO})
    assert seen.keys == ["Ann Lee 5", "Ann Lee 6"]
    assert seen.remarks == [("namesakes", "")]


def test_who_is_not_in_the_roster_is_collected_all_the_same(collected: Collect) -> None:
    seen = collected({"zoe/tcp_echo.py": ECHO}, ROSTER)
    assert seen.keys == ["1001", "1002", "2001", "2002", "zoe"]
    assert seen.handed == {"zoe/tcp_echo.py": ["zoe ex03 1"]}
    assert seen.remarks == [("not_in_roster", "zoe")]


def test_an_empty_folder_is_a_student_who_is_missing(collected: Collect) -> None:
    seen = collected({"ann/tcp_echo.py": ECHO, "bob/": b"", "cid/x.zip": b"PK\x03\x04"})
    assert seen.keys == ["ann", "bob", "cid"]
    assert [student.key for student in seen.collection.missing()] == ["bob", "cid"]


def test_moodles_onlinetext_makes_somebody_known(collected: Collect) -> None:
    place = "Ann Lee_5_assignsubmission_onlinetext_/onlinetext.html"
    seen = collected({place: b"<p>def serve"})
    assert seen.keys == ["Ann Lee"]
    assert seen.roles == {place: "unknown typed_online"}


def test_a_zip_that_holds_several_students_is_nobodys(collected: Collect) -> None:
    class_zip = zipped({"ann/tcp_echo.py": ECHO, "bob/tcp_echo.py": TWO, "/abs/cid/x.py": b""})
    seen = collected({"class.zip": class_zip, "README.md": b""})
    assert seen.keys == ["ann", "bob"]
    students = {entry.path: entry.student for entry in seen.collection.entries}
    assert students["class.zip"] == ""
    assert students["class.zip!//abs/cid/x.py"] == ""


def test_a_students_zip_is_the_students(collected: Collect) -> None:
    seen = collected({"ann.zip": zipped({"tcp_echo.py": ECHO}), "bob.zip": zipped({})})
    assert [entry.student for entry in seen.collection.entries] == ["ann", "ann", "bob"]


def test_a_folder_that_canvas_would_call_a_file(collected: Collect) -> None:
    seen = collected({"leeann_11_5_tcp_echo.py/notes.txt": b"", "bo_12_6_tcp_echo.py": ECHO})
    assert seen.keys == ["11", "12"]


def test_a_folder_around_all_is_nobody_though_a_number_is_like_it(collected: Collect) -> None:
    roster = "name,id\nAnn,500\nBob,501\nCid,101\n"
    tree = {"CS 101/ann/tcp_echo.py": ECHO, "CS 101/bob/tcp_echo.py": TWO}
    assert [one.student for one in collected(tree, roster).collection.handed] == ["500", "501"]


def test_the_one_student_who_has_handed_in_is_found_in_the_roster(collected: Collect) -> None:
    tree = {"ann/week 1/tcp_echo.py": ECHO, "ann/week 2/bytes_codec.py": CODEC}
    seen = collected(tree, ROSTER)
    assert {one.student for one in seen.collection.handed} == {"1001"}


PLAIN: Tree = {"Ann Lee/tcp_echo.py": ECHO, "Bob/tcp_echo.py": TWO, "Mal/tcp_echo.py": ECHO + b"3"}
FORGED = {
    "canvas": "annlee_777_9_tcp_echo.py",
    "moodle": "Ann Lee_12_assignsubmission_file_tcp_echo.py",
    "moodle-folder": "Ann Lee_12_assignsubmission_file_/tcp_echo.py",
    "deep": "a/b/Ann Lee_12_assignsubmission_file_/tcp_echo.py",
}


@pytest.mark.parametrize("how", FORGED)
@pytest.mark.parametrize("place", ["Mal/{}", "Mal/x.zip!/{}", "Mal.zip!/{}"])
@pytest.mark.parametrize("roster", [None, "name,id\nAnn Lee,1\nBob,2\nMal,3\n"], ids=["no", "list"])
def test_a_platforms_name_in_a_students_own_place_is_the_students(
    how: str, place: str, roster: str | None, collected: Collect
) -> None:
    forged = place.format(FORGED[how])
    outer, _, inner = forged.partition("!/")
    seen = collected({**PLAIN, outer: zipped({inner: CODEC + ECHO}) if inner else ECHO}, roster)
    ann, mal = ("Ann Lee", "Mal") if roster is None else ("1", "3")
    assert [one.origin for one in seen.collection.handed if one.student == ann] == [
        "Ann Lee/tcp_echo.py"
    ]
    assert len(seen.keys) == 3
    assert ("named_for_other", mal) in seen.remarks


def test_a_forged_name_does_not_make_the_true_one_doubtful(collected: Collect) -> None:
    tree = {
        "leeann_77_5_tcp_echo.py": ECHO,
        "bob/leeann_78_6_tcp_echo.py": TWO,
    }
    seen = collected(tree, "name,id\nAnn Lee,1001\nBob,2\n")
    assert {path: who[0] for path, who in seen.handed.items()} == {
        "leeann_77_5_tcp_echo.py": "1001 ex03 1",
        "bob/leeann_78_6_tcp_echo.py": "2 ex03 1",
    }


@pytest.mark.parametrize("inner", ["ann", "Ann Lee", "leeann_1001_5"])
def test_a_folder_in_doubt_is_none_of_a_third_ones(inner: str, collected: Collect) -> None:
    seen = collected({f"王伟/{inner}_tcp_echo.py": ECHO}, ROSTER)
    assert seen.handed == {}
    assert seen.remarks == [("same_name", "")]


@pytest.mark.parametrize("inner", ["ww1_tcp_echo.py", "2001/tcp_echo.py", "lab-ww1/tcp_echo.py"])
def test_a_folder_in_doubt_is_one_of_those_whom_it_means(inner: str, collected: Collect) -> None:
    tree = {f"王伟/{inner}": ECHO}
    if inner.startswith("lab"):
        tree["王伟/lab-ww1/.git/HEAD"] = b""
    assert list(collected(tree, ROSTER).handed.values()) == [["2001 ex03 1"]]


@pytest.mark.parametrize("roster", [None, "name,login\nAnn,ann\nBob,bob\nMal,mal\n"])
def test_a_clone_in_a_students_own_folder_is_the_students(
    roster: str | None, collected: Collect
) -> None:
    tree = {
        "ann/tcp_echo.py": ECHO,
        "bob/tcp_echo.py": TWO,
        "mal/x/ann/.git/HEAD": b"",
        "mal/x/ann/tcp_echo.py": ECHO + b"3",
    }
    seen = collected(tree, roster)
    assert {one.origin: one.student for one in seen.collection.handed} == {
        "ann/tcp_echo.py": "ann",
        "bob/tcp_echo.py": "bob",
        "mal/x/ann/tcp_echo.py": "mal",
    }


def test_downloads_of_several_weeks_without_a_list(collected: Collect) -> None:
    moodle = "{}/{}_5{}_assignsubmission_file_/{}.py"
    tree = {
        moodle.format(week, who, at, name): code
        for at, (week, name, code) in enumerate(
            [("Monday lot", "tcp_echo", ECHO), ("Friday lot", "bytes_codec", CODEC)]
        )
        for who in ("Ann Lee", "Bob Ray")
    }
    seen = collected(tree)
    assert seen.keys == ["Ann Lee", "Bob Ray"]
    assert len(seen.handed) == 4
    assert seen.remarks == []


def test_a_friends_name_on_ones_file_is_said(collected: Collect) -> None:
    seen = collected({"Ann Lee/bob_tcp_echo.py": ECHO}, "name,id\nAnn Lee,1\nBob,2\n")
    assert seen.handed == {"Ann Lee/bob_tcp_echo.py": ["1 ex03 1"]}
    assert seen.remarks == [("named_for_other", "1")]


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("annlee_1_9_3_456_tcp_echo.py", ""),  # whose name is "annlee_1_9"
        ("malmoe_3_456_1_789_tcp_echo.py", ""),
        ("malmoe_3_456_1_2_tcp_echo.py", "3"),
        ("malmoe_3_456_9_789_tcp_echo.py", "3"),
        ("annlee_LATE_1_456_tcp_echo.py", "1"),
    ],
)
def test_a_name_with_two_students_numbers(name: str, student: str, collected: Collect) -> None:
    seen = collected({name: ECHO}, "name,id\nAnn Lee,1\nBob,2\nMal Moe,3\n")
    assert [one.student for one in seen.collection.handed] == ([student] if student else [])
    assert seen.remarks == ([] if student else [("names_differ", "")])
