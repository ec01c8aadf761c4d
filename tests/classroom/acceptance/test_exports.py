"""Every figure in every export of a class is right, in every layout, under several rules."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from grader.classroom import exports
from grader.classroom.course import read_course

from ..making import LAYOUTS, exercises, make_class
from .conftest import collect_class
from .exported import Exported
from .faking import result_of
from .naive import Rules

RULES = {
    "best": Rules(extended=(("lee3", 3), ("lee6", 7)), excused=(("lee", "ex03"), ("lee9", "ex13"))),
    "last": Rules("last", 25, 60, 0, None, "empty", extended=(("lee4", 1),)),
    "files": Rules(per_day=20, cap=100, none_after=3, file_times=True, extended=(("lee8", 2),)),
}
CASES = [
    *((layout, "best") for layout in LAYOUTS),
    *((layout, "last") for layout in ("folders", "moodle", "canvas", "repositories")),
    *((layout, "files") for layout in ("flat", "zips", "zip", "moodle_flat")),
]
WANTED = ("canvas", "moodle", "csv", "jsonl", "junit", "feedback", "gradescope", "dashboard")


def export(layout: str, name: str, folder: Path) -> Exported:
    """Make, collect and export a class of a layout, by some rules."""
    truth, rules = make_class(folder / "it", layout, 15, 4), RULES[name]
    path = rules.write(folder / "course.yaml", truth)
    course = read_course(path, list(exercises()), language="en")
    collection, sources = collect_class(truth, folder / "scratch", rules.file_times)
    with sources:
        result = result_of(truth, collection, sources.read)
        for wanted in WANTED:
            exports.write(wanted, result, course, folder / "out")
    return Exported(truth, rules, collection, folder / "out")


@pytest.mark.parametrize(("layout", "rules"), CASES)
def test_every_figure_is_right(layout: str, rules: str, tmp_path: Path) -> None:
    assert export(layout, rules, tmp_path).complaints() == []


# A file, what is looked for in it and what is put there, and which reader must see that.
WRONG = {
    "canvas": ("canvas.csv", r"\d+\.\d\d(?=\r\n[^ ])", "3.21", "canvas"),
    "excused": ("canvas.csv", "EX", "0.00", "canvas"),
    "mail": ("moodle-by-mail.csv", r"\d+\.\d\d(?=\r\n)", "3.21", "moodle"),
    "number": ("moodle-by-id-number.csv", r"\d+\.\d\d(?=\r\n)", "3.21", "moodle"),
    "worksheet": ("moodle-worksheet-ex14.csv", r"\d+\.\d\d(?=,[\d.]+,Yes)", "3.21", "worksheets"),
    "total": ("grades.csv", r"\d+\.\d\d(?=,\d+\.\d\d,[\d.]+,yes\r\n)", "3.21", "grades"),
    "score": ("submissions.csv", r"(?<=,failed,)\d+", "3.21", "submissions"),
    "diagnosis": ("verdicts.jsonl", '"diagnosis":"[a-z]', '"diagnosis":"q', "jsonl"),
    "points": ("verdicts.jsonl", r'"points":\d+\.\d+,"out_of"', '"points":0.5,"out_of"', "jsonl"),
    "failures": ("junit.xml", r'failures="[1-9]"', 'failures="0"', "junit"),
    "map": ("dashboard.html", "<b>×+</b>", "", "dashboard"),
    "share": ("dashboard.html", r'<span class="p">\d', '<span class="p">9', "dashboard"),
    "tiles": ("dashboard.html", r"<b>\d+</b> handed in something", "<b>99</b> handed", "sums"),
    "checks": ("dashboard.html", r'(?<=<span class="pair">)\d+', "99", "sums"),
    "causes": ("dashboard.html", r"(?<=ex03: )\d+(?=</p>| ·)", "99", "sums"),
    "mails": ("feedback/mailmerge.csv", r",\d+\.\d\d,", ",3.21,", "mailmerge"),
    "formula": ("grades.csv", "^[^,]+", "=1+1", "cells"),
}


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Return the exports of a class as they are."""
    return export("moodle", "best", tmp_path_factory.mktemp("right"))


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_figure_is_seen(wrong: str, right: Exported, tmp_path: Path) -> None:
    name, pattern, instead, reader = WRONG[wrong]
    shutil.copytree(right.folder, tmp_path / "out")
    path = tmp_path / "out" / name
    changed, times = re.subn(pattern, instead, path.read_bytes().decode())
    assert times
    path.write_bytes(changed.encode())
    complaints = replace(right, folder=tmp_path / "out").complaints()
    assert any(line.startswith(f"{reader}:") for line in complaints)
