"""Gradescope's results.json, read by a schema of our own of what Gradescope documents."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

from grader.model import LANGUAGES, CheckResult, Language, Verdict
from grader.report import ReportOptions, render

GOLDEN = Path(__file__).parent / "golden"
Format = Literal["text", "html", "simple_format", "md", "ansi"]
Visibility = Literal["hidden", "after_due_date", "after_published", "visible"]


class Test(msgspec.Struct, forbid_unknown_fields=True):
    """One test, as "Autograder Specifications" has it; all of it is optional there."""

    __test__ = False

    name: str
    number: str
    visibility: Visibility
    tags: list[str]
    extra_data: dict[str, Any]
    score: float | None = None
    max_score: float | None = None
    status: Literal["passed", "failed"] | None = None
    name_format: Format = "text"
    output: str = ""
    output_format: Format = "text"


class Results(msgspec.Struct, forbid_unknown_fields=True):
    """The file, as "Autograder Specifications" has it."""

    tests: list[Test]
    output: str
    visibility: Visibility
    stdout_visibility: Visibility
    output_format: Format
    test_output_format: Format
    test_name_format: Format
    execution_time: float
    extra_data: dict[str, Any]
    score: float | None = None


def parse(*verdicts: Verdict, options: ReportOptions | None = None) -> Results:
    shown = render("gradescope", verdicts, options or ReportOptions())
    return msgspec.json.decode(shown.encode("ascii"), type=Results)


@pytest.mark.parametrize("language", LANGUAGES)
def test_is_as_it_was(
    language: Language, story: Callable[[Language], Verdict], source: list[str]
) -> None:
    options = ReportOptions(language=language, source_lines=lambda _: source)
    shown = render("gradescope", [story(language)], options)
    readable = json.dumps(json.loads(shown), ensure_ascii=False, indent=2) + "\n"
    path = GOLDEN / f"gradescope.{language}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(readable, encoding="utf-8")
    assert readable == path.read_text(encoding="utf-8")


def test_scores_and_statuses(
    verdict: Callable[..., Verdict], check: Callable[..., CheckResult]
) -> None:
    found = parse(
        verdict(check("a", points=2.0, earned=2.0), check("b", "failed"), check("c", "stuck"))
    )
    assert found.score == 2.0
    assert [(test.score, test.max_score, test.status) for test in found.tests] == [
        (2.0, 2.0, "passed"),
        (0.0, 1.0, "failed"),
        (0.0, 1.0, "failed"),
    ]
    assert [test.number for test in found.tests] == ["1", "2", "3"]
    assert found.execution_time == 0.61


def test_several_exercises_are_added_up(
    verdict: Callable[..., Verdict], check: Callable[..., CheckResult]
) -> None:
    one, other = verdict(check("a")), verdict(check("b"), check("c", "failed"), exercise="ex07")
    found = parse(one, other)
    assert found.score == 2.0
    assert [(test.number, test.tags) for test in found.tests] == [
        ("1.1", ["ex03"]),
        ("2.1", ["ex07"]),
        ("2.2", ["ex07"]),
    ]
    assert len(found.output.splitlines()) == 2


@pytest.mark.parametrize("whole", [False, True], ids=["one_check", "whole_verdict"])
def test_our_fault_gives_no_score_at_all(
    whole: bool, verdict: Callable[..., Verdict], check: Callable[..., CheckResult]
) -> None:
    broken = verdict(status="error") if whole else verdict(check("a"), check("b", "error"))
    found = parse(verdict(check("c")), broken)
    assert found.score is None
    assert all(test.score is None and test.max_score is None for test in found.tests)
    assert "not your fault" in found.output
    assert [test.status for test in found.tests if test.extra_data["status"] == "error"] in (
        [],
        [None],
    )


def test_points_of_skipped_checks_are_given_in_proportion(
    verdict: Callable[..., Verdict], check: Callable[..., CheckResult]
) -> None:
    skipped = check("s", "skipped", points=2.0)
    half = verdict(check("a"), check("b", "failed"), skipped)
    full = verdict(check("a"), check("b"), skipped)
    assert (half.score, half.max_score) == (1.0, 2.0)
    assert parse(half).score == 2.0
    assert parse(full).score == 4.0
    assert parse(full).tests[2].status is None
    assert parse(full).tests[2].score is None
    assert "cannot be graded on this machine" in parse(full).output
    assert parse(verdict(check("s", "skipped"), status="failed")).score == 0.0


def test_nothing_of_hidden_checks_shows_before_grades_are_published(
    verdict: Callable[..., Verdict], check: Callable[..., CheckResult]
) -> None:
    secret = check(
        "secret", "failed", visibility="hidden", title="S3CRET", hints=3, message="S3CRET too"
    )
    public = check("public", "failed", because="secret", message="Known.", hints=2)
    found = parse(verdict(secret, public, check("fine")))
    assert found.tests[0].visibility == "after_published"
    assert "nox -s hint" not in found.tests[0].output
    assert "nox -s hint" in found.tests[1].output
    seen = [test for test in found.tests if test.visibility == "visible"]
    assert [test.name for test in seen] == ["public", "fine"]
    shown = found.output + "".join(test.output + test.name for test in seen)
    assert "S3CRET" not in shown
    assert "1 of 2 public checks" in found.output
    assert "1 more" in found.output
    assert found.stdout_visibility == "hidden"


def test_a_check_says_which_failure_explains_it(
    verdict: Callable[..., Verdict], check: Callable[..., CheckResult]
) -> None:
    cause = check("first_one", "failed", title="the cause")
    found = parse(verdict(cause, check("next_one", "failed", because="first_one")))
    assert "the cause" in found.tests[1].output


def test_hostile_text_stays_text(hostile: Verdict, hostile_lines: list[str]) -> None:
    shown = render("gradescope", [hostile], ReportOptions(source_lines=lambda _: hostile_lines))
    assert shown.isascii()
    assert "##[" not in shown
    assert not re.search(r"^\s*::", shown, re.MULTILINE)
    found = msgspec.json.decode(shown.encode(), type=Results)
    for words in (found.output, *(t.output for t in found.tests), *(t.name for t in found.tests)):
        assert words.replace("\n", "").isprintable()
        assert not re.search(r"^\s*::[A-Za-z]", words, re.MULTILINE)
    assert {test.output_format for test in found.tests} == {"text"}


def test_output_is_bounded(
    verdict: Callable[..., Verdict], check: Callable[..., CheckResult]
) -> None:
    long = check("a", "failed", message="word " * 100_000, expected="x" * 100_000)
    options = ReportOptions(verbose=True)
    assert len(parse(verdict(long), options=options).tests[0].output) <= 20_001


def test_no_verdict_has_no_score() -> None:
    assert parse().score is None
    assert parse().tests == []
