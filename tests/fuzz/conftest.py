"""How much is tried: the same inputs each time in CI, new ones and more with DOJO_FUZZ=long.

``DOJO_FUZZ=long nox -s tests -- tests/fuzz`` draws at random, fifty times as many; a failure
prints the ``@reproduce_failure`` to run it again with.
"""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
settings.register_profile(
    "ci",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=100,
    suppress_health_check=_SLOW,
)
settings.register_profile(
    "long",
    derandomize=False,
    deadline=None,
    max_examples=5000,
    print_blob=True,
    suppress_health_check=_SLOW,
)
settings.load_profile(os.environ.get("DOJO_FUZZ") or "ci")

Result = TypeVar("Result")


def peak_of(function: Callable[[], Result]) -> tuple[Result, int]:
    """Return a call's result and the most memory that it had at one time, in bytes."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        result = function()
        return result, tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="session")
def peak() -> Callable[[Callable[[], Result]], tuple[Result, int]]:
    """Return ``peak_of``."""
    return peak_of
