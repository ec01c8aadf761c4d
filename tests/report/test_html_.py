"""The page of a verdict: whole, in order, and with nothing in it that a submission put there."""

from __future__ import annotations

import html.parser
import re
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

import grader.report
from grader.model import LANGUAGES, CheckResult, Event, Isolation, Language, Location, Verdict
from grader.pages import Page
from grader.report import ReportOptions, render
from grader.report._sequence import ARROWS
from grader.texts import table

Make = Callable[..., Verdict]
MakeCheck = Callable[..., CheckResult]
FOLDER = Path(grader.report.__file__).parent
TEMPLATES = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.jinja")}
OWN = set(re.findall(r"<([a-zA-Z]\w*)", "".join(TEMPLATES.values())))


class Reader(html.parser.HTMLParser):
    """Notes elements, attributes and text of a page; complains of what is not closed."""

    VOID = frozenset({"meta", "link", "br", "path", "rect", "line", "circle"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.stack: list[str] = []
        self.feed(page)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, name: str) -> list[str]:
        return [value for _, key, value in self.attributes if key == name]


def read(*verdicts: Verdict, **options: object) -> Reader:
    return Reader(render("html", verdicts, ReportOptions(**options)))  # type: ignore[arg-type]


def a_page(verdict: Verdict, check: CheckResult) -> Page | None:
    return Page(check.diagnosis, "A page", "## Why\nBecause.\n\n```text\na -> b\n```\n")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_verdict_has_everything(
    story: Callable[[Language], Verdict], source: list[str], language: Language
) -> None:
    verdict = story(language)
    found = read(verdict, language=language, source_lines=lambda _: source, page_of=a_page)
    for check in verdict.checks:
        assert check.title in found.text
        for words in (check.message, check.expected, check.received):
            assert words in found.text
    for line in source:
        assert line in found.text
    for words in ("tcp_echo.py", "3.11.7", "417", "héllo", "listening", "A page"):
        assert words in found.text
    assert f"{verdict.score:g}" in found.text
    assert found.tags["svg"] > 2
    assert found.values("lang") == ["zh-CN" if language == "zh" else "en"]
    assert "\\x1b[31mred" in found.text
    assert "\\u202eabc" in found.text


def test_it_stands_alone(story: Callable[[Language], Verdict], source: list[str]) -> None:
    page = render("html", [story("en")], ReportOptions(source_lines=lambda _: source))
    found = Reader(page)
    assert not {"script", "img", "iframe", "object", "embed", "form", "base"} & set(found.tags)
    assert not [name for _, name, _ in found.attributes if name.startswith("on")]
    assert not {"src", "srcset", "action", "background"} & {name for _, name, _ in found.attributes}
    assert not re.findall(r"url\(|@import|expression", TEMPLATES["verdict.css.jinja"])
    policy = next(value for value in found.values("content") if "default-src" in value)
    assert "default-src 'none'" in policy
    assert "script" not in policy
    for tag, name, value in found.attributes:
        if name == "href":
            assert value.startswith("#") or (tag, value) == ("link", "data:,")


@pytest.mark.parametrize("several", [False, True])
def test_anchors_lead_somewhere_and_headings_are_in_order(
    story: Callable[[Language], Verdict], source: list[str], several: bool
) -> None:
    verdicts = [story("en"), story("en")] if several else [story("en")]
    page = render("html", verdicts, ReportOptions(source_lines=lambda _: source, page_of=a_page))
    found = Reader(page)
    names = found.values("id")
    assert len(names) == len(set(names))
    for value in found.values("href"):
        assert value == "data:," or value.removeprefix("#") in names
    for value in (*found.values("aria-labelledby"),):
        assert set(value.split()) <= set(names)
    levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    for n in range(len(verdicts)):
        assert f"#v{n + 1}c2" in found.values("href")
        assert f"v{n + 1}l10" in names
        assert f"#v{n + 1}l10" in found.values("href")


def test_a_dependent_failure_is_one_line_with_a_link(verdict: Make, check: MakeCheck) -> None:
    page = render(
        "html",
        [
            verdict(
                check("first", "failed", message="The first reason.", diagnosis="d"),
                check("second", "failed", message="The second.", diagnosis="d", because="first"),
                check("third", "failed", diagnosis="e", message="The third.", because="no such"),
            )
        ],
        ReportOptions(page_of=a_page),
    )
    second = page[page.index('id="v1c2"') : page.index('id="v1c3"')]
    assert '<p class="cause">' in second
    assert 'href="#v1c1">first</a>' in second
    assert second.index("<details") < second.index("The second.")
    assert '<p class="cause">' not in page[page.index('id="v1c3"') :]
    # An explanation is there once; the second failure leads to it.
    assert page.count("<h5>Why</h5>") == 2  # the third has another diagnosis
    assert 'href="#v1c1p"' in second


def test_statuses_are_told_in_words(verdict: Make, check: MakeCheck) -> None:
    statuses = ("passed", "failed", "stuck", "skipped", "error")
    found = read(verdict(*(check(f"c {status}", status) for status in statuses)))
    for n, status in enumerate(statuses, 1):
        words = table("html", "en")[f"status_{status}"]
        assert f"Check {n}, {words}: c {status}" in found.text
    assert found.text.count("not counted") == 2


def test_what_the_code_was_doing_is_told_with_or_without_bytes(
    verdict: Make, check: MakeCheck
) -> None:
    place = Location(1, "serve", "", "blocked", "recv()")
    doing = "your code waits in recv()"
    alone = read(verdict(check("a", "stuck", location=place))).text
    assert f"instead{doing}" in alone
    both = read(verdict(check("a", "stuck", location=place, expected="x", received="y"))).text
    assert f"y; {doing}" in both


def test_a_source_that_has_changed_is_not_shown(verdict: Make, check: MakeCheck) -> None:
    place = Location(3, "serve", "data = 1", "blocked", "recv()")
    found = read(verdict(check("a", "failed", location=place)))
    assert "changed or removed" in found.text
    assert "data = 1" in found.text
    assert "#v1l3" not in found.values("href")


@pytest.mark.parametrize("lines", [["x", "y"], ["x", "y", ""]])
def test_a_last_line_end_is_no_line(verdict: Make, lines: list[str]) -> None:
    assert read(verdict(), source_lines=lambda _: lines).tags["li"] == 2


def test_hostile_strings_are_text(hostile: Verdict, hostile_lines: list[str]) -> None:
    bad = Page("x", hostile.title, hostile.title)
    page = render(
        "html",
        [hostile],
        ReportOptions(
            path_of=lambda verdict: verdict.submission,
            source_lines=lambda _: hostile_lines,
            page_of=lambda verdict, check: bad,
        ),
    )
    found = Reader(page)
    assert set(found.tags) <= OWN | {"h1", "h2", "h3", "h4", "h5", "h6", "em", "strong", "ul"}
    assert not found.tags["script"]
    assert "<script>alert(1)</script>&amp; |" in found.text
    assert all(c.isprintable() or c in "\n " for c in page)
    assert "\n::error" not in page
    assert "##[" not in page


@pytest.mark.parametrize("n", [0, 1, 3])
@pytest.mark.parametrize("language", LANGUAGES)
def test_any_number_of_verdicts_is_one_page(
    story: Callable[[Language], Verdict], n: int, language: Language
) -> None:
    found = read(*[story(language)] * n, language=language)
    assert found.tags["html"] == found.tags["main"] == found.tags["h1"] == 1
    assert found.tags["article"] == n
    assert ("contents" in found.values("class")) == (n > 1)


def test_isolation_says_what_it_lacks(verdict: Make, check: MakeCheck) -> None:
    found = read(verdict(check("a"), isolation=Isolation("none", "plain", ("x: y", "<b>"))))
    assert "Note: x: y; <b>." in found.text


@pytest.mark.parametrize("line", ["    x = 1  # y", "\"'<&" * 12, "1 " * 30])
def test_the_largest_verdict_stays_small(verdict: Make, check: MakeCheck, line: str) -> None:
    events = tuple(
        Event(n / 100, f"peer {n % 50 + 1}", sorted(ARROWS)[n % 10], 9, line[:64])
        for n in range(400)
    )
    source = [line] * ((1 << 20) // len(line))
    checks = (
        check(
            f"c{n}",
            "failed",
            message=line * 900,
            expected=line * 900,
            received=line * 900 + "x",
            diagnosis=f"d{n}",
            location=Location(n * 800 + 1, "serve", "", "blocked", "recv()"),
            transcript=events,
            output=line * ((256 << 10) // len(line)),
        )
        for n in range(20)
    )
    page = render("html", [verdict(*checks)], ReportOptions(source_lines=lambda _: source))
    assert len(page) < 3_200_000
    assert "lines left out" in page
    assert "characters left out" in page


def test_every_text_of_the_page_is_used() -> None:
    names = ("html_", "_phrases", "_diagram", "_svg")
    code = "".join((FOLDER / f"{name}.py").read_text(encoding="utf-8") for name in names)
    code += "".join(TEMPLATES.values())
    families = ("step_", "status_")
    for key in table("html", "en"):
        stem = re.sub(r"_[1n]$", "", key)
        assert re.search(f"[\"']{stem}(_[1n])?[\"']", code) or key.startswith(families), key


def test_every_known_event_has_its_words() -> None:
    for name in {*ARROWS} - {"send", "receive"}:
        assert f"step_{name}" in table("html", "en")
