"""What the plain tables say besides figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
from msgspec.structs import replace as with_fields

from grader.classroom.course import Course, Excused
from grader.classroom.exports import csv_
from grader.classroom.model import ClassResult, Entry, Remark
from grader.model import Language

Rows = Callable[[Path], list[dict[str, str]]]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_file_and_remark_is_there_in_words(
    make_class: Callable[..., ClassResult],
    make_course: Callable[..., Course],
    read_csv: Rows,
    tmp_path: Path,
    language: Language,
) -> None:
    result = make_class(1, 6, language)
    collection = with_fields(
        result.collection,
        entries=(
            Entry("=a\n.py", "unknown", "no_such_reason", "=1"),
            Entry("b.zip", "refused", "detail"),
            Entry("c.py", "submission", student="k1", exercise="ex01"),
        ),
        remarks=(Remark("no_such_remark", {"key": "v", "b": ""}, "k1", ("=x", "y")),),
    )
    excused = (Excused("nobody here"), Excused("login1"))
    result = replace(result, collection=collection)
    csv_.write(result, make_course(excused=excused, extensions=()), tmp_path)
    files = [list(row.values()) for row in read_csv(tmp_path / "files.csv")]
    assert [row[0] for row in files] == ["'=a\n.py", "b.zip", "c.py"]
    assert files[0][2].startswith("no_such_reason")
    assert files[2][3:] == ["k1", "ex01"]
    notes = [list(row.values()) for row in read_csv(tmp_path / "notes.csv")]
    assert "nobody here" in notes[0][0]
    assert notes[1] == [notes[1][0], "k1", "'=x\ny"]
    assert "no_such_remark" in notes[1][0]
    assert len(notes) == 2


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (datetime(2026, 11, 20, 16, 0, 1, 543000, timezone.utc), "2026-11-21T00:00:01+08:00"),
        (datetime(2026, 11, 20, 16, 0, 1, 543000), "2026-11-20T16:00:01"),
        (datetime.max.replace(tzinfo=timezone.utc), "9999-12-31T23:59:59+00:00"),
        (None, ""),
    ],
    ids=["utc", "naive", "end", "unknown"],
)
def test_times_are_those_of_the_courses_clock_to_the_second(
    make_class: Callable[..., ClassResult],
    make_course: Callable[..., Course],
    read_csv: Rows,
    tmp_path: Path,
    moment: datetime | None,
    shown: str,
) -> None:
    result = make_class(1, 6)
    files = tuple(
        with_fields(one, at=moment, handed=with_fields(one.handed, submitted_at=moment))
        for one in result.graded
    )
    csv_.write(replace(result, graded=files), make_course(), tmp_path)
    rows = read_csv(tmp_path / "submissions.csv")
    assert {(row["handed in at"], row["graded at"]) for row in rows} == {(shown, shown)}


@pytest.mark.parametrize(
    ("language", "column", "said"),
    [
        ("en", "ex01 remarks", "the stub was handed in unchanged"),
        ("zh", "ex01 备注", "交来的是没有改动的初始文件"),
    ],
    ids=["en", "zh"],
)
def test_a_stub_handed_in_is_a_remark(
    make_class: Callable[..., ClassResult],
    read_csv: Rows,
    tmp_path: Path,
    language: Language,
    column: str,
    said: str,
) -> None:
    result = make_class(1, 6, language)
    stub = Entry("k1/bytes_codec.py", "ignored", "stub", "", "k1", "ex01")
    collection = with_fields(result.collection, handed=(), entries=(stub,))
    csv_.write(replace(result, graded=(), collection=collection), Course(), tmp_path)
    rows = read_csv(tmp_path / "grades.csv")
    assert [row[column] for row in rows] == ["", said, "", "", "", ""]


def test_no_notes_no_file(
    make_class: Callable[..., ClassResult], make_course: Callable[..., Course], tmp_path: Path
) -> None:
    (tmp_path / "notes.csv").write_bytes(b"of an earlier run")
    csv_.write(make_class(1, 6), make_course(excused=(), extensions=()), tmp_path)
    assert not (tmp_path / "notes.csv").exists()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_headings_are_one_of_a_kind(
    make_class: Callable[..., ClassResult],
    make_course: Callable[..., Course],
    tmp_path: Path,
    language: Language,
) -> None:
    for path in csv_.write(make_class(1, 3, language), make_course(), tmp_path):
        head = path.read_text(encoding="utf-8-sig").splitlines()[0].split(",")
        assert len(set(head)) == len(head), path.name
