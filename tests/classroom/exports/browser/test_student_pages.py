"""The pages for students in a real browser: readable for everybody, and nothing of theirs runs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import sync_playwright

from grader.classroom.course import Course
from grader.classroom.exports import feedback
from grader.classroom.model import ClassResult

pytestmark = pytest.mark.needs_chromium
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


@pytest.mark.parametrize(
    ("language", "dark", "width"), [("en", False, 1000), ("zh", True, 390)], ids=["en", "zh"]
)
def test_axe_finds_nothing_and_nothing_runs(
    make_class: Callable[..., ClassResult],
    make_course: Callable[..., Course],
    tmp_path: Path,
    chromium: str,
    language: str,
    dark: bool,
    width: int,
) -> None:
    written = feedback.write(make_class(5, 14, language), make_course(), tmp_path)
    pages = [path for path in written if path.suffix == ".html"]
    # The shortest page, and names with elements and with overrides.
    pages.sort(key=lambda path: path.stat().st_size)
    chosen = [pages[0], *(p for p in pages if p.name.startswith(("k9-", "evil")))]
    assert len(chosen) == 3
    with ThreadPoolExecutor(1) as own:
        # Playwright refuses a second loop in one thread, and other tests keep their browser open.
        own.submit(_read_all, chosen, chromium, dark, width).result()


def _read_all(paths: list[Path], chromium: str, dark: bool, width: int) -> None:
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=_ARGUMENTS, timeout=120_000
        )
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if dark else "light",
            bypass_csp=False,
        )
        context.set_default_timeout(120_000)  # of a busy machine
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        for path in paths:
            page.goto(path.as_uri())
            wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wider <= 0, (path.name, width)
            assert said == [], path.name
            found = Axe().run(page, context="header")  # the rest is tests/report/browser's
            said.clear()  # axe's own complaints about the page's policy
            assert found.violations_count == 0, found.generate_report()
        browser.close()
