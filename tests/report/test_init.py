"""The registry of formats: modules found by name, imported when asked for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from grader.model import Verdict
from grader.report import ReportOptions, UnknownFormat, formats, render, reporter


def test_every_module_is_a_format_of_its_own_name() -> None:
    assert {"text", "json", "junit", "github"} <= set(formats())
    for name in formats():
        assert name == reporter(name).NAME


@pytest.mark.parametrize("name", ["", "_layout", "json_", "no\x1b", "x" * 9999, "text.paint"])
def test_an_unknown_format_names_the_known_ones(name: str) -> None:
    with pytest.raises(UnknownFormat) as caught:
        reporter(name)
    assert caught.value.known == formats()
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


def test_only_the_module_asked_for_is_imported() -> None:
    program = (
        "import sys, grader.report as r; r.formats(); r.reporter('json');"
        "print(*sorted(m for m in sys.modules if m.startswith('grader.report.')))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert shown.stdout.split() == ["grader.report.json_"]


def test_a_path_comes_from_a_callable_a_mapping_or_the_verdict(
    verdict: Callable[..., Verdict],
) -> None:
    one = verdict()
    assert ReportOptions().path(one) == "tcp_echo.py"
    assert ReportOptions(path_of=lambda v: f"my/{v.slug}").path(one) == "my/tcp_echo"
    assert ReportOptions(path_of={"ex03": "a.py"}).path(one) == "a.py"
    assert ReportOptions(path_of={"ex04": "a.py"}).path(one) == "tcp_echo.py"


@pytest.mark.parametrize("name", ["text", "json", "junit", "github"])
@pytest.mark.parametrize("n", [0, 1, 2])
def test_every_format_ends_its_last_line(
    verdict: Callable[..., Verdict], name: str, n: int
) -> None:
    shown = render(name, [verdict()] * n, ReportOptions())
    assert shown.endswith("\n")
    assert not shown.endswith("\n\n")
