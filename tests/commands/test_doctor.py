"""``doctor``: each rung in a few lines, in both languages, and as data."""

from __future__ import annotations

import json
import re

import pytest

from grader import cli
from grader.commands import doctor
from grader.model import LANGUAGES, Language
from grader.sandbox.survey import Rung
from grader.texts import table

RUNGS = [
    Rung(
        "full",
        "bubblewrap",
        False,
        ("bubblewrap_refused: no map",),
        ("do_apparmor", "do_container"),
    ),
    Rung("partial", "landlock", True, ("network", "signals"), ("do_newer_kernel",)),
    Rung("none", "process", True),
]


@pytest.fixture
def surveyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "survey", lambda: RUNGS)


@pytest.mark.usefixtures("surveyed")
@pytest.mark.parametrize("language", LANGUAGES)
def test_shows_each_rung_why_not_more_and_what_to_do(
    language: Language, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["doctor", "--lang", language]) == 0
    shown = capsys.readouterr().out
    words = table("doctor", language)
    assert [line[0] for line in shown.splitlines() if line[:1] in "✓✗" and line] == ["✗", "✓", "✓"]
    assert "(no map)" in shown
    assert words["do_newer_kernel"] in shown
    assert words["do_container"] in shown
    assert "{ userns, }" in shown
    assert not re.search(r"\{\w+\}|\bdo_", shown)
    assert words["auto"].format(level="partial") in shown


@pytest.mark.usefixtures("surveyed")
def test_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--format", "json"]) == 0
    rungs = json.loads(capsys.readouterr().out)
    assert [rung["works"] for rung in rungs] == [False, True, True]
    assert rungs[1]["missing"] == ["network", "signals"]


def test_on_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--lang", "en"]) == 0
    assert "none (" in capsys.readouterr().out
