"""Which folders are downloads, and which are students' own."""

from __future__ import annotations

import pytest

from grader.classroom.collecting.downloads import find_downloads, first_clue
from grader.classroom.collecting.found import Found, Steps

MOODLE = "Ann_1_assignsubmission_file_"


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([f"a/{MOODLE}/x.py", f"b/{MOODLE}/x.py"], {"a", "b"}),
        ([f"a/{MOODLE}/x.py", "b/x.py"], {"a"}),
        ([f"a/{MOODLE}/x.py", "b/x.py", "c/x.py"], set()),
        ([f"a/{MOODLE}/x.py", "a/y.py"], set()),
        (["a/ann_1_2_x.py", "x.py"], {"a"}),
        (["a/clone/x.py"], {"a"}),
        (["a/x.py"], set()),
    ],
)
def test_downloads(paths: list[str], expected: set[str]) -> None:
    found = [Found(path, tuple(path.split("/"))) for path in paths]
    seen = find_downloads(found, {("a", "clone")})
    assert {steps[0] for steps in seen if len(steps) == 1} == expected


@pytest.mark.parametrize(
    ("steps", "at"),
    [
        ((MOODLE, "ann_1_2_x.py"), 0),
        (("a", "ann_1_2_x.zip", "x.py"), 1),
        (("ann_1_2_x", "x.py"), None),
        (("a", "x.py"), None),
    ],
)
def test_the_outermost_name_of_a_platform(steps: Steps, at: int | None) -> None:
    found = first_clue(steps)
    assert (found[0] if found else None) == at
