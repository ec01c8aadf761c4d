"""Folders around students' folders: sections, weeks; and what only looks like them."""

from __future__ import annotations

import pytest

from grader.classroom.collecting.groups import is_generic

from .conftest import CODEC, ECHO, Collect, Tree, stub, zipped

TWO = ECHO + b"# 2"
THREE = ECHO + b"# 3"
MOODLE = zipped({"Eve Ox_5_assignsubmission_file_/tcp_echo.py": THREE})
TAKEN: dict[str, tuple[Tree, list[str]]] = {
    "sections": (
        {"A/ann/tcp_echo.py": ECHO, "B/cy/tcp_echo.py": TWO, "B/dan/tcp_echo.py": THREE, "C/": b""},
        ["ann", "cy", "dan"],
    ),
    "weeks": (
        {
            "week3/ann/tcp_echo.py": ECHO,
            "week7/ann/bytes_codec.py": CODEC,
            "week7/bob/src/bytes_codec.py": CODEC,
            "week8/cid/notes.ipynb": b"{}",
        },
        ["ann", "bob", "cid"],
    ),
    "names that say nothing": (
        {"Mrs Ox/ann/tcp_echo.py": ECHO, "Mrs Ox/bob/tcp_echo.py": TWO, "Mr Y/di/ex03.py": THREE},
        ["ann", "bob", "di"],
    ),
    "beside a platform's zip": (
        {
            "plain/ann/tcp_echo.py": ECHO,
            "plain/bob.zip": zipped({"tcp_echo.py": TWO}),
            "m.zip": MOODLE,
        },
        ["ann", "bob", "Eve Ox"],
    ),
    "a whole class and what lies astray": (
        {
            "plain/lone.py": CODEC,
            "m.zip": MOODLE,
            **{f"plain/a{name}/tcp_echo.py": ECHO + name.encode() for name in "bcdef"},
        },
        ["ab", "ac", "ad", "ae", "af", "Eve Ox", "lone"],
    ),
    "groups in groups": (
        {
            "week3/A/ann/tcp_echo.py": ECHO,
            "week7/B/bob/tcp_echo.py": TWO,
            "week7/C/": b"",
            "week7/D/eve/notes.ipynb": b"{}",
        },
        ["ann", "bob", "eve"],
    ),
    "groups in groups of groups": (
        {
            "spring/week 3/1班/ann/tcp_echo.py": ECHO,
            "spring/week 3/2班/bob/src/tcp_echo.py": TWO,
            "autumn/week 3/1班/ann/ex01.py": CODEC,
        },
        ["ann", "bob"],
    ),
    "groups in some of the groups": (
        {
            "week3/Section 1/ann/tcp_echo.py": ECHO,
            "week3/Section 2/bob/tcp_echo.py": TWO,
            "week3/Section 2/dan/": b"",
            "week7/ann/bytes_codec.py": CODEC,
            "week7/cid/tcp_echo.py": THREE,
            "week7/eve/": b"",
        },
        ["ann", "bob", "cid", "dan", "eve"],
    ),
    "numbered groups of several": (
        {
            f"week{week}/{group}/{name}/tcp_echo.py": ECHO + name.encode()
            for week in (3, 7)
            for group, names in ((1, ("ann", "bob")), (2, ("cid", "dan")))
            for name in names
        },
        ["ann", "bob", "cid", "dan"],
    ),
    "an exercise first": (
        {"ex03/1班/ann/main.py": ECHO, "ex03/2班/bob/main.py": TWO},
        ["ann", "bob"],
    ),
}


@pytest.mark.parametrize("name", TAKEN)
def test_groups_are_no_students(name: str, collected: Collect) -> None:
    tree, keys = TAKEN[name]
    seen = collected(tree)
    assert sorted(seen.keys) == sorted(keys)
    assert [about for about, _ in seen.remarks if "groups" in about] == ["taken_for_groups"]


