"""``gradescope/EXERCISE/STUDENT/results.json``: what Gradescope's autograder would have said.

One file a submission, in the format of ``--format gradescope`` (`grader.report.gradescope`);
a later attempt than the first has its number behind the student's name.  Lateness is not in it:
Gradescope has rules of its own.
"""

from __future__ import annotations

from pathlib import Path

from grader.classroom.course import Course
from grader.classroom.exports import ExportError
from grader.classroom.exports._files import slug, write_whole
from grader.classroom.exports._words import say, students
from grader.classroom.model import ClassResult, Graded
from grader.report import ReportOptions, UnknownFormat, reporter
from grader.submission import source_lines

NAME = "gradescope"


def write(result: ClassResult, course: Course, folder: Path) -> list[Path]:
    """Write a file for each submission that has a verdict, our errors included."""
    try:
        report = reporter("gradescope")
    except UnknownFormat:
        raise ExportError(say("no_gradescope", result.language)) from None
    people, written = students(result), dict[Path, None]()
    for graded in result.graded:
        if graded.verdict is None:
            continue
        handed = graded.handed
        student = people[handed.student]
        name = slug(student) if handed.attempt == 1 else f"{slug(student)}-{handed.attempt}"
        place = _free(folder / "gradescope" / handed.exercise / name, written)
        content = report.render([graded.verdict], _options(graded, result))
        written[write_whole(place / "results.json", content.encode("utf-8"))] = None
    return list(written)


def _free(place: Path, written: dict[Path, None]) -> Path:
    """Return a folder that nothing was written to: one attempt may have several files."""
    number, free = 2, place
    while free / "results.json" in written:
        free = place.with_name(f"{place.name}-file{number}")
        number += 1
    return free


def _options(graded: Graded, result: ClassResult) -> ReportOptions:
    source = result.source_of(graded.handed.sha256)
    lines = source_lines(source) if source is not None else None
    return ReportOptions(
        language=result.language,
        path_of=lambda _: graded.handed.name,
        source_lines=lambda _: lines,
    )
