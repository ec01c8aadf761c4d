"""The verdict as JSON: the format of the design, nothing else."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable

import msgspec

from grader.model import Language, Verdict
from grader.report import ReportOptions, render


def test_one_object_for_one_and_a_list_for_others(verdict: Callable[..., Verdict]) -> None:
    one = verdict()
    assert isinstance(json.loads(render("json", [one], ReportOptions())), dict)
    assert json.loads(render("json", [], ReportOptions())) == []
    assert len(json.loads(render("json", [one, one], ReportOptions()))) == 2


def test_the_keys_of_the_design_come_first_and_keep_their_meaning(
    story: Callable[[Language], Verdict],
) -> None:
    shown = render("json", [story("en")], ReportOptions())
    data = json.loads(shown)
    assert list(data)[:13] == [
        "schema",
        "exercise",
        "slug",
        "submission",
        "sha256",
        "status",
        "score",
        "max_score",
        "duration_s",
        "seed",
        "isolation",
        "grader",
        "checks",
    ]
    assert data["schema"] == 1
    assert data["isolation"] == {
        "level": "none",
        "backend": "plain",
        "missing": ["net", "files"],
    }
    check = data["checks"][1]
    assert list(check) == [
        "id",
        "title",
        "status",
        "points",
        "earned",
        "visibility",
        "duration_s",
        "diagnosis",
        "message",
        "expected",
        "received",
        "location",
        "transcript",
        "output",
        "hints",
        "because",
    ]
    assert check["transcript"][1] == {
        "t": 0.0001,
        "who": "peer",
        "event": "send",
        "bytes": 6,
        "preview": "héllo",
    }
    assert check["location"]["line"] == 10
    assert data["checks"][0]["location"] is None


def test_reading_it_gives_the_verdict_back(story: Callable[[Language], Verdict]) -> None:
    one = story("zh")
    shown = render("json", [one], ReportOptions())
    assert msgspec.json.decode(shown.encode(), type=Verdict) == one
    assert one.title in shown


def test_hostile_text_is_plain_data(hostile: Verdict) -> None:
    shown = render("json", [hostile], ReportOptions())
    shown.encode()
    assert {char for char in shown if unicodedata.category(char)[0] == "C"} == {"\n"}
    assert "##[" not in shown
    assert not re.search(r"^\s*::", shown, re.MULTILINE)
    assert json.loads(shown)["checks"][0]["output"] == hostile.checks[0].output
