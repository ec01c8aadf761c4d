"""Pages at a terminal: wrapped, their drawings whole, their links readable."""

from __future__ import annotations

import re

import pytest

from grader.model import LANGUAGES, Language
from grader.pages import Page, page, shared_ids
from grader.report import ReportOptions
from grader.report._layout import columns
from grader.report._page import page_lines

BODY = """\
## Why
Some `code with blanks` and **bold** words that make a line longer than it may be, so that it wraps.

```text
a  ->  b
```

- one [link](https://docs.python.org/3/)
- two, which is long enough to need a second line at this width
"""


def lines(width: int = 60, *, colour: bool = False, language: Language = "en") -> list[str]:
    options = ReportOptions(language=language, width=width, colour=colour)
    return page_lines(Page("x", "Title", BODY), options)


def test_every_part_has_its_place() -> None:
    assert lines() == [
        "Title",
        "",
        "",
        "Why",
        "",
        "Some code with blanks and bold words that make a line longer",
        "than it may be, so that it wraps.",
        "",
        "    a  ->  b",
        "",
        "  · one link",
        "    https://docs.python.org/3/",
        "  · two, which is long enough to need a second line at this",
        "    width",
    ]


@pytest.mark.parametrize("width", [50, 53, 57, 60, 88])
def test_colour_changes_nothing_but_colour(width: int) -> None:
    painted = lines(width, colour=True)
    assert any("\x1b[36m" in line for line in painted)
    assert [re.sub(r"\x1b\[\d+m", "", line) for line in painted] == lines(width)
    for line in painted:  # no colour runs into the next line
        assert line.rfind("\x1b[0m") >= max(line.rfind("\x1b[36m"), line.rfind("\x1b[1m"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_is_wider_than_the_terminal(language: Language) -> None:
    options = ReportOptions(language=language, width=80)
    for name in shared_ids():
        found = page(name, language, None, None)
        assert found is not None, name
        for line in page_lines(found, options):
            assert columns(line) <= 80 or "https://" in line, f"{name}: {line}"
            assert not set("\u2061\u2062") & set(line)
