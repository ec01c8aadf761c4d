"""What a run has come to, as it is told: counts, names, and what needs a look."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from grader.classroom._summary import Look, closing, rules, summary
from grader.classroom.course import Course, ExerciseRule
from grader.classroom.model import ClassResult, Collection, Entry, Graded, Remark
from grader.classroom.store import LOCK, NAME
from grader.model import LANGUAGES, Isolation, Language
from grader.report._layout import columns

from .conftest import OTHER, TINY, Class, verdict

HOSTILE = "\x1b[31mEve\u202e\n::error::x"


def result(language: Language = "en") -> ClassResult:
    class_ = Class(
        [
            ("ann", "ex90", b"1"),
            ("ann", "ex91", b"2"),
            ("bob", "ex90", b"3"),
            (HOSTILE, "ex90", b"4"),
        ],
        absent=["dan", *(f"s{n}" for n in range(20))],
    )
    collection = class_.collection
    entries = (Entry(HOSTILE, "unknown"), Entry("b", "ignored"), Entry("c", "refused"))
    collection = msgspec.structs.replace(collection, entries=entries, remarks=(Remark("x"),))
    first, second, third, fourth = collection.handed
    loose = msgspec.structs.replace(verdict(b"3", "failed"), isolation=Isolation("none", "plain"))
    graded = (
        Graded(first, verdict(b"1")),
        Graded(second, verdict(b"2", "failed", OTHER), log="the grade stands\nmore"),
        Graded(third, loose),
        Graded(fourth, verdict(b"4", "error"), log=f"broke {HOSTILE}\nlong log"),
    )
    now = datetime(2026, 1, 1, tzinfo=timezone.utc)
    return ClassResult("t", collection, (TINY, OTHER), graded, now, language, class_.read)


def test_the_summary_counts_and_names() -> None:
    shown = summary(result(), Look("en"))
    assert shown.startswith("students: 24, files to grade: 4\n")
    head, ex90, ex91 = shown.splitlines()[2:5]
    assert re.split(r"  +", head.strip()) == ["passed", "failed", "our error", "not handed in"]
    assert ex90.split() == ["ex90", "name", "1", "1", "1", "21"]
    assert ex91.split() == ["ex91", "name", "0", "1", "0", "23"]
    for expected in (
        "1 without a grade through our fault",
        "1 where an earlier grade stands",
        "21 handed in nothing",
        "and 11 more",
        "nobody's, refused or unreadable files: 2",
        "how it was understood: 1",
        "without isolation",
    ):
        assert expected in shown
    assert "long log" not in shown
    assert "S19" in summary(result(), Look("en", verbose=True))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [60, 120])
def test_the_summary_is_harmless_and_fits(language: Language, width: int) -> None:
    shown = summary(result(language), Look(language, width))
    assert shown.replace("\n", "").isprintable()
    assert "\n::error" not in shown
    lines = shown.splitlines()
    assert all(columns(line) <= width for line in lines)
    named = [line for line in lines if line.startswith("    ")]
    assert all(columns(line) <= width for line in named)


@pytest.mark.parametrize(
    ("language", "nothing", "same"),
    [
        (
            "en",
            "1 handed in nothing:",
            "1 handed in the stub unchanged, which counts as nothing:",
        ),
        ("zh", "1 名学生什么都没有提交：", "1 名学生交来的仍是未改动的初始文件，视为未交："),
    ],
)
def test_who_handed_in_the_stub_is_told_from_who_handed_in_nothing(
    language: Language, nothing: str, same: str
) -> None:
    class_ = Class([("cid", "ex90", b"1")], absent=["ann", "dan"])
    entries = tuple(
        Entry(f"{who}/{path}.py", "ignored", "stub", student=who, exercise=exercise)
        for who, path, exercise in (
            ("ann", "other", "ex91"),
            ("ann", "tiny", "ex90"),
            ("cid", "exercises/ex91_other/other", "ex91"),  # a whole suite, with the rest undone
            ("cid", "old/tiny", "ex90"),  # beside what was done
        )
    )
    collection = msgspec.structs.replace(class_.collection, entries=entries)
    shown = summary(
        replace(result(language), collection=collection, graded=()), Look(language)
    ).splitlines()
    at = shown.index(f"  {nothing}")
    assert shown[at + 1 : at + 4] == ["    Dan", f"  {same}", "    Ann (ex90, ex91)"]
    assert not any("Cid" in line for line in shown)


def test_colour_changes_no_width() -> None:
    plain = summary(result(), Look("en"))
    painted = summary(result(), Look("en", colour=True))
    assert "\x1b[" in painted
    assert re.sub(r"\x1b\[[0-9]*m", "", painted) == plain


def test_a_class_of_nobody() -> None:
    empty = Collection("s", "folders", (), (), ())
    now = datetime(2026, 1, 1, tzinfo=timezone.utc)
    nobody = ClassResult("t", empty, (TINY,), (), now, "en", lambda sha256: None)
    shown = summary(nobody, Look("en"))
    assert "Please look" not in shown
    assert shown.splitlines()[3].split() == ["ex90", "name", "0", "0"]


def test_what_else_is_to_be_read_stands_first_and_harms_nobody() -> None:
    lines = summary(result(), Look("en"), ["course.yaml names \x1b[31mX"]).splitlines()
    at = lines.index("Please look at:")
    assert lines[at + 1] == r"  course.yaml names \x1b[31mX"


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ((b"1", b"2"), "files to grade: 2\n"),
        ((b"1", b"1"), "files to grade: 2 (different ones: 1;"),
    ],
    ids=["different", "the same"],
)
def test_the_same_file_is_graded_once_and_that_is_said(
    sources: tuple[bytes, bytes], said: str
) -> None:
    class_ = Class([("ann", "ex90", sources[0]), ("bob", "ex90", sources[1])])
    graded = tuple(Graded(one) for one in class_.collection.handed)
    now = datetime(2026, 1, 1, tzinfo=timezone.utc)
    made = ClassResult("t", class_.collection, (TINY,), graded, now, "en", class_.read)
    shown = summary(made, Look("en"))
    assert said in shown
    assert ("different" in shown) == (sources[0] == sources[1])


DUE = datetime(2026, 1, 1, tzinfo=timezone.utc)


def test_due_times_without_effect_are_told() -> None:
    """Only files that have a due time, and of which the platform knows nothing, either."""
    class_ = Class([(who, "ex90", b"1") for who in ("ann", "bob", "cyd")] + [("ann", "ex91", b"2")])
    ann, bob, cyd, other = class_.collection.handed
    handed = (
        ann,
        msgspec.structs.replace(bob, submitted_at=DUE),
        msgspec.structs.replace(cyd, late=True),
        other,
    )
    collection = msgspec.structs.replace(class_.collection, handed=handed)
    made = ClassResult("t", collection, (TINY, OTHER), (), DUE, "en", class_.read)
    points = Decimal(10)
    due = Course(exercises={"ex90": ExerciseRule(points, due=DUE), "ex91": ExerciseRule(points)})
    assert [line.partition(";")[0] for line in rules(made, due)] == [
        "files without a known time: 1"
    ]
    assert rules(made, Course()) == []


def test_what_an_earlier_run_has_left_is_named(tmp_path: Path) -> None:
    for name in (NAME, f"{NAME}-wal", LOCK, "new.csv", "old.csv"):
        (tmp_path / name).touch()
    for folder in (".scratch", "pages", "mails"):
        (tmp_path / folder).mkdir()
    written = [tmp_path / "new.csv", tmp_path / "pages" / "1"]
    shown = closing(tmp_path, written, [], Look("en"))
    assert shown.splitlines()[1:] == [
        f"  {NAME}, new.csv, pages/ (1)",
        "Not written this time, so maybe out of date: mails/, old.csv",
    ]
