"""The dashboard in a real browser: it sorts and filters, by keyboard too, and is for everybody."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from grader.catalog import load_all
from grader.model import Language

pytestmark = pytest.mark.needs_chromium

Look = Callable[..., Any]  # see conftest.py
PHONE, DESKTOP = 320, 1280


@pytest.fixture
def four(made: Callable[..., Any], page_of: Callable[..., Path]) -> Path:
    """Four students: good, stuck, empty-handed, broken, in no order at all."""
    one = made()
    b = one.student("Bea", mail="bea@example.org")
    one.hand(b, 0, [("failed", "no_timeout"), ("stuck", "stuck")])
    one.hand(b, 1, [("failed", "empty_recv_ignored")], late=True)
    one.student("Émile")
    a = one.student("Ada", login="ada-l", section="blue")
    one.hand(a, 0, [])
    one.hand(a, 1, [])
    c = one.student("Cem")
    one.hand(c, 0, [("passed", ""), ("failed", "no_timeout")])
    one.hand(c, 1, None, log="worker died")
    return page_of(one)


def press(page: Page, selector: str, *keys: str) -> None:
    """Focus something and press keys: no pointer."""
    page.focus(selector)
    for key in keys:
        page.keyboard.press(key)


def heading(number: int) -> str:
    return f"#students thead th:nth-child({number})"


def test_sorting_by_keyboard(look: Look, four: Path) -> None:
    opened = look(four)
    page, status = opened.page, opened.page.get_by_role("status")
    as_it_was = ["Bea", "Émile", "Ada", "Cem"]
    assert opened.names() == as_it_was
    # Names first from A, as a language orders them; points first from the highest.
    for order, names in (
        ("ascending", ["Ada", "Bea", "Cem", "Émile"]),
        ("descending", ["Émile", "Cem", "Bea", "Ada"]),
        ("none", as_it_was),
    ):
        press(page, f"{heading(1)} button", "Enter")
        assert page.get_attribute(heading(1), "aria-sort") == order
        assert opened.names() == names
        assert page.evaluate("document.activeElement.closest('th')?.cellIndex") == 0
    expect(status).to_contain_text("In the order of the class.")
    # Who has no points is last, whichever way: Émile, and in the second exercise Cem.
    for column, order, names in (
        (3, "descending", ["Ada", "Cem", "Bea", "Émile"]),
        (3, "ascending", ["Bea", "Cem", "Ada", "Émile"]),
        (4, "descending", ["Ada", "Bea", "Émile", "Cem"]),
    ):
        press(page, f"{heading(column)} button", "Space")
        assert page.get_attribute(heading(column), "aria-sort") == order
        assert opened.names() == names
    assert page.get_attribute(heading(3), "aria-sort") == "none"
    expect(status).to_contain_text("Sorted by ex02 Made up 2, highest or last first.")
    assert opened.is_quiet(four)


def test_chinese_names_are_sorted_by_sound(
    look: Look, made: Callable[..., Any], page_of: Callable[..., Path]
) -> None:
    one = made(language="zh")
    for name in ("周杰", "Ann", "王伟", "李雷"):
        one.student(name)
    opened = look(page_of(one))
    press(opened.page, f"{heading(1)} button", "Enter")
    assert [name for name in opened.names() if name != "Ann"] == ["李雷", "王伟", "周杰"]


def test_filtering_by_keyboard(look: Look, four: Path) -> None:
    opened = look(four)
    page, status = opened.page, opened.page.get_by_role("status")

    def choose(field: str, words: str) -> None:
        names = page.locator(f"#f-{field} option").all_text_contents()
        at = next(n for n, name in enumerate(names) if name.startswith(words))
        press(page, f"#f-{field}", "Home", *["ArrowDown"] * at)

    for words, names in (("ADA", ["Ada"]), ("example", ["Bea"]), ("blue ada", ["Ada"])):
        press(page, "#f-name", "Control+a", "Delete")
        page.keyboard.type(words)
        assert opened.names() == names
        expect(status).to_have_text("1 of 4 students")
    choose("status", "not passed")
    assert opened.names() == []
    expect(status).to_have_text("0 of 4 students")
    press(page, "[type=reset]", "Enter")
    expect(status).to_have_text("4 of 4 students")
    assert page.input_value("#f-name") == ""

    press(page, "#f-diagnosis", "ArrowDown")
    assert page.locator("#f-diagnosis option:checked").text_content().endswith("(2)")
    assert opened.names() == ["Bea", "Cem"]
    choose("status", "stuck")
    assert opened.names() == ["Bea"]
    press(page, "[type=reset]", "Enter")
    expect(status).to_have_text("4 of 4 students")

    # One exercise alone: its column alone, and only what is in it counts.
    choose("exercise", "ex02")
    assert page.locator(f"{heading(3)}:visible").count() == 0
    assert page.locator("#students tbody td:visible:not(.total)").count() == 4
    choose("status", "not passed")
    assert opened.names() == ["Bea"]
    choose("status", "our error")
    assert opened.names() == ["Cem"]
    choose("exercise", "ex01")
    assert opened.names() == []
    assert opened.is_quiet(four)


@pytest.mark.parametrize(
    ("status", "names"),
    [
        ("p", ["Ada"]), ("f", ["Bea", "Cem"]), ("s", ["Bea"]), ("e", ["Cem"]), ("m", ["Émile"]),
        ("n", ["Émile"]), ("l", ["Bea"]),
    ],
)  # fmt: skip
def test_each_status_finds_its_students(
    look: Look, four: Path, status: str, names: list[str]
) -> None:
    opened = look(four)
    offered = opened.page.eval_on_selector_all("#f-status option", "all => all.map(o => o.value)")
    assert offered == ["", "p", "f", "s", "e", "m", "n", "l"]
    opened.page.select_option("#f-status", status)
    assert opened.names() == names


def test_passed_is_all_of_it_or_the_chosen_exercise(
    look: Look, made: Callable[..., Any], page_of: Callable[..., Path]
) -> None:
    one = made()
    key = one.student("Ann")
    one.hand(key, 0, [])
    one.hand(key, 1, [("failed", "stuck")])
    opened = look(page_of(one))
    opened.page.select_option("#f-status", "p")
    assert opened.names() == []
    opened.page.select_option("#f-exercise", "ex01")
    assert opened.names() == ["Ann"]
    opened.page.select_option("#f-exercise", "ex02")
    assert opened.names() == []


def test_what_is_sorted_stays_filtered(look: Look, four: Path) -> None:
    opened = look(four)
    opened.page.select_option("#f-check", "ex01:2")
    assert opened.names() == ["Bea", "Cem"]
    press(opened.page, f"{heading(2)} button", "Enter", "Enter")
    assert opened.names() == ["Bea", "Cem"]
    press(opened.page, f"{heading(2)} button", "Enter", "Enter")
    assert opened.names() == ["Cem", "Bea"]
    expect(opened.page.get_by_role("status")).to_contain_text("2 of 4 students")


def test_a_diagnosis_and_a_check_show_their_students(look: Look, four: Path) -> None:
    opened = look(four)
    page = opened.page
    press(page, "#d0 [data-set]", "Enter")
    assert opened.names() == ["Bea", "Cem"]
    assert page.evaluate("document.activeElement.id") == "map-h"
    row = page.locator("#checks-table tbody tr", has_text="check 1 of 2")
    row.locator("button").focus()
    page.keyboard.press("Enter")
    assert opened.names() == ["Bea"]
    assert page.input_value("#f-diagnosis") == ""
    assert page.input_value("#f-check") == "ex02:1"


def test_a_students_window_by_keyboard(look: Look, four: Path) -> None:
    opened = look(four)
    page = opened.page
    window = page.locator("#s0")
    assert not window.is_visible()
    press(page, "#students tbody tr:first-child button", "Enter")
    assert window.is_visible()
    assert page.evaluate("document.activeElement.className") == "close"
    expect(window).to_contain_text("Bea")
    expect(window).to_contain_text("line 17, in serve")
    expect(window).to_contain_text("2 check 2 of 1")
    page.keyboard.press("Escape")
    assert not window.is_visible()
    assert page.evaluate("document.activeElement.innerText") == "Bea"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.href").endswith("#d0")
    page.keyboard.press("Enter")
    assert not window.is_visible()
    assert page.locator("#d0:target").count() == 1
    # Any place of a row does, for who has a pointer.
    page.locator("#students tbody tr").nth(3).locator(".m").first.click()
    expect(page.locator("#s3")).to_contain_text("Cem")
    assert page.locator("#s3").is_visible()


def test_a_sign_says_which_check_it_is(look: Look, four: Path) -> None:
    page = look(four).page
    signs = page.locator("#students tbody tr:first-child td .m").first
    signs.scroll_into_view_if_needed()
    box = signs.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] / 2)
    assert signs.get_attribute("title") == "2 check 2 of 1"


def test_long_lists_begin_with_their_first_rows(
    look: Look, random_class: Callable[..., Any], page_of: Callable[..., Path]
) -> None:
    opened = look(page_of(random_class(12)))
    page = opened.page
    rows = page.locator("#checks-table tbody tr")
    assert (rows.count(), page.locator("#checks-table tbody tr:visible").count()) == (88, 12)
    first = rows.first.inner_text()
    press(page, "#checks-table thead th:nth-child(4) button", "Enter", "Enter")
    assert rows.first.inner_text() not in ("", first)
    assert page.locator("#checks-table tbody tr:nth-child(-n+12):visible").count() == 12
    assert page.locator("#checks-table tbody tr:visible").count() == 12
    press(page, "[data-all]", "Enter")
    assert page.locator("#checks-table tbody tr:visible").count() == 88
    assert page.evaluate("document.activeElement.matches('#checks-table button')")
    # A link to a diagnosis that is folded away unfolds it.
    last = page.locator(".others .diagnoses > li").last
    assert not last.is_visible()
    page.evaluate("id => { location.hash = id }", last.get_attribute("id"))
    expect(last).to_be_visible()


@pytest.mark.parametrize(
    ("language", "width", "dark"),
    [("en", DESKTOP, False), ("zh", DESKTOP, True), ("zh", PHONE, False), ("en", PHONE, True)],
)
def test_it_is_for_everybody(
    look: Look,
    random_class: Callable[..., Any],
    page_of: Callable[..., Path],
    root: Path,
    language: Language,
    width: int,
    dark: bool,
) -> None:
    path = page_of(random_class(8, language, load_all(root)[:2]))
    opened = look(path, width, dark)
    assert (
        opened.page.locator("html").get_attribute("lang") == {"en": "en", "zh": "zh-CN"}[language]
    )
    assert opened.sticks_out() <= 0
    assert complaints(opened.page) == []
    every = "all => all.slice(0, 8).forEach(one => { one.open = true })"
    opened.page.eval_on_selector_all("details", every)
    press(opened.page, "#students tbody tr:nth-child(4) button", "Enter")
    assert opened.page.locator("#s3").is_visible()
    assert opened.sticks_out() <= 0
    assert complaints(opened.page) == []
    assert opened.is_quiet(path)


def complaints(page: Page) -> list[str]:
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


def test_without_scripts_all_is_there(
    look: Look, random_class: Callable[..., Any], page_of: Callable[..., Path]
) -> None:
    path = page_of(random_class(30))
    opened = look(path, java_script_enabled=False)
    page = opened.page
    assert len(opened.names()) == 30
    assert page.locator("#checks-table tbody tr:visible").count() == 88
    assert page.locator(".filters:visible, [data-set]:visible, [data-all]:visible").count() == 0
    assert page.locator("thead button").count() == 0
    page.locator("#students tbody button").nth(2).click()  # the browser's own doing
    assert page.locator("#s2").is_visible()
    page.locator("#s2 .close").click()
    assert not page.locator("#s2").is_visible()
    page.locator(".diagnoses summary").first.click()
    assert page.locator(".diagnoses .prose").first.is_visible()


def test_print_has_what_is_shown_and_no_controls(
    look: Look, random_class: Callable[..., Any], page_of: Callable[..., Path]
) -> None:
    opened = look(page_of(random_class(30)), 1010, dark=True)
    page = opened.page
    page.select_option("#f-status", "m")
    some = opened.names()
    assert 0 < len(some) < 30
    page.locator("#students tbody tr:visible button").first.click()
    assert page.locator(".student:visible").count() == 1
    page.emulate_media(media="print")
    assert opened.names() == some
    assert page.locator(".filters:visible, .places:visible, [data-set]:visible").count() == 0
    assert page.locator(".student:visible").count() == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.querySelector('.tall')).overflow") == "visible"
    assert opened.sticks_out() <= 0
    data = page.pdf(prefer_css_page_size=True)
    sizes = {
        (float(w) > float(h)) for w, h in re.findall(rb"MediaBox \[0 0 ([\d.]+) ([\d.]+)", data)
    }
    assert sizes == {False, True}  # the map lies on its side
