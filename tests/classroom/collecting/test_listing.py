"""The list that is shown before anything is graded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

import grader.classroom.collecting as package
from grader.classroom.collecting.listing import entry_words, remark_words, render_list
from grader.classroom.model import Collection, Entry, EntryRole, Handed, Remark, Student
from grader.model import LANGUAGES, Language
from grader.report._layout import columns
from grader.texts import has_text, table

from .conftest import ECHO, Collect, exercises, stub, zipped

SOURCE = "".join(
    path.read_text(encoding="utf-8") for path in sorted(Path(package.__path__[0]).glob("*.py"))
)
TREE = {
    "ann/tcp_echo.py": ECHO,
    "ann/x/tcp_echo.py": ECHO + b"2",
    "bob/main.py": ECHO,
    "cid/work.zip": zipped({"../x": b"", "tcp_echo.py": ECHO}),
    "dan/a\x1b[31m\u202e.py": b"",
    "dan/notes.ipynb": b"{}",
    "eve/": b"",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_and_remark_has_its_words(language: Language) -> None:
    reasons = set(re.findall(r'"(?:ignored|unknown|refused|unreadable)", "(\w+)"', SOURCE))
    reasons |= set(re.findall(r"(?:CloneError|_remark)\(\s*\"(\w+)\"", SOURCE))
    reasons |= set(re.findall(r'CollectError\(\s*"(\w+)"', SOURCE))
    reasons -= set(get_args(EntryRole))
    assert len(reasons) > 30
    assert [
        reason for reason in sorted(reasons) if not has_text(f"collecting.{reason}", language)
    ] == []


def test_no_text_is_left_over() -> None:
    words = {key for key in table("collecting", "en") if not re.search(f"['\"]{key}['\"]", SOURCE)}
    made = ("layout_", "role_", "column_")
    assert [key for key in sorted(words) if not key.startswith(made)] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [20, 50, 80, 200])
@pytest.mark.parametrize("verbose", [False, True])
def test_a_list(language: Language, width: int, verbose: bool, collected: Collect) -> None:
    collection = collected(TREE).collection
    shown = render_list(collection, exercises(), language, width=width, verbose=verbose)
    assert shown.endswith("\n")
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert max(columns(line) for line in shown.splitlines()) <= max(width, 50)
    assert all(char.isprintable() or char == "\n" for char in shown)


def test_what_needs_a_look_is_there(collected: Collect) -> None:
    collection = collected(TREE).collection
    shown = render_list(collection, exercises(), "en", width=120)
    assert "two" not in collection.layout
    for word in (
        "students: 5, who have handed something in: 3",
        "ann: 2 files for ex03 that nothing tells apart",
        "bob: taken for ex03 because of the functions in it",
        "its path leads out of the zip\n      cid/work.zip!/../x",
        "have it exported as .py\n      dan/notes.ipynb",
        "dan/a\\x1b[31m\\u202e.py",
        "Handed in nothing (2): dan, eve",
    ):
        assert word in shown
    assert re.search(r"ex03 .*  3  +4  +0  +2\n", shown)
    assert "ann/tcp_echo.py\n      to grade" not in shown


def test_everything_is_there_where_it_is_asked_for(collected: Collect) -> None:
    collection = collected(TREE).collection
    shown = render_list(collection, exercises(), "en", width=120, verbose=True)
    for entry in collection.entries:
        assert entry.path.replace("\x1b", "\\x1b").replace("\u202e", "\\u202e") in shown
    assert "bob/main.py\n      to grade · bob · ex03" in shown


def test_nothing_to_look_at() -> None:
    handed = Handed("a", "ex03", "a/tcp_echo.py", "tcp_echo.py", "0" * 64, 1, late=True)
    collection = Collection(
        "x", "folders", (Student("a", "Ann"),), (handed,), (Entry("a/tcp_echo.py", "submission"),)
    )
    shown = render_list(collection, exercises()[:2], "en")
    assert "Nothing needs a look." in shown
    assert re.search(r"ex03 .*  1  +1  +1  +0\n", shown)


def test_long_lists_are_cut_and_say_so() -> None:
    entries = tuple(Entry(f"{n}.rar", "unknown", "unpack_it") for n in range(30))
    remarks = tuple(Remark("guessed", {"who": str(n), "exercise": "ex03"}) for n in range(30))
    students = tuple(Student(str(n)) for n in range(100))
    collection = Collection("x", "mixed", students, (), entries, remarks)
    short = render_list(collection, exercises(), "en")
    assert short.count("--verbose") == 3
    assert len(short.splitlines()) < 50
    assert "--verbose" not in render_list(collection, exercises(), "en", verbose=True)


def test_colours_are_asked_for(collected: Collect) -> None:
    collection = collected(TREE).collection
    assert "\x1b[1m" in render_list(collection, exercises(), "en", colour=True)


def test_words_of_what_nobody_knows_do_not_fail() -> None:
    assert entry_words(Entry("x", "unknown", "brand_new"), "en") == ""
    assert "brand_new" in remark_words(Remark("brand_new", {"a": "b"}), "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_role_has_a_name(language: Language) -> None:
    assert all(has_text(f"collecting.role_{role}", language) for role in get_args(EntryRole))


def test_who_handed_in_the_stub_is_named(collected: Collect) -> None:
    tree = {
        "ann/tcp_echo.py": stub("ex03"),
        "bob/tcp_echo.py": stub("ex03"),
        "bob/new/tcp_echo.py": ECHO,
        "cid/exercises/ex01_bytes_codec/bytes_codec.py": stub("ex01"),
        "cid/exercises/ex03_tcp_echo/tcp_echo.py": ECHO,
        "eve/": b"",
    }
    shown = render_list(collected(tree).collection, exercises(), "en")
    assert "Handed in the stub unchanged (1): ann (ex03)\nHanded in nothing (1): eve\n" in shown


def test_a_roster_of_another_class_is_said_first(collected: Collect) -> None:
    tree = {f"{name}/tcp_echo.py": ECHO + name.encode() for name in ("ann", "bob", "cid", "dan")}
    seen = collected(tree, "name,login\nZoe,zoe\n")
    shown = render_list(seen.collection, exercises(), "en")
    look = shown.partition("Worth a look before anything is graded:\n")[2]
    assert look.startswith("  ! None of the 4 students found here is in the list of students")
    assert "  ! ann, bob, cid, dan: not in the list of students\n" in look
    assert look.count("not in the list") == 1
    right = collected(tree, "name,login\nAnn,ann\n")
    assert ("none_in_roster", "") not in right.remarks
