"""Nothing of a student runs in the page, with its policy or by escaping alone; 500 are light."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from grader.classroom.model import Entry, Remark

pytestmark = pytest.mark.needs_chromium

Look = Callable[..., Any]  # see conftest.py
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
# Each is tried in every string of a class; whatever runs sets __pwned, or adds <pwn> or [pwn].
PAYLOADS = (
    "<script>window.__pwned=1</script><pwn></pwn>",
    '"><img src=x onerror=window.__pwned=1 pwn>',
    "' onmouseover='window.__pwned=1' autofocus onfocus='window.__pwned=1' pwn='",
    "javascript:window.__pwned=1//",
    "</script><script>window.__pwned=1</script>",
    "</style></title></textarea></select><script>window.__pwned=1</script>",
    "<!--<script>window.__pwned=1</script>-->",
    "</option></select></details></table><iframe srcdoc='<script>parent.__pwned=1</script>' pwn>",
    "&lt;script&gt;window.__pwned=1&lt;/script&gt; &#60;pwn&#62; &quot; onload=window.__pwned=1 ",
    "{{ ''.__class__ }}{% raw %}{# x #}${window.__pwned=1}`{0}{key}%s",
    "<base href=//pwn.example/><meta http-equiv=refresh content=0;url=//pwn.example/ pwn>",
    "}</style><style>*{background:url(//pwn.example/y)}",
    "<a href=javascript:window.__pwned=1 pwn>\u2028\u2029\u202e</a>\u2066\x00<scr\x00ipt>",
    "<details open ontoggle=window.__pwned=1 pwn><svg onload=window.__pwned=1 pwn>",
    "\ud800<script>window.__pwned=1</script>\ufeff+ADw-script+AD4-",
    "\u202egnp.exe\u202c שלום مرحبا \u200f",
    "👩‍👩‍👧‍👦🏳️‍🌈🦊 Zoë",
    '=HYPERLINK("http://pwn.example","x")',
    "'\"`\\\\'\\\"",
    "N" * 10_000,
    "名" * 10_000,
    "a\nb\r\n\t\x1b[31mred\x1b[0m\x07",
    "",
    " \u00a0\u3000 ",
)


def evil(random_class: Callable[..., Any], students: int) -> Any:
    one = random_class(students)
    for n, payload in enumerate(PAYLOADS):
        key = one.student(
            payload, id=payload, login=payload, sis_id=payload, mail=payload, section=payload,
            url=payload, more={payload: payload}, in_roster=bool(n % 2),
        )  # fmt: skip
        one.hand(
            key, n % 5, [("failed", payload), ("stuck", "stuck")],
            origin=payload, name=payload, late=True,
        )  # fmt: skip
        one.hand(key, (n + 1) % 5, None, log=f"{payload}\n{payload}", origin=payload)
        one.student(payload)
        one.remarks.append(Remark(payload, {payload: payload, "detail": payload}, key, (payload,)))
        one.remarks.append(Remark("two_candidates", {"self": payload}, payload, (payload,) * 30))
        one.entries += [
            Entry(payload, "unknown", payload, payload, payload, payload),
            Entry(payload, "refused", "link", payload),
            Entry(payload, "unreadable", "", payload),
        ]
    one.title = "".join(PAYLOADS)
    return one


@pytest.mark.parametrize("kept", ["policy", "escaping alone"])
def test_nothing_of_a_student_runs(
    look: Look,
    random_class: Callable[..., Any],
    page_of: Callable[..., Path],
    kept: Literal["policy", "escaping alone"],
) -> None:
    path = page_of(evil(random_class, 500))
    if kept == "escaping alone":
        text, count = POLICY.subn("", path.read_text(encoding="utf-8"))
        assert count == 1
        path.write_text(text, encoding="utf-8")
    opened = look(path)
    page = opened.page
    assert len(opened.names()) == 500 + 2 * len(PAYLOADS)
    page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true })")
    for number in range(500, 500 + 2 * len(PAYLOADS), 7):
        page.evaluate("n => document.querySelector(`[popovertarget=s${n}]`).click()", number)
        assert page.locator(f"#s{number}").is_visible()
        page.keyboard.press("Escape")
    page.click("#students thead th:nth-child(1) button")
    page.fill("#f-name", "<script>")
    assert opened.names()
    assert all("<script>" in name for name in opened.names()[:1])
    assert page.evaluate("window.__pwned") is None
    assert page.locator("pwn, [pwn], iframe, img, base, object, embed").count() == 0
    assert (page.locator("script").count(), page.locator("style").count()) == (1, 1)
    handlers = """[...document.querySelectorAll('*')].flatMap((one) => one.getAttributeNames())
        .filter((name) => name.startsWith('on') || name === 'style' || name === 'srcdoc')"""
    assert page.evaluate(handlers) == []
    links = set(page.evaluate("[...document.links].map((link) => link.getAttribute('href'))"))
    assert all(link.startswith("#") for link in links if not link.startswith("https://"))
    assert opened.sticks_out() <= 0
    assert opened.is_quiet(path)
    shown = page.content()
    assert not re.search("[\x00\x1b\u202e\u2066\u2028\ufeff]", shown)


def test_the_policy_lets_only_its_own_script_run(
    look: Look, made: Callable[..., Any], page_of: Callable[..., Path]
) -> None:
    one = made()
    one.student("Ann")
    path = page_of(one)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("'use strict'", "'use strict';window.__pwned=1"), encoding="utf-8")
    opened = look(path)
    assert opened.page.evaluate("window.__pwned") is None
    assert any("Content Security Policy" in words for words in opened.said)
    path.write_text(text.replace("</h1>", f"</h1>{PAYLOADS[0]}{PAYLOADS[1]}"), encoding="utf-8")
    opened = look(path)
    assert opened.page.evaluate("window.__pwned") is None
    assert opened.page.locator("#students thead button").count() == 4  # its own did


def test_the_browser_would_notice(
    look: Look, made: Callable[..., Any], page_of: Callable[..., Path]
) -> None:
    """What is looked for above is what a page without policy and escaping does."""
    path = page_of(made())
    text = POLICY.sub("", path.read_text(encoding="utf-8"))
    path.write_text(text.replace("</h1>", f"</h1>{PAYLOADS[0]}{PAYLOADS[1]}"), encoding="utf-8")
    opened = look(path)
    assert opened.page.evaluate("window.__pwned") == 1
    assert opened.page.locator("pwn").count() == 1
    assert not opened.is_quiet(path)


def test_500_students_are_light(
    look: Look, random_class: Callable[..., Any], page_of: Callable[..., Path], made: Any
) -> None:
    path = page_of(random_class(500, "en", made(5, 20).exercises))
    assert path.stat().st_size < 4_000_000
    opened = look(path)
    assert len(opened.names()) == 500
    assert opened.page.evaluate("document.querySelectorAll('*').length") < 100_000
    press = "() => document.querySelector('#students thead th:nth-child(2) button').click()"
    opened.page.evaluate(press)
    shares = opened.page.eval_on_selector_all(
        "#students .total", "all => all.map((one) => one.dataset.v).filter(Boolean).map(Number)"
    )
    assert shares == sorted(shares, reverse=True)
    assert len(shares) > 400
    assert opened.is_quiet(path)
