"""Moodle's tables and worksheets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace as with_fields

from grader.classroom.course import Course, ExerciseRule
from grader.classroom.exports import moodle
from grader.classroom.model import ClassResult, Entry, Student

Rows = Callable[[Path], list[dict[str, str]]]


def with_students(result: ClassResult, *students: Student) -> ClassResult:
    collection = with_fields(result.collection, students=students, handed=(), entries=())
    return replace(result, collection=collection, graded=())


def test_nobody_is_taken_for_the_row_before(
    make_class: Callable[..., ClassResult], read_csv: Rows, tmp_path: Path
) -> None:
    """A row with an empty user is graded as the one before; a wrong user ends the import."""
    people = (
        Student("1", "Ann", id="11", mail="ann@x", in_roster=True),
        Student("2", "Ben", id="12", mail="", in_roster=True),
        Student("3", "C", id="", mail="Same@x", in_roster=True),
        Student("4", "D", id="14", mail="same@x", in_roster=True),
        Student("5", "E", id="", mail="", in_roster=True),
        Student("6", "F", id="+16+1", mail="=f@x", in_roster=True),
        Student("7", "G", id="17", mail="g@x"),
    )
    moodle.write(with_students(make_class(1, 0), *people), Course(), tmp_path)
    by_mail = read_csv(tmp_path / "moodle-by-mail.csv")
    by_id = read_csv(tmp_path / "moodle-by-id-number.csv")
    left = read_csv(tmp_path / "moodle-left-out.csv")
    assert [row["Email address"] for row in by_mail] == ["ann@x"]
    assert [row["ID number"] for row in by_id] == ["11", "12", "14"]
    assert [row["name"] for row in left] == ["C", "E", "F", "G"]
    assert left[3][""] != left[0][""]
    assert not list(tmp_path.glob("moodle-worksheet*"))


def test_a_worksheet_comes_back_with_all_its_columns(
    make_class: Callable[..., ClassResult],
    make_course: Callable[..., Course],
    read_csv: Rows,
    tmp_path: Path,
) -> None:
    result = make_class(4, 12)
    moodle.write(result, make_course(), tmp_path)
    rows = read_csv(tmp_path / "moodle-worksheet-ex03.csv")
    more = result.collection.students[0].more
    assert set(more) <= set(rows[0])
    assert list(rows[0])[:2] == ["Identifier", "Full name"]
    for student, row in zip(
        [s for s in result.collection.students if s.in_roster], rows, strict=True
    ):
        for name in set(more) - {"Grade", "Feedback comments", "Online text"}:
            assert row[name] == student.more[name]


def test_a_worksheet_of_another_language_keeps_its_headings(
    make_class: Callable[..., ClassResult], read_csv: Rows, tmp_path: Path
) -> None:
    more = {"Identifier": "Participant 1", "成绩": "", "最后修改 (成绩)": "-"}
    people = (Student("1", "李明", in_roster=True, more=more),)
    result = with_students(make_class(1, 0), *people)
    stub = Entry("a/bytes_codec.py", "ignored", "stub", "", "1", "ex01")
    result = replace(result, collection=with_fields(result.collection, entries=(stub,)))
    rules = {"ex01": ExerciseRule(Decimal(10), due=result.made_at - timedelta(9))}
    moodle.write(result, Course(missing="zero", exercises=rules), tmp_path)
    assert not (tmp_path / "moodle-worksheet-ex03.csv").exists()
    [row] = read_csv(tmp_path / "moodle-worksheet-ex01.csv")
    assert row == {
        "Identifier": "Participant 1", "Full name": "李明", "成绩": "0.00", "最后修改 (成绩)": "-"
    }  # fmt: skip


def test_a_worksheet_is_only_of_what_somebody_handed_in(
    make_class: Callable[..., ClassResult],
    make_course: Callable[..., Course],
    read_csv: Rows,
    tmp_path: Path,
) -> None:
    result = make_class(4, 12)
    moodle.write(result, make_course(), tmp_path)
    assert len(list(tmp_path.glob("moodle-worksheet-*.csv"))) == 2
    files = tuple(one for one in result.graded if one.handed.exercise == "ex01")
    written = moodle.write(replace(result, graded=files), make_course(), tmp_path)
    # The one of an earlier run goes, and nothing complains about the maximum of ex03.
    sheets = list(tmp_path.glob("moodle-worksheet-*.csv"))
    assert [path.name for path in sheets] == ["moodle-worksheet-ex01.csv"]
    assert sheets[0] in written
    said = [row[""] for row in read_csv(tmp_path / "moodle-left-out.csv")]
    assert not any("ex03" in words for words in said)
    # The gradebook's tables keep all columns.
    assert {"Bytes", "Echo"} <= set(read_csv(tmp_path / "moodle-by-mail.csv")[0])


def test_feedback_is_html(
    make_class: Callable[..., ClassResult],
    make_course: Callable[..., Course],
    read_csv: Rows,
    tmp_path: Path,
) -> None:
    result = make_class(4, 12)
    files = tuple(
        with_fields(
            one,
            verdict=with_fields(
                one.verdict,
                checks=tuple(with_fields(c, title="a < b & c") for c in one.verdict.checks),
            ),
        )
        if one.verdict
        else one
        for one in result.graded
    )
    moodle.write(replace(result, graded=files), make_course(), tmp_path)
    said = [row["Feedback comments"] for row in read_csv(tmp_path / "moodle-worksheet-ex03.csv")]
    assert any("a &lt; b &amp; c" in words for words in said)
    assert not any("<" in words for words in said)


def test_another_maximum_is_said(
    make_class: Callable[..., ClassResult],
    make_course: Callable[..., Course],
    read_csv: Rows,
    tmp_path: Path,
) -> None:
    moodle.write(make_class(4, 4), make_course(), tmp_path)
    said = [row[""] for row in read_csv(tmp_path / "moodle-left-out.csv")]
    assert len(said) == 1
    assert "ex03" in said[0]
    assert "12.5" in said[0]
