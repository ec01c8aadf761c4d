"""What the last grading left open, so that ``hint`` knows where a learner is stuck.

Kept in ``.dojo/`` under the suite's root, never in an exercise.  Losing it loses nothing
but the place in the hints, so whatever is wrong with it is passed over.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path

from grader.catalog import read_regular
from grader.model import Verdict

_FOLDER = ".dojo"
_MOST_BYTES = 1 << 20


def _path(root: Path, exercise: str) -> Path:
    return root / _FOLDER / f"{exercise}.json"


def recall(root: Path, exercise: str) -> dict[str, object]:
    """Return what is known of an exercise: ``failed`` (check ids), ``shown`` (hints by check)."""
    try:
        data = read_regular(_path(root, exercise), _MOST_BYTES + 1)
        if data is None or len(data) > _MOST_BYTES:
            return {}
        found = json.loads(data.decode("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def store(root: Path, exercise: str, state: dict[str, object]) -> None:
    """Keep a state; where nothing can be written, nothing is."""
    path = _path(root, exercise)
    # What came from a broken or a newer file perhaps cannot be written again.
    with contextlib.suppress(OSError, ValueError, RecursionError):
        content = json.dumps(state, ensure_ascii=False).encode("utf-8")
        path.parent.mkdir(exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise


def remember(root: Path, verdict: Verdict) -> None:
    """Note which checks a verdict leaves open; hints already shown stay counted."""
    state = recall(root, verdict.exercise)
    state["failed"] = [c.id for c in verdict.checks if c.status in ("failed", "stuck")]
    state["graded"] = True
    store(root, verdict.exercise, state)
