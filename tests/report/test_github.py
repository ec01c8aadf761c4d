"""Workflow commands and the job summary: read here as GitHub's runner reads them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from grader.model import CheckResult, Language, Location, Verdict
from grader.report import ReportOptions, render
from grader.report.github import summary

Command = tuple[str, dict[str, str], str]
COMMANDS = [
    "error",
    "warning",
    "notice",
    "debug",
    "group",
    "endgroup",
    "add-mask",
    "add-path",
    "set-env",
    "set-output",
    "save-state",
    "stop-commands",
    "echo",
    "add-matcher",
    "remove-matcher",
    "internal-set-repo-path",
]


def undo(text: str, *codes: str) -> str:
    for code in (*codes, "25"):
        text = text.replace(f"%{code}", chr(int(code, 16)))
    return text


def commands(printed: str) -> list[Command]:
    """Find the commands as actions/runner does (``ActionCommand.TryParseV2``, ``TryParse``)."""
    found: list[Command] = []
    for line in re.split(r"\r\n|\r|\n", printed):
        old = re.search(r"##\[([^\]\s]*)[^\]]*\](.*)", line)
        new = re.match(r"\s*::(.*?)::(.*)", line)
        if new and new[1].partition(" ")[0] in COMMANDS:
            name, _, properties = new[1].partition(" ")
            pairs = (pair.split("=", 1) for pair in properties.split(",") if pair)
            values = {key.strip(): undo(value, "0D", "0A", "3A", "2C") for key, value in pairs}
            found.append((name, values, undo(new[2], "0D", "0A")))
        elif old and old[1] in COMMANDS:
            found.append((old[1], {}, old[2]))
    return found


def test_an_annotation_stands_at_the_line_at_fault(
    story: Callable[[Language], Verdict],
) -> None:
    shown = render("github", [story("en")], ReportOptions(path_of=lambda _: "my work/a,b:c%.py"))
    first, second = commands(shown)
    assert first[0] == "error"
    assert first[1] == {
        "file": "my work/a,b:c%.py",
        "line": "10",
        "title": "the next client is let in after the first one closes",
    }
    assert first[2].splitlines() == [
        story("en").checks[1].message,
        "expected: you close this connection and accept the next one",
        "instead: your code runs in circles: in 20 ms it called recv() 812 times, and every time "
        "nothing came back",
    ]
    assert second[1]["title"].startswith("a client's reset does not end the server, even")
    assert shown.splitlines()[-1] == (
        "ex03: Score 1 of 4 · 1 of 3 checks passed · 0.61 s · 1 stuck · 1 not gradable here"
    )


def test_what_explains_others_is_annotated_first(
    verdict: Callable[..., Verdict], check: Callable[..., CheckResult]
) -> None:
    checks = [
        check("own", "failed"),
        check("other", "failed", because="own"),
        check("last", "failed"),
    ]
    shown = commands(render("github", [verdict(*checks)], ReportOptions()))
    assert [found[1]["title"] for found in shown] == ["own", "last", "other"]


def test_ten_annotations_at_most_over_all_exercises(
    verdict: Callable[..., Verdict], check: Callable[..., CheckResult]
) -> None:
    one = verdict(*(check(f"c{n}", "failed", message="No.") for n in range(7)))
    shown = render("github", [one, one], ReportOptions())
    assert len(commands(shown)) == 10
    assert "4 more failed checks are not annotated" in shown
    assert len(commands(render("github", [one], ReportOptions()))) == 7


def test_an_error_of_the_grader_blames_no_file(
    verdict: Callable[..., Verdict], check: Callable[..., CheckResult]
) -> None:
    shown = render("github", [verdict(check("a", "error", message="KeyError"))], ReportOptions())
    assert commands(shown) == [("warning", {"title": "a"}, "KeyError")]


@pytest.mark.parametrize(
    ("message", "title"),
    [
        ("a\r\n::error::b", "t"),
        ("%0A::error::b %25 100%", "50%, a:b,file=x::y"),
        ("\n\n::stop-commands::x\n##[set-env name=PATH]x", "##[error]x"),
        ("", "t"),
    ],
)
def test_one_check_is_one_command(
    verdict: Callable[..., Verdict], check: Callable[..., CheckResult], message: str, title: str
) -> None:
    failed = check("c", "failed", message=message, title=title, location=Location(3))
    [(name, properties, data)] = commands(render("github", [verdict(failed)], ReportOptions()))
    assert name == "error"
    properties["title"] = properties["title"].replace(r"\x5b", "[")
    assert properties == {"file": "tcp_echo.py", "line": "3", "title": title}
    assert data.replace(r"\r", "\r").replace(r"\x5b", "[").replace(r"\x3a", ":") == (message or "c")


def test_a_submission_cannot_give_commands(hostile: Verdict, hostile_lines: list[str]) -> None:
    options = ReportOptions(source_lines=lambda _: hostile_lines, colour=True)
    shown = render("github", [hostile, hostile], options)
    assert [name for name, _, _ in commands(shown)] == ["error"] * 10
    assert "##[" not in shown
    assert all(set(properties) == {"file", "line", "title"} for _, properties, _ in commands(shown))
    assert {char for char in shown if unicodedata.category(char)[0] == "C"} == {"\n"}


class Tags(HTMLParser):
    """Collects tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)


def test_the_summary_is_escaped(hostile: Verdict, hostile_lines: list[str]) -> None:
    shown = summary([hostile], ReportOptions(source_lines=lambda _: hostile_lines, colour=True))
    assert Tags(shown).found == {"details", "summary", "pre"}
    assert shown.count("</pre>") == shown.count("<pre>") == 12
    assert {char for char in shown if unicodedata.category(char)[0] == "C"} == {"\n"}
    outside = re.sub(r"<pre>.*?</pre>", "", shown, flags=re.DOTALL)
    assert "**" not in outside
    assert "](" not in outside
    assert "`" not in outside
    rows = [line for line in outside.splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} == {4}


def test_the_summary_names_every_check(story: Callable[[Language], Verdict]) -> None:
    shown = summary([story("zh")], ReportOptions(language="zh"))
    assert shown.startswith("### ex03 · TCP 回显服务器与客户端\n\n得分 1&#47;4 ·")
    assert "| ✓ | 一条消息原样返回 | 1/1 |" in shown
    assert "| – | 只能从指定的地址访问 | 不计分 |" in shown
    assert "<details><summary>✗ 第一个客户端关闭后接待下一个</summary>" in shown


def test_the_summary_is_bounded(
    verdict: Callable[..., Verdict], check: Callable[..., CheckResult]
) -> None:
    checks = [check(f"c{n}", "failed", message="长句子。" * 900) for n in range(99)]
    shown = summary([verdict(*checks)], ReportOptions(verbose=True))
    assert len(shown.encode()) < 600_000
    assert shown.rstrip().endswith("would be too long&#46;")
    assert Tags(shown).found == {"details", "summary", "pre"}
    assert shown.count("<pre>") == shown.count("</pre>")
