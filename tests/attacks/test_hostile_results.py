"""Every function of every exercise returns the worst: that is no fault of the grader's."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.catalog import load_exercise
from grader.judge import Options, grade

ROOT = Path(__file__).resolve().parents[2]
EXERCISES = sorted(path.name.partition("_")[0] for path in (ROOT / "exercises").glob("ex*_*"))
WORST = """
class Worst:
    status = reason = body = headers = version = message = {b"x": [10**3990, "\\ud800"]}
    items = keys = None

    def __getattr__(self, name):
        return float("nan")

    def __iter__(self):
        return iter(["\\ud800", 10**3990, [None], b"", object(), float("inf")])

    def __next__(self):
        return "\\ud800"

    def close(self):
        raise BaseException("::error::")


"""


@pytest.mark.parametrize("exercise_id", EXERCISES)
def test_the_worst_result_is_no_fault_of_the_graders(exercise_id: str, tmp_path: Path) -> None:
    exercise = load_exercise(ROOT, exercise_id)
    source = WORST
    for name, parameters in exercise.functions.items():
        source += f"def {name}({', '.join(parameters)}):\n    return Worst()\n\n\n"
    path = tmp_path / f"{exercise.slug}.py"
    path.write_text(source, encoding="utf-8")
    verdict = grade(exercise, path, Options(isolation="none"))
    ours = {check.id: check.message for check in verdict.checks if check.status == "error"}
    assert not ours
    assert verdict.status == "failed"
    assert verdict.score == 0
