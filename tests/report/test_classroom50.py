"""Classroom 50's result.json, checked as its runner checks it (classroom50/result/v1)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.model import LANGUAGES, CheckResult, Language, Verdict
from grader.report import ReportOptions, render

GOLDEN = Path(__file__).parent / "golden"
RUN = {
    "CLASSROOM": "networks",
    "ASSIGNMENT": "ex03",
    "ASSIGNMENT_TYPE": "individual",
    "OWNER": "ann",
    "SUBMISSION_TAG": "submit/2026-06-01T14-32-05Z-a1b2c3d",
    "COMMIT_URL": "https://github.com/o/r/commit/abc",
    "RELEASE_URL": "https://github.com/o/r/releases/tag/submit%2Fx",
    "REVIEW_URL": "https://github.com/o/r/compare/1...2",
}


@pytest.fixture(autouse=True)
def run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the environment that of a run by Classroom 50."""
    for name in [*os.environ]:
        if name.startswith("GITHUB_") or name == "USERNAME":
            monkeypatch.delenv(name)
    for name, value in RUN.items():
        monkeypatch.setenv(name, value)


def whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def valid(data: dict[str, Any]) -> dict[str, Any]:
    """Check what ``validate_result`` of Classroom 50's runner.py checks."""
    assert data["schema"] == "classroom50/result/v1"
    texts = ("classroom", "assignment", "owner", "commit", "release", "review", "datetime")
    assert all(isinstance(data[key], str) and data[key] for key in texts)
    assert data["assignment_type"] in ("individual", "group", "team")
    assert data["submission"].startswith("submit/")
    assert whole(data["score"])
    assert whole(data["max-score"])
    assert data["score"] <= data["max-score"]
    for test in data["tests"]:
        assert isinstance(test["test-name"], str)
        assert test["test-name"]
        assert isinstance(test["passed"], bool)
        assert whole(test["score"])
        assert whole(test["max-score"])
        assert test["score"] <= test["max-score"]
    return data


def parse(*verdicts: Verdict, options: ReportOptions | None = None) -> dict[str, Any]:
    shown = render("classroom50", verdicts, options or ReportOptions())
    assert shown.isascii()
    assert "##[" not in shown
    return valid(json.loads(shown))


@pytest.mark.parametrize("language", LANGUAGES)
def test_is_as_it_was(language: Language, story: Callable[[Language], Verdict]) -> None:
    found = parse(story(language), options=ReportOptions(language=language))
    readable = json.dumps(found, ensure_ascii=False, indent=2) + "\n"
    path = GOLDEN / f"classroom50.{language}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(readable, encoding="utf-8")
    assert readable == path.read_text(encoding="utf-8")


def test_who_handed_in_what_is_in_the_environment(
    verdict: Callable[..., Verdict], check: Callable[..., CheckResult]
) -> None:
    found = parse(verdict(check("a")))
    keys = ("classroom", "assignment", "assignment_type", "owner", "submission")
    assert [found[key] for key in keys] == [
        "networks",
        "ex03",
        "individual",
        "ann",
        RUN["SUBMISSION_TAG"],
    ]
    assert [found[key] for key in ("commit", "release", "review")] == [
        RUN["COMMIT_URL"],
        RUN["RELEASE_URL"],
        RUN["REVIEW_URL"],
    ]
    assert found["datetime"] == "2026-06-01T14:32:05Z"


def test_a_plain_repository_is_known_by_what_github_says(
    verdict: Callable[..., Verdict],
    check: Callable[..., CheckResult],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in RUN:
        monkeypatch.delenv(name)
    assert parse(verdict(check("a")))["owner"] == "local"
    monkeypatch.setenv("GITHUB_REPOSITORY", "course/ex03-ann")
    monkeypatch.setenv("GITHUB_REPOSITORY_OWNER", "course")
    monkeypatch.setenv("GITHUB_ACTOR", "ann")
    monkeypatch.setenv("GITHUB_SHA", "0123456789abcdef")
    found = parse(verdict(check("a")), verdict(check("b"), exercise="ex07"))
    assert (found["classroom"], found["owner"]) == ("course", "ann")
    assert found["assignment"] == "ex03-ex07"
    assert found["commit"] == "https://github.com/course/ex03-ann/commit/0123456789abcdef"
    assert found["review"] == found["commit"]
    assert found["submission"] == "submit/0123456789ab"


def test_scores(verdict: Callable[..., Verdict], check: Callable[..., CheckResult]) -> None:
    found = parse(
        verdict(
            check("a", points=2.0, earned=2.0),
            check("b", "stuck"),
            check("c", "skipped", points=5.0),
        ),
        verdict(check("d"), exercise="ex07"),
    )
    assert (found["score"], found["max-score"]) == (3, 4)
    assert [(t["test-name"], t["passed"], t["score"], t["max-score"]) for t in found["tests"]] == [
        ("ex03 a", True, 2, 2),
        ("ex03 b", False, 0, 1),
        ("ex07 d", True, 1, 1),
    ]


def test_points_become_whole_numbers(
    verdict: Callable[..., Verdict], check: Callable[..., CheckResult]
) -> None:
    found = parse(
        verdict(check("a", points=0.5, earned=0.5), check("b", "failed", points=0.75), check("c"))
    )
    assert [test["max-score"] for test in found["tests"]] == [2, 3, 4]
    assert (found["score"], found["max-score"]) == (6, 9)


def test_our_fault_is_written_as_classroom50_writes_it(
    verdict: Callable[..., Verdict], check: Callable[..., CheckResult]
) -> None:
    found = parse(verdict(check("a"), check("b", "error")), verdict(check("c")))
    assert (found["tests"], found["score"], found["max-score"]) == ([], 0, 0)


def test_hidden_checks_have_numbers(
    verdict: Callable[..., Verdict], check: Callable[..., CheckResult]
) -> None:
    secret = [check(f"s{n}", visibility="hidden", title="S3CRET") for n in range(2)]
    found = parse(verdict(secret[0], check("a"), secret[1]))
    assert [test["test-name"] for test in found["tests"]] == [
        "ex03 hidden check 1",
        "ex03 a",
        "ex03 hidden check 2",
    ]


def test_hostile_text_stays_text(hostile: Verdict) -> None:
    for test in parse(hostile)["tests"]:
        assert test["test-name"].isprintable()
