"""Attempts in order, duplicates, and two that nothing tells apart."""

from __future__ import annotations

import os
from collections.abc import Mapping

import pytest

from .conftest import ECHO, Collect, Tree, stub, write, zipped

ORDERED: dict[str, tuple[Tree, list[str]]] = {
    "marks": (
        {"a/tcp_echo-2.py": ECHO + b"3", "a/tcp_echo.py": ECHO, "a/tcp_echo-1.py": ECHO + b"2"},
        ["a/tcp_echo.py", "a/tcp_echo-1.py", "a/tcp_echo-2.py"],
    ),
    "numbers, not letters": (
        {"a/tcp_echo_v10.py": ECHO, "a/tcp_echo_v9.py": ECHO + b"2"},
        ["a/tcp_echo_v9.py", "a/tcp_echo_v10.py"],
    ),
    "brackets": (
        {"a/tcp_echo (1).py": ECHO, "a/tcp_echo.py": ECHO + b"2"},
        ["a/tcp_echo.py", "a/tcp_echo (1).py"],
    ),
    "Canvas's files": (
        {"ann_1_90_tcp_echo.py": ECHO, "ann_1_100_tcp_echo.py": ECHO + b"2"},
        ["ann_1_90_tcp_echo.py", "ann_1_100_tcp_echo.py"],
    ),
}


@pytest.mark.parametrize("name", ORDERED)
def test_attempts_in_order(name: str, collected: Collect) -> None:
    tree, expected = ORDERED[name]
    handed = collected(tree).collection.handed
    assert [(one.origin, one.attempt) for one in handed] == [
        (path, at) for at, path in enumerate(expected, 1)
    ]


def test_the_files_times_are_the_last_resort(collected: Collect, tmp_path: object) -> None:
    tree = {"a/x/tcp_echo.py": ECHO, "a/y/tcp_echo.py": ECHO + b"2", "b/x.txt": b""}
    folder = write(tmp_path / "class", tree)  # type: ignore[operator]
    os.utime(folder / "a/x/tcp_echo.py", (1_700_000_900, 1_700_000_900))
    seen = collected(folder)
    assert seen.handed == {"a/y/tcp_echo.py": ["a ex03 1"], "a/x/tcp_echo.py": ["a ex03 2"]}
    assert seen.remarks == [("ordered_by_time", "a")]
    assert {one.submitted_at for one in seen.collection.handed} == {None}


def test_two_that_nothing_tells_apart(collected: Collect) -> None:
    seen = collected({"a/x/tcp_echo.py": ECHO, "a/y/tcp_echo.py": ECHO + b"2", "b/x.txt": b""})
    assert [one.attempt for one in seen.collection.handed] == [1, 1]
    (remark,) = seen.collection.remarks
    assert (remark.about, remark.student) == ("two_candidates", "a")
    assert remark.paths == ("a/x/tcp_echo.py", "a/y/tcp_echo.py")


def test_the_same_bytes_are_graded_once(collected: Collect) -> None:
    tree = {"a/tcp_echo.py": ECHO, "a/old/tcp_echo.py": ECHO, "a/tcp_echo - Copy.py": ECHO}
    seen = collected(tree)
    assert seen.handed == {"a/tcp_echo.py": ["a ex03 1"]}
    assert seen.roles["a/old/tcp_echo.py"] == "duplicate duplicate_of"
    assert seen.roles["a/tcp_echo - Copy.py"] == "duplicate duplicate_of"
    assert seen.remarks == []


def test_the_same_bytes_of_two_students_are_two(collected: Collect) -> None:
    assert len(collected({"a/tcp_echo.py": ECHO, "b/tcp_echo.py": ECHO}).handed) == 2


CHOSEN: dict[str, tuple[Mapping[str, bytes], str, str]] = {
    "its place in the suite": (
        {"a/exercises/ex03_tcp_echo/tcp_echo.py": ECHO, "a/tcp_echo.py": ECHO + b"2"},
        "a/exercises/ex03_tcp_echo/tcp_echo.py",
        "a/tcp_echo.py",
    ),
    "its name": (
        {"a/ex03/tcp_echo.py": ECHO, "a/ex03/attempt.py": ECHO + b"2"},
        "a/ex03/tcp_echo.py",
        "a/ex03/attempt.py",
    ),
    "its functions": (
        {"a/ex03/mine.py": ECHO, "a/ex03/util.py": b"def help(): ..."},
        "a/ex03/mine.py",
        "a/ex03/util.py",
    ),
}


@pytest.mark.parametrize("name", CHOSEN)
def test_one_is_chosen_by(name: str, collected: Collect) -> None:
    tree, taken, left = CHOSEN[name]
    seen = collected(tree)
    assert seen.handed == {taken: ["a ex03 1"]}
    assert seen.roles[left] == "superseded chosen_instead"


def test_where_the_suites_own_place_has_the_stub_the_other_file_counts(collected: Collect) -> None:
    tree = {"a/exercises/ex03_tcp_echo/tcp_echo.py": stub("ex03"), "a/tcp_echo.py": ECHO}
    assert list(collected(tree).handed) == ["a/tcp_echo.py"]


def test_times_of_zips_order_attempts_in_different_ones(collected: Collect) -> None:
    later = zipped({"tcp_echo.py": ECHO + b"2"}).replace(b"\x00\x60\x61\x5d", b"\x00\x68\x61\x5d")
    seen = collected({"a/1.zip": zipped({"tcp_echo.py": ECHO}), "a/2.zip": later, "b/x.txt": b""})
    assert [one.attempt for one in seen.collection.handed] == [1, 2]
    assert seen.remarks == [("ordered_by_time", "a")]


def test_file_times_are_trusted_where_that_is_asked_for(collected: Collect) -> None:
    seen = collected({"a/tcp_echo.py": ECHO}, None, trust_file_times=True)
    (one,) = seen.collection.handed
    assert one.submitted_at is not None
    assert one.submitted_at.timestamp() == 1_700_000_000


def test_a_zips_time_is_not_compared_with_a_files(collected: Collect) -> None:
    seen = collected(
        {"a/w.zip": zipped({"tcp_echo.py": ECHO}), "a/tcp_echo.py": ECHO + b"2", "b/x": b""}
    )
    assert [one.attempt for one in seen.collection.handed] == [1, 1]
    assert seen.remarks == [("two_candidates", "a")]
