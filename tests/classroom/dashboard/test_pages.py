"""From the dashboard to a student's own page: where it was written, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from msgspec.structs import replace as with_fields
from playwright.sync_api import Page, expect

from grader.catalog import load_all
from grader.classroom import exports
from grader.classroom.course import Course
from grader.model import Language

pytestmark = pytest.mark.needs_chromium

Look = Callable[..., Any]  # see conftest.py
HOSTILE = (
    '"><img src=x onerror=window.__pwned=1>',
    "' onmouseover='window.__pwned=1",
    "javascript:window.__pwned=1//",
    "../../etc/passwd",
    "https://pwn.example/a b?c#d%41",
    "con",
    "",
    "李 明\u202e",
    "A",
    "a",
)


def both(made: Any, folder: Path, *names: str) -> Path:
    """Write exports as the command does; return the dashboard."""
    result = made.result()
    for name in names or ("feedback", "dashboard"):
        exports.write(name, result, Course(), folder)
    return folder / "dashboard.html"


def complaints(page: Page) -> list[str]:
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


@pytest.mark.parametrize(
    ("language", "width", "dark"), [("en", 1280, True), ("zh", 320, False), ("en", 320, False)]
)
def test_each_row_leads_to_its_students_page(
    look: Look,
    random_class: Callable[..., Any],
    tmp_path: Path,
    root: Path,
    language: Language,
    width: int,
    dark: bool,
) -> None:
    made = random_class(8, language, load_all(root)[:2])
    path = both(made, tmp_path)
    opened = look(path, width, dark)
    page = opened.page
    links = page.locator("#students tbody th a")
    assert links.count() == 8
    assert complaints(page) == []
    assert opened.sticks_out() <= 0
    assert opened.is_quiet(path)  # nothing is asked for before somebody follows one
    for n in (0, 7):
        name = made.students[n].name
        assert (links.nth(n).text_content() or "").endswith(f": {name}")  # heard out of its row
        links.nth(n).focus()
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("/feedback/[a-z0-9-]+[.]html$"))
        expect(page.locator(".figures h1")).to_have_text(name)
        page.go_back()
    page.locator("#students tbody button").nth(3).click()
    page.locator("#s3 a").first.click()
    expect(page.locator(".figures h1")).to_have_text(made.students[3].name)


def test_no_name_makes_an_address(look: Look, made: Callable[..., Any], tmp_path: Path) -> None:
    one = made()
    for word in HOSTILE:
        one.student(word, id=word, login=word)
    one.students = [with_fields(s, key=s.name or "-") for s in one.students]  # pages' names
    opened = look(both(one, tmp_path))
    page = opened.page
    found = "all => all.map(one => [one.getAttribute('href'), new URL('.', one.href).href])"
    links = page.locator("#students tbody th a").evaluate_all(found)
    assert len({href.casefold() for href, _ in links}) == len(HOSTILE)
    for href, base in links:
        assert re.fullmatch(r"feedback/[a-z0-9-]+\.html", href)
        assert base == (tmp_path / "feedback").as_uri() + "/"
        assert (tmp_path / href).is_file()
    assert page.evaluate("window.__pwned") is None


@pytest.mark.parametrize("names", [("dashboard",), ("dashboard", "feedback")])
def test_without_pages_nothing_leads_to_them(
    look: Look, made: Callable[..., Any], tmp_path: Path, names: tuple[str, ...]
) -> None:
    one = made()
    one.hand(one.student("Ann"), 0, [])
    opened = look(both(one, tmp_path, *names))
    assert opened.page.locator("a[href*=feedback]").count() == 0
    assert opened.page.locator(".own").count() == 0


def test_pages_of_another_run_are_not_linked(made: Callable[..., Any], tmp_path: Path) -> None:
    one = made()
    one.student("Ann")
    assert 'href="feedback/' in both(one, tmp_path).read_text("utf-8")
    result = one.result()
    later = replace(result, made_at=result.made_at + timedelta(microseconds=1))
    exports.write("dashboard", later, Course(), tmp_path)
    assert 'href="feedback/' not in (tmp_path / "dashboard.html").read_text("utf-8")


def test_on_paper_there_are_no_links(look: Look, made: Callable[..., Any], tmp_path: Path) -> None:
    one = made()
    one.student("Ann", id="4711")
    page = look(both(one, tmp_path)).page
    assert page.locator("#students .own").is_visible()
    page.emulate_media(media="print")
    assert not page.locator("#students .own").is_visible()
    expect(page.locator("#students small").first).to_be_visible()
