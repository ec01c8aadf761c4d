"""A page in a real browser is for everybody: small or dark, by key, by ear, on paper."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page

from grader.catalog import load_exercise
from grader.judge import Options, grade
from grader.model import Event, Language, Location, Verdict
from grader.pages import page as explanation
from grader.report import ReportOptions, render
from grader.sandbox import IsolationChoice

pytestmark = pytest.mark.needs_chromium

Make = Callable[..., Verdict]
Look = Callable[..., Any]  # see conftest.py
PHONE, DESKTOP = 320, 1000
# Few checks each: looking for what is inaccessible takes long where there are many elements.
MISTAKES = (
    ("ex03", "ignores_empty_recv", "server_echoes_one_message server_lets_next_client_in "
     "server_survives_reset client_returns_whole_reply"),
    ("ex07", "dies_with_reset", "answers_each_line early_leavers_harm_nobody"),
    ("ex13", "announce_in_pieces", "announce_sends_one_datagram listen_keeps_its_deadline"),
)  # fmt: skip
CONTRAST = """() => {
  const part = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4
  const light = (colour) => {
    const [r, g, b] = colour.match(/[0-9.]+/g).map(Number)
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b)
  }
  const ground = (text) => {
    const box = text.closest('.tip, .k-pause, .k-left_out')?.querySelector('rect')
    const [one, colour] = box ? [box, 'fill'] : [text.closest('.check'), 'backgroundColor']
    return getComputedStyle(one)[colour]
  }
  return [...document.querySelectorAll('.sequence text')].map((text) => {
    const [a, b] = [light(getComputedStyle(text).fill), light(ground(text))]
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
  })
}"""


@pytest.fixture(scope="module")
def graded(root: Path, best: IsolationChoice) -> list[tuple[Verdict, list[str]]]:
    """Grade a few mistakes as ``grade --format html`` does; return verdicts and sources."""
    found = []
    for identifier, mistake, checks in MISTAKES:
        exercise = load_exercise(root, identifier)
        path = root / "solutions" / exercise.folder / "mistakes" / f"{mistake}.py"
        options = Options("en", best, tuple(checks.split()), all_transcripts=True)
        lines = path.read_text(encoding="utf-8").splitlines()
        found.append((grade(exercise, path, options), lines))
    return found


@pytest.fixture
def real(
    graded: list[tuple[Verdict, list[str]]], root: Path, tmp_path: Path
) -> Callable[..., Path]:
    """Return a function that writes the page of the real verdicts, or of the first alone."""
    sources = {verdict.exercise: lines for verdict, lines in graded}

    def write(language: Language = "en", count: int = 1) -> Path:
        options = ReportOptions(
            language=language,
            source_lines=lambda verdict: sources[verdict.exercise],
            page_of=lambda verdict, check: explanation(
                check.diagnosis, language, root, load_exercise(root, verdict.exercise)
            ),
        )
        path = tmp_path / f"real.{language}.html"
        verdicts = [verdict for verdict, _ in graded[:count]]
        path.write_text(render("html", verdicts, options), encoding="utf-8")
        return path

    return write


def write_page(path: Path, verdict: Verdict, source: list[str], language: Language = "en") -> Path:
    options = ReportOptions(
        language=language,
        source_lines=lambda _: source,
        page_of=lambda verdict, check: explanation(check.diagnosis, language, None, None),
    )
    path.write_text(render("html", [verdict], options), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("language", "width", "dark"),
    [("en", DESKTOP, False), ("zh", DESKTOP, True), ("zh", PHONE, False), ("en", PHONE, True)],
)
def test_real_pages_are_for_everybody(
    look: Look,
    real: Callable[..., Path],
    language: Language,
    width: int,
    dark: bool,
) -> None:
    path = real(language, 3)
    opened = look(path, width, dark)
    assert opened.sticks_out() <= 0
    opened.open_all()
    assert opened.sticks_out() <= 0
    assert complaints(opened.page) == []
    assert opened.is_quiet(path)


@pytest.mark.parametrize("dark", [False, True])
def test_a_check_of_every_kind_is_for_everybody(
    look: Look,
    story: Callable[[Language], Verdict],
    source: list[str],
    tmp_path: Path,
    dark: bool,
) -> None:
    path = write_page(tmp_path / "story.html", story("zh"), source, "zh")
    opened = look(path, PHONE, dark)
    opened.open_all()
    assert opened.sticks_out() <= 0
    assert complaints(opened.page) == []
    assert opened.page.locator("html").get_attribute("lang") == "zh-CN"
    assert opened.is_quiet(path)


def complaints(page: Page) -> list[str]:
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


def test_letters_of_drawings_have_contrast(look: Look, real: Callable[..., Path]) -> None:
    """axe doesn't look into drawings: WCAG 2.2, 1.4.3, for each text that is drawn."""
    for dark in (False, True):
        opened = look(real(), DESKTOP, dark)
        opened.open_all()
        ratios = opened.page.evaluate(CONTRAST)
        assert len(ratios) > 50
        assert min(ratios) >= 4.5


