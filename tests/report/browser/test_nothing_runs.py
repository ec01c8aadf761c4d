"""Nothing of a submission runs in a page, with its policy or by escaping alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from grader.model import Event, GraderInfo, Isolation, Location, Verdict
from grader.pages import Page as Explanation
from grader.report import ReportOptions, render

pytestmark = pytest.mark.needs_chromium

Make = Callable[..., Verdict]
Look = Callable[..., Any]  # see conftest.py
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
# Each is tried in every string of a verdict; whatever runs sets __pwned, or adds <pwn> or [pwn].
PAYLOADS = (
    "<script>window.__pwned=1</script><pwn></pwn>",
    '"><img src=x onerror=window.__pwned=1 pwn>',
    "' onmouseover='window.__pwned=1' autofocus onfocus='window.__pwned=1' pwn='",
    "javascript:window.__pwned=1//",
    "[l](javascript:window.__pwned=1) <javascript:window.__pwned=1>",
    "</style></title></textarea><script>window.__pwned=1</script>",
    "</svg><svg onload=window.__pwned=1 pwn><pwn>",
    "<![CDATA[<script>window.__pwned=1</script>]]>",
    "--><!--<script>window.__pwned=1</script>-->",
    "</pre></code></details><iframe srcdoc='<script>parent.__pwned=1</script>' pwn></iframe>",
    "&lt;script&gt;window.__pwned=1&lt;/script&gt; &#60;pwn&#62; &quot; onload=window.__pwned=1 ",
    "{{ ''.__class__ }}{% raw %}{# x #}${window.__pwned=1}`",
    "<base href=//pwn.example/><link rel=stylesheet href=//pwn.example/x><meta http-equiv=refresh "
    "content=0;url=//pwn.example/ pwn>",
    "}</style><style>*{background:url(//pwn.example/y)}",
    "<a href=javascript:window.__pwned=1 pwn>\u2028\u2029\u202e</a>\u2066\x00<scr\x00ipt>",
    "<math><mtext><table><mglyph><style><!--</style><img src onerror=window.__pwned=1 pwn>",
    "<details open ontoggle=window.__pwned=1 pwn>",
    "<svg><animate onbegin=window.__pwned=1 attributeName=x dur=1s pwn>",
    "\ud800<script>window.__pwned=1</script>\ufeff+ADw-script+AD4-",
    "![x](//pwn.example/z) <//pwn.example> ```\n</pre><script>window.__pwned=1</script>",
)
ATTRIBUTES = set(
    "aria-hidden aria-label aria-labelledby charset class content cx cy d height href http-equiv "
    "id lang name open overflow rel role rx r start style tabindex title value width x x1 x2 y y1 "
    "y2".split()
)


def evil(make: Make, check: Callable[..., Any]) -> Verdict:
    checks = []
    for n, payload in enumerate(PAYLOADS):
        events = tuple(
            Event(0.1, who, event, 9, payload)
            for who in ("you", "peer", payload)
            for event in ("call", "send", "receive", "note", payload)
        )
        checks.append(
            check(
                payload if n % 2 else f"c{n}",
                ("failed", "stuck", "passed", "skipped", "error")[n % 5] if n > 8 else "failed",
                title=payload,
                diagnosis=payload,
                message=payload,
                expected=f'"a{payload}',
                received=f'"b{payload}',
                location=Location(n + 1, payload, payload, "blocked", payload),
                transcript=events,
                output=payload,
                because=PAYLOADS[1] if n == 2 else "",
            )
        )
    everything = "".join(PAYLOADS)
    return make(
        *checks,
        exercise=everything,
        slug=everything,
        submission=everything,
        title=everything,
        sha256=everything,
        isolation=Isolation("none", everything, (everything, f"net: {everything}")),
        grader=GraderInfo(everything, everything),
    )


@pytest.mark.parametrize("kept", ["policy", "escaping alone"])
def test_nothing_of_a_submission_runs(
    look: Look,
    verdict: Make,
    check: Callable[..., Any],
    tmp_path: Path,
    kept: Literal["policy", "escaping alone"],
) -> None:
    made = evil(verdict, check)
    explained = Explanation("x", "".join(PAYLOADS), "\n\n".join(PAYLOADS))
    options = ReportOptions(
        path_of=lambda _: "".join(PAYLOADS),
        source_lines=lambda _: list(PAYLOADS),
        page_of=lambda verdict, check: explained,
    )
    text = render("html", [made, made], options)
    if kept == "escaping alone":
        text, count = POLICY.subn("", text)
        assert count == 1
    path = tmp_path / "evil.html"
    path.write_text(text, encoding="utf-8")
    opened = look(path)
    page = opened.page
    opened.open_all()
    for link in page.locator(".cells a, .where a, .to").all()[:12]:
        link.hover(force=True)
        link.focus()
    assert page.evaluate("window.__pwned") is None
    assert page.locator("pwn, [pwn], script, iframe, img, base, form, object, embed").count() == 0
    names = set(
        page.evaluate(
            "[...document.querySelectorAll('*')].flatMap((one) => one.getAttributeNames())"
        )
    )
    assert names <= ATTRIBUTES
    links = set(page.evaluate("[...document.links].map((link) => link.getAttribute('href'))"))
    assert all(link.startswith("#v") or link in ("#top", "#results") for link in links)
    assert page.locator("style, link, title:not(svg title), meta").count() == (
        8 if kept == "policy" else 7
    )
    assert opened.sticks_out() <= 0
    assert opened.is_quiet(path)


def test_the_browser_would_notice(look: Look, tmp_path: Path) -> None:
    """What the test above looks for is what a page without escaping does."""
    path = tmp_path / "open.html"
    path.write_text(f"<!DOCTYPE html><title>x</title><p>{PAYLOADS[0]}{PAYLOADS[1]}")
    opened = look(path)
    assert opened.page.evaluate("window.__pwned") == 1
    assert opened.page.locator("pwn").count() == 1
    assert not opened.is_quiet(path)


def test_the_policy_alone_stops_scripts(look: Look, tmp_path: Path) -> None:
    policy = POLICY.search(render("html", [], ReportOptions()))
    assert policy
    path = tmp_path / "policy.html"
    path.write_text(f"<!DOCTYPE html>{policy[0]}<title>x</title><p>{PAYLOADS[0]}{PAYLOADS[1]}")
    opened = look(path)
    assert opened.page.evaluate("window.__pwned") is None
    assert any("Content Security Policy" in words for words in opened.said)
