"""Classes of any size in every layout of issue 5, with what must come out of them.

Made from the issue's text and the suite's own files, not from the code that is tested with them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from .folders import flat, folders, one_zip, zips
from .known import Known, exercises
from .people import Person, make_people
from .plan import DUE, Handing, Plan, make_plan
from .platforms import canvas, moodle, moodle_flat
from .repositories import clones, roster_of_urls, urls
from .truth import Expected, Truth

__all__ = [
    "DUE",
    "LAYOUTS",
    "Expected",
    "Handing",
    "Known",
    "Person",
    "Plan",
    "Truth",
    "exercises",
    "make_class",
    "make_people",
    "make_plan",
]

LAYOUTS: dict[str, Callable[[Path, Plan], Truth]] = {
    "folders": folders,
    "flat": flat,
    "zips": zips,
    "zip": one_zip,
    "moodle": moodle,
    "moodle_flat": moodle_flat,
    "canvas": canvas,
    "moodle_zip": partial(moodle, zipped=True),
    "canvas_zip": partial(canvas, zipped=True),
    "repositories": clones,
    "git": urls,
    "roster_urls": roster_of_urls,
}


def make_class(
    folder: Path, layout: str, students: int, seed: int = 1, light: bool = False
) -> Truth:
    """Lay a class out below ``folder`` (which is empty or not there) and say what must come out.

    The same count and seed give the same people and the same bytes in every layout.
    """
    return LAYOUTS[layout](folder, make_plan(make_people(students, seed), seed, light))
