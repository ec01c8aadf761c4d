"""What the acceptance tests share: a class that has been made and collected."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from grader.classroom.collecting import CollectOptions, Sources, collect
from grader.classroom.model import Collection

from ..making import Truth, exercises

ROOT = Path(__file__).resolve().parents[3]
Collected = tuple[Collection, Sources]
Collect = Callable[..., Collected]


@pytest.fixture(autouse=True, scope="session")
def _linux() -> None:
    """Skip, and say so, where no file system takes the pipes and names of these classes."""
    if sys.platform != "linux":
        pytest.skip("pipes, links and file names that only Linux has")


def collect_class(truth: Truth, scratch: Path, file_times: bool = False) -> Collected:
    """Collect a class as ``grade-class`` would; the caller closes the sources."""
    options = CollectOptions(
        exercises=tuple(exercises().values()),
        root=ROOT,
        roster=truth.roster,
        scratch=scratch,
        timezone=ZoneInfo("Europe/Berlin"),
        trust_file_times=file_times,
    )
    return collect(truth.source, options)


@pytest.fixture
def collected(tmp_path: Path) -> Iterator[Collect]:
    """Return a function that collects a class, and closes the sources at the end."""
    with ExitStack() as stack:

        def collected(truth: Truth, file_times: bool = False) -> Collected:
            collection, sources = collect_class(truth, tmp_path / "scratch", file_times)
            return collection, stack.enter_context(sources)

        yield collected
