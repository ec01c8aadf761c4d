"""Gradescope's files, where its format is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.classroom.course import Course
from grader.classroom.exports import ExportError, gradescope
from grader.classroom.model import ClassResult
from grader.report import UnknownFormat


def test_without_the_format_it_says_so(
    make_class: Callable[..., ClassResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(name: str) -> None:
        raise UnknownFormat(name, ())

    monkeypatch.setattr("grader.classroom.exports.gradescope.reporter", unknown)
    with pytest.raises(ExportError, match="gradescope"):
        gradescope.write(make_class(1, 3), Course(), tmp_path)


def test_later_attempts_and_second_files_have_places_of_their_own(
    make_class: Callable[..., ClassResult], tmp_path: Path
) -> None:
    result = make_class(2, 30)
    written = gradescope.write(result, Course(), tmp_path)
    graded = [one for one in result.graded if one.verdict]
    assert len(set(written)) == len(written) == len(graded)
    for one, path in zip(graded, written, strict=True):
        attempt = one.handed.attempt
        name = path.parent.name.removesuffix("-file2")
        assert name.endswith(f"-{attempt}") or attempt == 1
