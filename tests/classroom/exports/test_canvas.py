"""Canvas's import file, read as Canvas reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from msgspec.structs import replace as with_fields

from grader.classroom.course import Course
from grader.classroom.exports import canvas
from grader.classroom.model import ClassResult, Student

Rows = Callable[[Path], list[dict[str, str]]]


def with_students(result: ClassResult, *students: Student) -> ClassResult:
    collection = with_fields(result.collection, students=students, handed=(), entries=())
    return replace(result, collection=collection, graded=())


def test_the_headings_are_those_that_the_importer_looks_for(
    make_class: Callable[..., ClassResult], make_course: Callable[..., Course], tmp_path: Path
) -> None:
    canvas.write(make_class(1, 30), make_course(), tmp_path)
    data = (tmp_path / "canvas.csv").read_bytes()
    lines = data.decode("utf-8").split("\r\n")
    assert lines[0] == "Student,ID,SIS User ID,SIS Login ID,Section,Bytes (111),Echo (222)"
    assert lines[1] == "    Points Possible,,,,,10,12.5"
    # The separator is guessed from the first three lines; none of them goes on in the next.
    assert all("\n" not in line and "\r" not in line for line in lines)


def test_an_exercise_without_a_column_has_its_title(
    make_class: Callable[..., ClassResult], read_csv: Rows, tmp_path: Path
) -> None:
    canvas.write(make_class(1, 3, "zh"), Course(), tmp_path)
    possible, *_ = read_csv(tmp_path / "canvas.csv")
    assert list(possible)[5:] == ["ex01 文本与字节", "ex03 TCP 回显服务器与客户端"]
    assert list(possible.values())[5:] == ["20", "24"]


def test_without_a_roster_those_with_a_number_of_canvas_can_be_imported(
    make_class: Callable[..., ClassResult], read_csv: Rows, tmp_path: Path
) -> None:
    people = Student("1", "Ann", id="123"), Student("2", "Ben"), Student("3", "C", id="x7")
    written = canvas.write(with_students(make_class(1, 0), *people), Course(), tmp_path)
    assert [path.name for path in written] == ["canvas.csv", "canvas-left-out.csv"]
    assert [row["Student"] for row in read_csv(tmp_path / "canvas.csv")[1:]] == ["Ann"]
    assert [row["name"] for row in read_csv(tmp_path / "canvas-left-out.csv")] == ["Ben", "C"]
    # Everybody known: no such file, and none is left over.
    known = Student("1", "Ann", id="123", in_roster=True)
    canvas.write(with_students(make_class(1, 0), known), Course(), tmp_path)
    assert not (tmp_path / "canvas-left-out.csv").exists()
