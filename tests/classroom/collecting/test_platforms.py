"""The names that Canvas and Moodle give."""

from __future__ import annotations

import pytest

from grader.classroom.collecting.platforms import Clue, clue_of, turn_of


@pytest.mark.parametrize(
    ("name", "clue"),
    [
        ("leeann_11_501_tcp_echo.py", Clue("canvas", "leeann", "11", "tcp_echo.py", upload=501)),
        (
            "leeann_LATE_11_501_tcp_echo-2.py",
            Clue("canvas", "leeann", "11", "tcp_echo-2.py", late=True, upload=501),
        ),
        (
            "anon_aB3_502_x.py",
            Clue("canvas", "", "aB3", "x.py", upload=502, blind=True),
        ),
        (
            "LATE_anon_aB3_502_x.py",
            Clue("canvas", "", "aB3", "x.py", late=True, upload=502, blind=True),
        ),
        ("王伟_7_8_ex03.py", Clue("canvas", "王伟", "7", "ex03.py", upload=8)),
        ("_LATE_7_8_x.py", Clue("canvas", "", "7", "x.py", late=True, upload=8)),
        ("leeann_11_text.html", Clue("canvas", "leeann", "11", typed=True)),
        ("lee_LATE_11_link.html", Clue("canvas", "lee", "11", late=True, typed=True)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_canvas(name: str, clue: Clue) -> None:
    assert clue_of(name, is_file=True) == clue
    assert clue_of(name, is_file=False) is None


@pytest.mark.parametrize(
    ("name", "clue"),
    [
        ("Ann Lee_12_assignsubmission_file_", Clue("moodle", "Ann Lee", "12")),
        ("Ann Lee_12_assignsubmission_file", Clue("moodle", "Ann Lee", "12")),
        (
            "Ann Lee_12_assignsubmission_file_tcp_echo.py",
            Clue("moodle", "Ann Lee", "12", "tcp_echo.py"),
        ),
        ("Ann Lee_12_assignsubmission_onlinetext_", Clue("moodle", "Ann Lee", "12", typed=True)),
        ("Participant_12_assignsubmission_file_", Clue("moodle", "Participant", "12", blind=True)),
        ("参与者_12_assignsubmission_file_", Clue("moodle", "参与者", "12", blind=True)),
        ("Default group_assignsubmission_file", Clue("moodle", "Default group")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_moodle(name: str, clue: Clue) -> None:
    assert clue_of(name, is_file=False) == clue


@pytest.mark.parametrize(
    "name", ["ann_tcp_echo.py", "tcp_echo.py", "Ann_12_34_x.py", "12_34_x.py", "ann", ""]
)
def test_no_platforms_name(name: str) -> None:
    assert clue_of(name, is_file=True) is None


def test_a_hostile_name_takes_no_time_worth_speaking_of() -> None:
    for name in ("_1" * 50_000, "a_" * 50_000, "_LATE" * 50_000, "1_1" * 50_000):
        clue_of(name, is_file=True)
    clue = clue_of("a_assignsubmission_file_" * 5_000, is_file=False)
    assert clue is not None
    assert clue.name == "a"


@pytest.mark.parametrize(
    ("stem", "rest", "turn"),
    [
        ("tcp_echo", "tcp_echo", None),
        ("tcp_echo-2", "tcp_echo", 2),
        ("tcp_echo (1)", "tcp_echo", 1),
        ("tcp_echo（3）", "tcp_echo", 3),
        ("tcp_echo_v2", "tcp_echo", 2),
        ("tcp_echo version 10", "tcp_echo", 10),
        ("tcp_echo - Copy", "tcp_echo", None),
        ("tcp_echo - 副本 (2)", "tcp_echo", 2),
        ("-2", "-2", None),
        ("ex03", "ex03", None),
    ],
)
def test_marks_of_a_further_attempt(stem: str, rest: str, turn: int | None) -> None:
    assert turn_of(stem) == (rest, turn)
