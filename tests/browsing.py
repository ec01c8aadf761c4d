"""One headless Chromium for all pages, that lets nothing out and notes what it is asked for.

The fixtures are taken over by a ``conftest.py`` that imports them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, Route, sync_playwright

ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
DESKTOP = 1280


@dataclass
class Opened:
    """A page in the browser, and all that it did."""

    page: Page
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def is_quiet(self, path: Path) -> bool:
        """Whether it asked for nothing but its own file, and complained of nothing."""
        return (self.asked, self.said) == ([path.as_uri()], [])

    def open_all(self) -> None:
        """Open everything that can be folded."""
        every = "all => all.forEach(one => { one.open = true })"
        self.page.eval_on_selector_all("details", every)

    def sticks_out(self) -> int:
        """Return how many pixels the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))

    def names(self) -> list[str]:
        """Return the names in a class's map that are to be seen, from above."""
        return self.page.locator("#students tbody tr:visible th bdi").all_text_contents()


@pytest.fixture(scope="module")  # two at once in one thread is what Playwright refuses
def browser(chromium: str) -> Iterator[Browser]:
    """Start the browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def look(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """Return a function that opens a file: its path, width, dark, printed, more for Playwright."""
    contexts = []

    def look(
        path: Path, width: int = DESKTOP, dark: bool = False, print_: bool = False, **values: Any
    ) -> Opened:
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            **values,
        )
        context.set_default_timeout(120_000)  # of a busy machine
        contexts.append(context)
        opened = Opened(context.new_page())

        def network(route: Route) -> None:
            opened.asked.append(route.request.url)
            if route.request.url.startswith("file:"):
                route.continue_()
            else:
                route.abort()

        context.route("**/*", network)

        def dismiss(dialog: Dialog) -> None:
            opened.said.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        opened.page.on("console", lambda message: opened.said.append(message.text))
        opened.page.on("pageerror", lambda error: opened.said.append(str(error)))
        opened.page.on("dialog", dismiss)
        if print_:
            opened.page.emulate_media(media="print")
        opened.page.goto(path.as_uri())
        return opened

    yield look
    for context in contexts:
        context.close()
