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
    "groups in groups": (
        {"week3/A/ann/tcp_echo.py": ECHO, "week7/B/bob/tcp_echo.py": TWO},
        ["week3", "week7"],
        ("week3", "week7"),
    ),
}


@pytest.mark.parametrize("name", DOUBTFUL)
def test_what_is_doubtful_is_said(name: str, collected: Collect) -> None:
    tree, keys, paths = DOUBTFUL[name]
    seen = collected(tree)
    assert sorted(seen.keys) == keys
    (remark,) = [r for r in seen.collection.remarks if "groups" in r.about]
    assert (remark.about, remark.paths) == ("looks_like_groups", paths)


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
    ],
)
def test_names_that_no_student_has(name: str, expected: bool) -> None:
    assert is_generic(name) is expected
