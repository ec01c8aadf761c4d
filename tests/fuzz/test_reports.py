"""Reports of verdicts whose every text is of a learner's making: well-formed, never obeyed."""

from __future__ import annotations

import json
import re
import unicodedata
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.model import CheckResult, Event, GraderInfo, Isolation, Location, Verdict
from grader.report import ReportOptions, formats, render
from grader.report.github import summary

few = settings(max_examples=settings().max_examples // 5)  # a verdict takes long to draw

TEXT = st.lists(
    st.sampled_from(
        ["::error::x", "::set-output name=a::b", "##[add-mask]x", "\n::stop-commands::t", "\r\n",
         "\x1b[31m", "\x1b]0;t\x07", "\u202e", "\u2028", "\ud800", "\x00", "\x85", "\x9b1m", "]]>",
         "&", "<b>", "</pre>", "<script>", "`", "|", "```", "[a](b)", "中文", "🙂", "é", "%0A", " ",
         "\ufffe", "\U000e0041", "\t", "{x}", "%s", "\\", '"', "'", "x" * 300]
    )
    | st.text(st.characters(), max_size=4),
    max_size=7,
).map("".join)  # fmt: skip
LINE = st.integers(0, 9_999_999)
LOCATION = st.none() | st.builds(
    Location,
    LINE,
    TEXT,
    TEXT,
    st.sampled_from(["raised", "blocked", "spinning", "sleeping", ""]),
    TEXT,
)
EVENT = st.builds(
    Event,
    st.floats(0, 100),
    TEXT | st.sampled_from(["peer", "you", "peer 2"]),
    TEXT | st.sampled_from(["send", "receive", "end", "call", "raise"]),
    st.integers(0, 1 << 40),
    TEXT,
)
CHECK = st.builds(
    CheckResult,
    id=st.just("a_check"),
    title=st.just("the title"),
    status=st.sampled_from(["passed", "failed", "stuck", "skipped", "error"]),
    points=st.just(1.0),
    earned=st.sampled_from([0.0, 1.0]),
    visibility=st.just("public"),
    duration_s=st.floats(0, 100),
    diagnosis=TEXT,
    message=TEXT,
    expected=TEXT,
    received=TEXT,
    location=LOCATION,
    transcript=st.lists(EVENT, max_size=4).map(tuple),
    output=TEXT,
)
VERDICT = st.builds(
    Verdict,
    exercise=st.just("ex03"),
    slug=st.just("tcp_echo"),
    submission=TEXT.map(lambda name: name or "tcp_echo.py"),
    sha256=st.just("0" * 64),
    status=st.sampled_from(["passed", "failed", "error"]),
    score=st.just(1.0),
    max_score=st.just(2.0),
    duration_s=st.just(1.0),
    seed=st.just(7),
    isolation=st.just(Isolation("full", "bubblewrap")),
    grader=st.just(GraderInfo("1", "3.11")),
    checks=st.lists(CHECK, max_size=3).map(tuple),
    language=st.sampled_from(["en", "zh"]),
    title=st.just("TCP echo"),
)
OPTIONS = st.builds(
    ReportOptions,
    language=st.sampled_from(["en", "zh"]),
    width=st.integers(20, 140),
    ascii=st.booleans(),
    verbose=st.booleans(),
)
_OWN = re.compile(r"::(error|warning|notice|group|endgroup)[ :]")


def is_obeyed(char: str) -> bool:
    """Say whether a terminal or an editor does something with it, or it can't be written."""
    joins = char in "\u200c\u200d"
    return (
        char != "\n" and not joins and unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    )


@pytest.mark.parametrize("name", formats())
@few
@given(st.lists(VERDICT, max_size=2), OPTIONS)
def test_any_verdict_has_a_report(
    name: str, verdicts: list[Verdict], options: ReportOptions
) -> None:
    shown = render(name, verdicts, options)
    assert not [char for char in shown if is_obeyed(char)]
    shown.encode()
    for line in shown.split("\n"):
        assert "##[" not in line
        if line.lstrip().startswith("::"):
            assert name == "github"
            assert _OWN.match(line)
    if name == "github":
        commands = [line for line in shown.split("\n") if line.startswith("::")]
        failed = sum(c.status in ("failed", "stuck", "error") for v in verdicts for c in v.checks)
        assert len(commands) == min(failed, 10)
    if name == "json":
        found = json.loads(shown)
        statuses = [one["status"] for one in (found if isinstance(found, list) else [found])]
        assert statuses == [verdict.status for verdict in verdicts]
    if name == "junit":
        root = ET.fromstring(shown)
        assert len(root.findall("testsuite")) == len(verdicts)


@few
@given(st.lists(VERDICT, min_size=1, max_size=2), OPTIONS)
def test_any_verdict_has_a_summary(verdicts: list[Verdict], options: ReportOptions) -> None:
    shown = summary(verdicts, options)
    assert not [char for char in shown if is_obeyed(char)]
    assert "<script" not in shown
    assert "<b>" not in shown
    assert shown.count("<pre>") == shown.count("</pre>")
