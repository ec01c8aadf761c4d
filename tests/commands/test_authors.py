"""The authors' commands ``verify`` and ``bench`` say what is so, and exit by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import cli
from grader.commands import bench, verify

SLUG = "ex03_tcp_echo"


def test_verify_complains_of_what_is_not_proven(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify.run(["ex03", "--workers", "1"], "en") == cli.FALLEN_SHORT
    shown = capsys.readouterr().out
    assert "check client_times_out_on_connect is named by no mistake" in shown
    assert "fewer than twelve mistakes" in shown
    assert "✓ mistake   binds_every_address.py" in shown
    assert "✓ variant   threads.py" in shown


def test_verify_notices_a_mistake_that_shows_something_else(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = small / "solutions" / SLUG / "mistakes" / "binds_every_address.py"
    source = path.read_text(encoding="utf-8")
    path.write_text(source.replace(": binds_wrong_address", ": busy_loop"), encoding="utf-8")
    assert verify.run(["ex03", "--workers", "1", "--lang", "zh"], "en") == cli.FALLEN_SHORT
    assert "shows binds_wrong_address, must show busy_loop" in capsys.readouterr().out


def test_bench_prints_medians_and_ratios(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.run(["--runs", "1"], "en") == cli.PASSED
    shown = capsys.readouterr().out
    assert "x pytest" in shown
    assert "ex03, all checks hang" in shown
    assert "processor time per further check of ex03" in shown


def test_bench_refuses_no_runs(small: Path) -> None:
    with pytest.raises(cli.BadRequestError):
        bench.run(["--runs", "0"], "en")
