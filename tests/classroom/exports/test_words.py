"""What a student is told, in words."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from grader.catalog import load_exercise
from grader.classroom.exports._words import (
    plain,
    sentence,
    spoken_name,
    together,
    weight_words,
)
from grader.classroom.gradebook import Cell
from grader.classroom.model import Graded, Handed, Student
from grader.model import CheckResult, GraderInfo, Isolation, Language, Verdict

ROOT = Path(__file__).resolve().parents[3]
EX03 = load_exercise(ROOT, "ex03")
HEAD = "ex03 (The TCP echo server and its client): "


def cell(failed: int = 0, **values: Any) -> Cell:
    checks = tuple(
        CheckResult(f"c{n}", f"check {n}", "failed", 1.0, 0.0, "public", 0.1)
        for n in range(1, failed + 1)
    )
    verdict = Verdict(
        "ex03", "tcp_echo", "tcp_echo.py", "", "failed", 1, 2, 0.1, 1,
        Isolation("full", "b"), GraderInfo("1", "3"), checks,
    )  # fmt: skip
    at = datetime(2026, 11, 20, tzinfo=timezone.utc) + timedelta(days=1)
    chosen = Graded(Handed("ann", "ex03", "o", "n", "0", 1, 1, at), verdict)
    usual: dict[str, Any] = {"status": "graded", "points": Decimal("7.50"), "chosen": chosen}
    return Cell(student="ann", exercise="ex03", out_of=Decimal(10), **{**usual, **values})


NOTHING: dict[str, Any] = {"chosen": None, "points": None}


@pytest.mark.parametrize(
    ("about", "said"),
    [
        (cell(), "7.5 of 10 points."),
        (cell(1), "7.5 of 10 points. Not passed: check 1."),
        (cell(3), "7.5 of 10 points. Not passed: check 1; check 2; check 3."),
        (cell(5), "7.5 of 10 points. Not passed: check 1; check 2; check 3; and 2 more."),
        (
            cell(days_late=1, penalty=Decimal("10.0"), flags=("late",)),
            "7.5 of 10 points. Handed in one day late: 10 % less.",
        ),
        (
            cell(days_late=3, penalty=Decimal(30), flags=("late",)),
            "7.5 of 10 points. Handed in 3 days late: 30 % less.",
        ),
        (cell(days_late=3, flags=("late",)), "7.5 of 10 points."),
        (
            cell(days_late=1, penalty=Decimal(10), flags=("late_unknown",)),
            "7.5 of 10 points. It is marked as late: 10 % less.",
        ),
        (
            cell(
                points=Decimal("0.00"),
                days_late=9,
                penalty=Decimal(100),
                flags=("late", "too_late"),
            ),
            "0 of 10 points. It came after the last day on which it would have been accepted.",
        ),
        (cell(flags=("late_mark", "no_time", "ungraded_attempt")), "7.5 of 10 points."),
        (cell(status="missing", **NOTHING), "nothing was handed in."),
        (
            cell(status="missing", chosen=None, points=Decimal("0.00")),
            "nothing was handed in: 0 of 10 points.",
        ),
        (
            cell(status="missing", flags=("stub",), **NOTHING),
            "the stub was handed in unchanged.",
        ),
        (
            cell(status="missing", flags=("stub",), chosen=None, points=Decimal("0.00")),
            "the stub was handed in unchanged: 0 of 10 points.",
        ),
        (cell(status="excused", **NOTHING), "you are excused; it is not counted."),
        (
            cell(4, status="error", points=None, flags=("grader_error",)),
            "not graded yet. The fault is ours, it costs you nothing, and you will hear of it.",
        ),
    ],
)
def test_a_sentence_says_what_a_student_should_know(about: Cell, said: str) -> None:
    assert sentence(about, EX03, "en") == HEAD + said


def test_chinese_sentences_follow_each_other_without_a_blank() -> None:
    about = cell(1, days_late=2, penalty=Decimal(20), flags=("late", "extended"))
    assert sentence(about, EX03, "zh") == (
        "ex03（TCP 回显服务器与客户端）：7.5 分，满分 10 分。迟交 2 天，扣 20%。你享有延期。"
        "未通过：check 1。"
    )


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("Archer, Ann", "Ann Archer"),
        ("van der Berg,  Jan Piet", "Jan Piet van der Berg"),
        ("Ann Archer", "Ann Archer"),
        ("王, 伟", "王伟"),
        ("Wang, 伟", "伟 Wang"),
        ("Martin King, Jr.", "Martin King, Jr."),
        ("Henry, VIII, King", "Henry, VIII, King"),
        ("Archer,", "Archer,"),
        (", Ann", ", Ann"),
        (",", ","),
    ],
)
def test_nobody_is_greeted_with_the_last_name_first(name: str, spoken: str) -> None:
    assert spoken_name(Student("key", name)) == spoken


def test_who_has_no_name_is_greeted_by_what_there_is() -> None:
    assert spoken_name(Student("key", login="ann7")) == "ann7"


@pytest.mark.parametrize(("language", "said"), [("en", "a. b. c."), ("zh", "a.b.c.")])
def test_sentences_make_a_paragraph(language: Language, said: str) -> None:
    assert together(["a.", "b.", "c."], language) == said
    assert together([], language) == ""


def test_a_weight_is_worth_a_word_where_it_is_not_one() -> None:
    assert weight_words(Decimal("1.0"), "en") == []
    assert weight_words(Decimal("2.50"), "en") == ["These points count 2.5 times."]


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (None, ""), (Decimal("7.50"), "7.5"), (Decimal("10.00"), "10"), (Decimal("1E+3"), "1000"),
        (100.0, "100"), (0.1 + 0.2, "0.3"), (0.0, "0"), (12.25, "12.25"),
    ],
)  # fmt: skip
def test_numbers_are_as_short_as_they_can_be(number: Decimal | float | None, shown: str) -> None:
    assert plain(number) == shown
