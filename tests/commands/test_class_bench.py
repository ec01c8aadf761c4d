"""``bench class``: a class that is what it says, and a table with every way of grading."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from grader import cli
from grader.catalog import load_exercise
from grader.commands import _class_bench, bench

ROOT = Path(__file__).resolve().parents[2]


def test_every_file_is_different_and_a_tenth_hangs_and_a_tenth_is_wrong() -> None:
    exercise = load_exercise(ROOT, "ex03")
    sources = list(_class_bench._class(ROOT, exercise, 60))
    assert len(set(sources)) == 60
    assert sum(source.startswith(_class_bench.HANGING) for source in sources) == 6
    assert sum(source.startswith(b"# mistake") for source in sources) == 6


def test_the_floor_exchanges_a_message_with_each_child() -> None:
    _class_bench._floor(3)


@pytest.mark.needs_bwrap
def test_bench_class(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    words = ["class", "--count", "10", "--jobs", "2", "--isolation", "full"]
    assert bench.run(words, "en") == cli.PASSED
    lines = capsys.readouterr().out.splitlines()
    rows = {line[:26].strip(): line[26:].split() for line in lines[1:5]}
    assert list(rows) == ["class", "single gradings", "bare pytest, 7 checks", "fork and connect"]
    assert rows["class"][0] == "10"
    assert rows["class"][-1] == "1.00"
    assert all(not math.isnan(float(word)) for row in rows.values() for word in row)
    assert "2 failed, 8 passed" in lines[5]


def test_too_few_are_no_class() -> None:
    with pytest.raises(cli.BadRequestError, match="--count"):
        bench.run(["class", "--count", "9"], "en")