DOUBTFUL: dict[str, tuple[Tree, list[str], tuple[str, ...]]] = {
    "some only": (
        {"ann/tcp_echo.py": ECHO, "X Y/bob/tcp_echo.py": TWO, "X Y/cid/tcp_echo.py": THREE},
        ["X Y", "ann"],
        ("X Y",),
    ),
    "one odd folder in each": (
        {"ann/mine/tcp_echo.py": ECHO, "bob/stuff/tcp_echo.py": TWO},
        ["ann", "bob"],
        ("ann", "bob"),
    ),
    "first and second": (
        {
            f"{who}/{n}/tcp_echo.py": ECHO + who.encode() + n.encode()
            for who in ("ann", "bob")
            for n in ("erste", "zweite")
        },
        ["ann", "bob"],
        ("ann", "bob"),
    ),
    "below what a student calls a part": (
        {
            "ann/week 1/eins/tcp_echo.py": ECHO,
            "ann/week 1/zwei/tcp_echo.py": TWO,
            "bob/c/x.py": b"",
        },
        ["ann", "bob"],
        ("ann",),
    ),
    "teams that hand in": (
        {"Team 1/try 2/all/tcp_echo.py": ECHO, "Team 2/try 1/ours/tcp_echo.py": TWO},
        ["Team 1", "Team 2"],
        ("Team 1", "Team 2"),
    ),
    "students without names": (
        {"Student 1/stuff/tcp_echo.py": ECHO, "Student 2/mine/tcp_echo.py": TWO},
        ["Student 1", "Student 2"],
        ("Student 1", "Student 2"),
    ),
}


@pytest.mark.parametrize("name", DOUBTFUL)
def test_what_is_doubtful_is_said(name: str, collected: Collect) -> None:
    tree, keys, paths = DOUBTFUL[name]
    seen = collected(tree)
    assert sorted(seen.keys) == keys
    (remark,) = [r for r in seen.collection.remarks if "groups" in r.about]
    assert (remark.about, remark.paths) == ("looks_like_groups", paths)


INSIDE: dict[str, tuple[Tree, list[str], tuple[str, ...], str]] = {
    "in one group some": (
        {
            "week3/A/ann/tcp_echo.py": ECHO,
            "week3/cid/tcp_echo.py": TWO,
            "week7/bob/tcp_echo.py": THREE,
        },
        ["A", "bob", "cid"],
        ("week3/A",),
        "week3/A",
    ),
    "teachers": (
        {
            "week3/Mrs Ox/ann/tcp_echo.py": ECHO,
            "week3/Mrs Ox/bob/tcp_echo.py": TWO,
            "week7/Mr Y/cid/tcp_echo.py": THREE,
        },
        ["Mr Y", "Mrs Ox"],
        ("week3/Mrs Ox",),
        "week3/Mrs Ox",
    ),
    "numbers can be students": (
        {"week3/1/mine/tcp_echo.py": ECHO, "week7/2/ours/tcp_echo.py": TWO},
        ["1", "2"],
        ("week3/1", "week7/2"),
        "week3/1, week7/2",
    ),
    "letters can be students": (
        {"week3/a/1/mine/tcp_echo.py": ECHO, "week7/b/2/ours/tcp_echo.py": TWO},
        ["a", "b"],
        ("week3/a", "week7/b"),
        "week3/a, week7/b",
    ),
    "the same in each": (
        {
            "week3/a/work in/tcp_echo.py": ECHO,
            "week3/b/work in/tcp_echo.py": TWO,
            "week7/cy/tcp_echo.py": THREE,
        },
        ["a", "b", "cy"],
        ("week3/a", "week3/b"),
        "week3/a, week3/b",
    ),
}


@pytest.mark.parametrize("name", INSIDE)
def test_what_is_doubtful_in_a_group_is_said(name: str, collected: Collect) -> None:
    tree, keys, paths, names = INSIDE[name]
    seen = collected(tree)
    assert sorted(seen.keys) == keys
    said = {r.about: r for r in seen.collection.remarks if "groups" in r.about}
    assert sorted(said) == ["looks_like_groups", "taken_for_groups"]
    assert said["taken_for_groups"].values["names"] == "week3, week7"
    assert said["looks_like_groups"].paths == paths
    assert said["looks_like_groups"].values["names"] == names