def test_bytes_are_reached_by_keyboard_and_by_hovering(
    look: Look, real: Callable[..., Path], graded: list[tuple[Verdict, list[str]]]
) -> None:
    failed = next(check for check in graded[0][0].checks if check.status in ("failed", "stuck"))
    data = next(event for event in failed.transcript if event.event == "send")
    page = look(real()).page
    item = page.locator(".check.failed, .check.stuck").first
    said = item.locator(".words code", has_text=data.preview).first
    assert not said.is_visible()
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.words > summary')"):
            inside = "one => one.contains(document.activeElement)"
            if item.evaluate(inside):
                break
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    assert said.is_visible()
    row = item.locator(".row.k-data").first
    assert not row.locator(".tip").is_visible()
    row.locator(".label:visible").first.hover()
    assert row.locator(".tip").is_visible()
    assert data.preview in "".join(row.locator(".tip text").all_text_contents())


def test_the_first_key_skips_to_the_results(look: Look, real: Callable[..., Path]) -> None:
    page = look(real("en", 3)).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "results"


def test_links_lead_from_a_failure_to_its_line_and_back(
    look: Look, real: Callable[..., Path]
) -> None:
    page = look(real()).page
    page.locator(".where a:visible").first.click()
    line = page.locator(".whole li:target")
    assert line.count() == 1
    assert line.is_visible()
    line.locator("a.to").first.click()
    assert page.locator(".check:target").count() == 1


def test_print_has_everything(look: Look, real: Callable[..., Path]) -> None:
    page = look(real(), 720, print_=True).page
    hidden = page.evaluate(
        """() => [...document.querySelectorAll('.words li, .message, .prose p, .code li, .output')]
        .filter((one) => !one.checkVisibility({contentVisibilityAuto: true}) || !one.offsetHeight)
        .length"""
    )
    assert page.locator(".words li").count() > 30
    assert hidden == 0
    assert page.pdf(format="A4").startswith(b"%PDF")
    background = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(background) == "rgb(255, 255, 255)"


def test_the_largest_page_renders(
    look: Look, verdict: Make, check: Callable[..., Any], tmp_path: Path
) -> None:
    events = tuple(
        Event(
            n / 100, f"peer {n % 50 + 1}", ("connect", "send", "receive", "reset")[n % 4], 9, "数据"
        )
        for n in range(400)
    )
    source = ["x" * 99] * 10_000 + ["y" * (1 << 16)]
    checks = (
        check(
            f"c{n}",
            "failed",
            location=Location(10_001 - n, "serve", "", "spinning"),
            transcript=events,
            output="z" * (256 << 10),
        )
        for n in range(20)
    )
    path = write_page(tmp_path / "large.html", verdict(*checks), source)
    opened = look(path, PHONE)
    assert opened.page.locator(".check.failed").count() == 20
    assert opened.page.locator(".sequence").count() == 20
    assert opened.page.locator("#v1l10001").count() == 1
    assert opened.sticks_out() <= 0
    assert opened.is_quiet(path)
