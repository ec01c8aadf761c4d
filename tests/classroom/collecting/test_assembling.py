"""Every file is somebody's work, or an entry says why it is not."""

from __future__ import annotations

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest

from .conftest import CODEC, ECHO, Collect, stub

REASONS = {
    "ann/README.md": "ignored paper",
    "ann/.DS_Store": "ignored system_file",
    "ann/Thumbs.db": "ignored system_file",
    "ann/._tcp_echo.py": "ignored system_file",
    "ann/test_tcp_echo.py": "ignored test_file",
    "ann/noxfile.py": "ignored test_file",
    "ann/tcp_echo.pyc": "ignored system_file",
    "ann/tcp_echo.ipynb": "unknown notebook",
    "ann/work.tar.gz": "unknown unpack_it",
    "ann/work.rar": "unknown unpack_it",
    "ann/work.7z": "unknown unpack_it",
    "ann/essay.docx": "unknown not_python",
    "ann/helper.py": "unknown no_exercise",
    "helper.py": "unknown no_student",
    "tcp_echo.py": "unknown no_student",
}


@pytest.mark.parametrize("path", REASONS)
def test_what_is_no_work_has_its_reason(path: str, collected: Collect) -> None:
    seen = collected({path: b"x = 1\n", "ann/bytes_codec.py": CODEC, "bob/ex14.py": b"x"})
    assert seen.roles[path] == REASONS[path]
    assert path not in seen.handed


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"], ids=["unix", "windows"])
def test_an_untouched_stub_is_not_handed_in(ends: bytes, collected: Collect) -> None:
    seen = collected({"ann/tcp_echo.py": stub("ex03").replace(b"\n", ends)})
    assert seen.handed == {}
    assert seen.roles == {"ann/tcp_echo.py": "ignored stub"}
    assert seen.keys == ["ann"]


def test_the_rest_of_a_repository_is_ignored(collected: Collect) -> None:
    suite = {
        "ann/exercises/ex03_tcp_echo/tcp_echo.py": ECHO,
        "ann/exercises/ex03_tcp_echo/diagram.png": b"",
        "ann/solutions/ex01_bytes_codec/bytes_codec.py": CODEC,
        "ann/tools/helper.py": b"",
    }
    seen = collected(suite)
    assert list(seen.handed) == ["ann/exercises/ex03_tcp_echo/tcp_echo.py"]
    rest = set(seen.roles) - set(seen.handed)
    assert {seen.roles[path] for path in rest} == {"ignored in_repository"}


def test_functions_tell_what_no_name_says(collected: Collect) -> None:
    seen = collected({"ann/main.py": ECHO, "bob/a.py": CODEC})
    assert seen.handed == {"ann/main.py": ["ann ex03 1"], "bob/a.py": ["bob ex01 1"]}
    assert seen.remarks == [("guessed", "ann"), ("guessed", "bob")]


def test_a_name_that_the_functions_contradict_is_said(collected: Collect) -> None:
    seen = collected({"ann/tcp_echo.py": CODEC})
    assert seen.handed == {"ann/tcp_echo.py": ["ann ex03 1"]}
    assert seen.remarks == [("other_functions", "ann")]


def test_the_only_file_is_taken_where_one_exercise_was_asked_for(collected: Collect) -> None:
    tree = {"ann/x.py": b"oops", "bob/y.py": b"1", "bob/z.py": b"2", "cid/tcp_echo.py": ECHO}
    seen = collected(tree, None, "ex03")
    assert seen.handed == {"ann/x.py": ["ann ex03 1"], "cid/tcp_echo.py": ["cid ex03 1"]}
    assert seen.roles["bob/y.py"] == "unknown no_exercise"
    assert seen.remarks == [("taken_as_only", "ann")]


def test_a_file_for_what_was_not_asked_is_ignored(collected: Collect) -> None:
    seen = collected({"ann/tcp_echo.py": ECHO, "ann/bytes_codec.py": CODEC}, None, "ex01")
    assert seen.roles["ann/tcp_echo.py"] == "ignored not_asked"
    assert list(seen.handed) == ["ann/bytes_codec.py"]


def test_bytes_are_given_back(collected: Collect) -> None:
    seen = collected({"ann/tcp_echo.py": ECHO, "bob/tcp_echo.py": b"\xff\x00"})
    assert [seen.sources.read(one.sha256) for one in seen.collection.handed] == [ECHO, b"\xff\x00"]


WORKSHEET = (
    "Identifier,Full name,Email address,Status,Grade,Last modified (submission)\n"
    'Participant 5,Ann Lee,a@x.edu,Submitted for grading - 1 day late,,"Friday, 20 November 2026, '
    '11:59 PM"\nParticipant 6,Bo Berg,b@x.edu,Submitted for grading,,-\n'
)


def test_times_and_lateness_of_moodles_worksheet(collected: Collect) -> None:
    tree = {f"{n}_assignsubmission_file_/tcp_echo.py": ECHO for n in ("Ann Lee_5", "Bo Berg_6")}
    seen = collected(tree, WORKSHEET, timezone=ZoneInfo("Europe/Berlin"))
    ann, bo = seen.collection.handed
    assert ann.submitted_at == datetime(2026, 11, 20, 22, 59, tzinfo=timezone.utc)
    assert (ann.late, bo.late, bo.submitted_at) == (True, False, None)


def test_canvas_marks_what_is_late(collected: Collect) -> None:
    seen = collected({"ann_LATE_1_2_tcp_echo.py": ECHO, "bo_3_4_tcp_echo.py": ECHO})
    assert [(one.name, one.late) for one in seen.collection.handed] == [
        ("tcp_echo.py", True),
        ("tcp_echo.py", False),
    ]


def test_two_runs_are_the_same(collected: Collect) -> None:
    tree = {"b/tcp_echo.py": ECHO, "a/x/tcp_echo.py": ECHO, "a/y/tcp_echo.py": CODEC, "z.rar": b""}
    assert collected(tree).collection == collected(tree).collection
