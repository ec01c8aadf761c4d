"""A page of an explanation as HTML: its own headings and links, and nothing else."""

from __future__ import annotations

import re

import pytest

from grader.model import LANGUAGES, Language
from grader.pages import page, shared_ids
from grader.report._markup import explanation


def test_a_page() -> None:
    shown = explanation(
        "## Why\nA `FIN` & **so**.\n\n```text\na -> 数\n```\n- [rfc](https://www.rfc-editor.org/rfc/rfc9293#x)\n",
        5,
        "Drawing",
    )  # fmt: skip
    assert shown == (
        "<h5>Why</h5>\n"
        "<p>A <code>FIN</code> &amp; <strong>so</strong>.</p>\n"
        '<div class="drawing" tabindex="0" role="group" aria-label="Drawing">'
        "<pre>a -&gt; <i>数</i></pre></div>\n"
        '<ul>\n<li><a href="https://www.rfc-editor.org/rfc/rfc9293#x" rel="noopener noreferrer">'
        "rfc</a></li>\n</ul>\n"
    )


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "[a](javascript:alert(1))",
        "[a](java\nscript:alert(1))",
        "[a](&#106;avascript:alert(1))",
        "[a](data:text/html,<script>)",
        "[a](http://plain.example/)",
        "[a](//example.org/)",
        "[a](https://a.example:443@b.example/)",
        '[a](https://a.example/" onclick="x)',
        "![a](http://example.org/x.png)",
        "<https://example.org/>",
        "<javascript:alert(1)>",
        "[a]: javascript:alert(1)\n\n[a]",
        '```"><script>\nx\n```',
        "    <script>indented</script>",
        "&lt;script&gt;",
        "\u202e\x1b[2J\x00\u2028",
    ],
)
def test_nothing_but_its_own_elements(body: str) -> None:
    shown = explanation(body, 5, '"><script>')
    tags = set(re.findall(r"<(\w+)", shown))
    assert tags <= {"p", "em", "ul", "li", "div", "pre", "code", "strong"}, shown
    for _, attribute in re.findall(r'<\w+(?:\s+(\w[\w-]*)="[^"]*")*\s*(\w*)', shown):
        assert not attribute
    assert "\u202e" not in shown
    assert "\x1b" not in shown


def test_a_picture_is_no_more_than_a_link() -> None:
    shown = explanation("![a](https://example.org/x.png)", 5, "")
    assert re.findall(r"<(\w+)", shown) == ["p", "a"]


def test_headings_end_at_six() -> None:
    shown = explanation("# a\n## b\n### c\n##### d", 5, "")
    assert re.findall(r"<h(\d)", shown) == ["5", "5", "6", "6"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_that_there_are_keep_their_links_and_drawings(language: Language) -> None:
    pages = [page(name, language, None, None) for name in shared_ids()]
    for one in filter(None, pages):
        shown = explanation(one.body, 5, "x")
        assert shown.count("<a href=") == one.body.count("](https://"), one.diagnosis
        assert shown.count("<pre>") == one.body.count("```") // 2, one.diagnosis
        assert shown.count("<h5>") == len(re.findall("^## ", one.body, re.MULTILINE)), one.diagnosis