PLAIN: dict[str, Tree] = {
    "parts of a student's work": {
        "ann/week 1/tcp_echo.py": ECHO,
        "ann/week 2/bytes_codec.py": CODEC,
        "bob/ex03/tcp_echo.py": TWO,
    },
    "some of it in a folder": {
        "ann/tcp_echo.py": ECHO,
        "ann/stuff/bytes_codec.py": CODEC,
        "bob/tcp_echo.py": TWO,
        "bob/mine/bytes_codec.py": CODEC + b"# 2",
    },
    "letters for names": {
        "a/1/stuff/tcp_echo.py": ECHO,
        "b/2/mine/tcp_echo.py": TWO,
    },
    "one folder more": {
        "ann/tcp_echo.py": ECHO,
        "bob/my stuff/tcp_echo.py": TWO,
        "cid/src/tcp_echo.py": THREE,
    },
}


@pytest.mark.parametrize("name", PLAIN)
def test_students_folders_are_no_groups(name: str, collected: Collect) -> None:
    tree = PLAIN[name]
    seen = collected(tree)
    assert {one.origin: one.student for one in seen.collection.handed} == {
        path: path.partition("/")[0] for path in tree
    }
    assert [about for about, _ in seen.remarks if "groups" in about] == []


ROSTER = "name,login\nAnn Lee,ann\nBob Ray,bob\nPlain Jane,plain\n"


def test_a_roster_knows_who_is_a_student(collected: Collect) -> None:
    tree = {
        "Ox/ann/tcp_echo.py": ECHO,
        "Ox/zed/tcp_echo.py": TWO,
        "plain/first/tcp_echo.py": ECHO,
        "plain/second/tcp_echo.py": THREE,
        "bob/tcp_echo.py": TWO,
    }
    seen = collected(tree, ROSTER)
    assert {one.origin: one.student for one in seen.collection.handed} == {
        "Ox/ann/tcp_echo.py": "ann",
        "Ox/zed/tcp_echo.py": "zed",
        "plain/first/tcp_echo.py": "plain",
        "plain/second/tcp_echo.py": "plain",
        "bob/tcp_echo.py": "bob",
    }
    assert [about for about, _ in seen.remarks if "groups" in about] == []


def test_a_roster_knows_students_in_groups_in_groups(collected: Collect) -> None:
    tree = {
        "Ox/first/ann/tcp_echo.py": ECHO,
        "Ox/first/bob/tcp_echo.py": TWO,
        "Ox/first/zed/tcp_echo.py": THREE,
        "Ox/second/plain/mine/tcp_echo.py": ECHO + b"# 4",
        "week3/A/yve/tcp_echo.py": ECHO + b"# 5",
        "yan/bob/tcp_echo.py": ECHO + b"# 6",  # one name of the list makes no group of a folder
        "yan/work/bytes_codec.py": CODEC,
        "yan/own.py": b"x = 1",
        "ulf/box/ann/tcp_echo.py": ECHO + b"# 7",
        "ulf/things/bytes_codec.py": CODEC,
    }
    seen = collected(tree, ROSTER)
    assert {one.origin: one.student for one in seen.collection.handed} == {
        "Ox/first/ann/tcp_echo.py": "ann",
        "Ox/first/bob/tcp_echo.py": "bob",
        "Ox/first/zed/tcp_echo.py": "zed",
        "Ox/second/plain/mine/tcp_echo.py": "plain",
        "week3/A/yve/tcp_echo.py": "week3",
        "yan/bob/tcp_echo.py": "bob",
        "yan/work/bytes_codec.py": "yan",
        "ulf/box/ann/tcp_echo.py": "ann",
        "ulf/things/bytes_codec.py": "ulf",
    }
    (said,) = [remark for remark in seen.collection.remarks if "groups" in remark.about]
    assert (said.about, said.paths) == ("looks_like_groups", ("week3",))


def test_a_stub_in_a_section_is_the_students(collected: Collect) -> None:
    seen = collected({"A/ann/tcp_echo.py": stub("ex03"), "B/bob/tcp_echo.py": ECHO})
    assert {entry.path: entry.student for entry in seen.collection.entries} == {
        "A/ann/tcp_echo.py": "ann",
        "B/bob/tcp_echo.py": "bob",
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Week 3", True),
        ("section_b", True),
        ("计算机1班", True),
        ("第3周", True),
        ("A", True),
        ("ann", False),
        ("1001", False),
        ("Weekes", False),
        ("Ann B", False),
        ("周杰", False),
        ("students", True),
        ("Student 7", False),
        ("student07", False),
    ],
)
def test_names_that_no_student_has(name: str, expected: bool) -> None:
    assert is_generic(name) is expected
