"""What every hidden check gets: ``lab``, the laboratory of that check."""

from __future__ import annotations

import pytest

from grader.harness.lab import Lab
from grader.harness.session import LABS


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> Lab:
    """Return the laboratory that the judge has set up for this check."""
    return request.config.stash[LABS][request.node.name]
