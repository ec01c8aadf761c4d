"""What the tests of the authors' commands share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def small(suite: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a suite that keeps one variant and one mistake of ex03."""
    monkeypatch.chdir(suite)
    solutions = suite / "solutions" / "ex03_tcp_echo"
    for path in (*solutions.glob("variants/*.py"), *solutions.glob("mistakes/*.py")):
        if path.stem not in ("threads", "binds_every_address"):
            path.unlink()
    return suite
