"""JUnit XML that any reader takes, whatever a submission printed."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree as ET

from grader.model import CheckResult, Language, Verdict
from grader.report import ReportOptions, render

_ELEMENTS = set("testsuites testsuite properties property testcase failure skipped".split())


def parse(*verdicts: Verdict, options: ReportOptions | None = None) -> ET.Element:
    return ET.fromstring(render("junit", verdicts, options or ReportOptions()).encode())


def test_failures_errors_and_skipped_are_told_apart(
    verdict: Callable[..., Verdict], check: Callable[..., CheckResult]
) -> None:
    statuses = ("passed", "failed", "stuck", "skipped", "error")
    checks = [check(f"c_{s}", s, diagnosis="d", message="Why. More.") for s in statuses]
    root = parse(verdict(*checks), verdict(check("a")))
    assert root.tag == "testsuites"
    assert [root.get(k) for k in ("tests", "failures", "errors", "skipped")] == ["6", "2", "1", "1"]
    suite = root[0]
    assert suite.get("name") == "ex03_tcp_echo"
    assert [suite.get(k) for k in ("tests", "failures", "errors", "skipped", "time")] == [
        "5",
        "2",
        "1",
        "1",
        "0.610",
    ]
    found = {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}
    assert found == {
        "c_passed": [],
        "c_failed": ["failure"],
        "c_stuck": ["failure"],
        "c_skipped": ["skipped"],
        "c_error": ["error"],
    }
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == ("d", "c failed: Why.")
    assert "Why. More." in (failure.text or "")


def test_a_grader_error_without_a_check_is_an_error_of_the_suite(
    verdict: Callable[..., Verdict],
) -> None:
    root = parse(verdict(status="error"))
    assert (root.get("tests"), root.get("errors")) == ("1", "1")
    case = root.find("testsuite/testcase")
    assert case is not None
    assert case.get("name") == "grader"


def test_details_are_plain_text_of_a_fixed_width(
    story: Callable[[Language], Verdict], source: list[str]
) -> None:
    options = ReportOptions(colour=True, width=50, source_lines=lambda _: source, language="zh")
    root = parse(story("zh"), options=options)
    text = root.findtext("testsuite/testcase/failure") or ""
    assert "▸ 10                  data = conn.recv(1024)" in text
    assert "对端 → 你" in text
    assert "\x1b" not in text


def test_hostile_text_stays_text(hostile: Verdict, hostile_lines: list[str]) -> None:
    options = ReportOptions(source_lines=lambda _: hostile_lines)
    shown = render("junit", [hostile], options)
    assert not re.search(r"[^\n\x20-\x7e\x80-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", shown)
    assert "\u202e" not in shown
    assert "::" not in shown
    assert "##[" not in shown
    root = ET.fromstring(shown.encode())
    assert {element.tag for element in root.iter()} <= {
        "testsuites",
        "testsuite",
        "properties",
        "property",
        "testcase",
        "failure",
        "skipped",
    }
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None
    assert "</pre></details><script>alert(1)</script>&amp;" in (failure.text or "")
