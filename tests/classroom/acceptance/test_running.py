"""A class is graded once, however often the run is stopped; for real and with ``kill -9``, too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from grader.classroom.running import Grading, Order
from grader.classroom.store import Store
from grader.classroom.work import Done, Job

from ..making import exercises, make_class
from .__main__ import compare, drive_of
from .conftest import Collect
from .driving import files_to_grade, grade_with_kills
from .faking import KnowingBackend


class _Stopping(KnowingBackend):
    """Knows the answers, and stops after so many."""

    most = 8

    def results(self, jobs: Iterable[Job]) -> Iterator[Done]:
        """Give each job's result until it is enough."""
        for number, done in enumerate(super().results(jobs), 1):
            if number == self.most:
                self.stop()
            yield done


def test_nothing_is_graded_twice_and_nothing_is_lost(tmp_path: Path, collected: Collect) -> None:
    truth = make_class(tmp_path / "it", "folders", 18, 3)
    collection, sources = collected(truth)
    order = Order(collection, tuple(exercises().values()), sources.read)
    backend, runs, complete = _Stopping(truth), 0, False
    while not complete:
        runs += 1
        backend._stopped = False
        with Store(tmp_path / "results", "en") as store:
            grading = Grading(order, store)
            complete = grading.go(backend, _Nobody())
            result = grading.result("it", datetime.now(timezone.utc))
    assert runs > 3
    assert set(backend.asked.values()) == {1}
    assert len(backend.asked) == files_to_grade(truth)
    assert len(result.graded) == len(collection.handed)
    assert all(one.verdict and one.verdict.status != "error" for one in result.graded)
    with Store(tmp_path / "results", "en") as store:
        assert Grading(order, store).to_do == []
        assert len(Grading(replace(order, regrade=True), store).to_do) == files_to_grade(truth)


class _Nobody:
    def note(self, status: str) -> None:
        """Hear of a result."""


@pytest.mark.needs_proc
@pytest.mark.timeout(600)
def test_a_small_class_for_real_killed_three_times(tmp_path: Path) -> None:
    truth = make_class(tmp_path / "it", "folders", 4, 6, light=True)
    drive = drive_of(truth, tmp_path, "--jobs", "2")
    assert grade_with_kills(drive, 3) == []
    assert compare(truth, drive.results) == []
