"""The maker of classes: the same class every time, all that is bad in a large one."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import pytest

from ..making import DUE, LAYOUTS, make_class, make_people, make_plan
from ..making.known import ODD, graded_badly, graded_well
from ..making.plan import TROUBLES
from .driving import files_to_grade
from .naive import Rules, figure


def test_a_large_class_has_everything() -> None:
    plan = make_plan(make_people(300, 1), 1)
    kinds = Counter(one.known.kind for files in plan.handed.values() for one in files)
    assert set(ODD) <= kinds.keys()
    assert set(TROUBLES) == set(plan.trouble.values())
    wanted = {one.kind for name in DUE for one in (*graded_well(name), *graded_badly(name))}
    assert wanted - kinds.keys() == set()


def test_numbers_and_logins_are_everyones_own() -> None:
    people = make_people(300, 5)
    for name in ("login", "id", "participant", "mail"):
        assert len({getattr(person, name) for person in people}) == 300
    assert people[0].name == people[1].name


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name not in ("repositories",)])
def test_is_the_same_every_time(layout: str, tmp_path: Path) -> None:
    one, other = (make_class(tmp_path / name, layout, 8, 3, light=True) for name in ("a", "b"))
    assert one.handed == other.handed
    assert one.entries.keys() == other.entries.keys()
    assert one.people == other.people
    assert files_to_grade(one) == files_to_grade(other) > 0


def test_known_scores_are_those_of_the_checks() -> None:
    for name in DUE:
        most = graded_well(name)[0].score
        assert all(one.score == most for one in graded_well(name))
        assert all(0 <= one.score < most for one in graded_badly(name))
        digests = {hashlib.sha256(one.source).digest() for one in graded_badly(name)}
        assert len(digests) == len(graded_badly(name))


def test_naive_figures_by_hand(tmp_path: Path) -> None:
    """One cell, worked out on paper: 1.5 days late, 20 percent off, of 20 points for 24."""
    truth = make_class(tmp_path / "it", "canvas", 4, 1)
    key, files = next(item for item in truth.handed.items() if item[1][0].late)
    person = next(p for p in truth.people if p.login == key[0])
    one = figure(truth, Rules("best", 50, 90, 0, None), person, key[1])
    assert one.points is not None
    if len(files) == 1:
        assert one.days == 1
        whole = figure(truth, Rules("best", 0, 0, 0, None), person, key[1])
        assert whole.points is not None
        assert abs(one.points * 2 - whole.points) <= 1
