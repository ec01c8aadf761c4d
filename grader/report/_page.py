"""A page that explains a diagnosis, for a terminal: Markdown read by markdown-it, laid out here.

Lines break between Chinese characters as they should (`_layout.wrap`), which terminal renderers
of Markdown don't do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from grader.pages import Page
from grader.report import ReportOptions
from grader.report._detail import symbol
from grader.report._layout import paint, wrap

# Around inline code: characters that take no column, so that lines can be painted afterwards.
_ON, _OFF = "\u2061", "\u2062"
_CODE = "\x1b[36m"
# A line end of the source is a blank, but not between two Chinese characters.
_SOFT = "\u2063"
_BETWEEN_WIDE = re.compile(f"(?<=[\u3000-\u9fff\uff00-\uffef]){_SOFT}|{_SOFT}(?=[\u3000-\u9fff])")


def page_lines(page: Page, options: ReportOptions) -> list[str]:
    """Return a page's lines: its title, its sections, its drawing as it is."""
    tokens = MarkdownIt("commonmark", {"html": False}).parse(page.body)
    lines = [paint(page.title, "bold", options.colour)]
    bullet = ""
    for number, token in enumerate(tokens):
        if token.type == "fence":
            drawing = [f"    {line}".rstrip() for line in token.content.rstrip("\n").split("\n")]
            lines += ["", *(symbol(line, options) for line in drawing)]
        elif token.type == "list_item_open":
            bullet = symbol("·", options)
        elif token.type == "bullet_list_open":
            lines.append("")
        elif token.type == "inline":
            words = _BETWEEN_WIDE.sub("", "".join(_words(token))).replace(_SOFT, " ")
            opened = tokens[number - 1].type
            if opened == "heading_open":
                lines += ["", "", paint(words, "bold", options.colour)]
            elif bullet:
                lines += _block(words, options, f"  {bullet} ")
                bullet = ""
            else:
                lines += ["", *_block(words, options, "")]
    return lines


def _words(token: Token) -> Iterator[str]:
    link = ""
    for child in token.children or ():
        if child.type == "code_inline":
            yield f"{_ON}{child.content}{_OFF}"
        elif child.type in ("softbreak", "hardbreak"):
            yield _SOFT
        elif child.type == "link_open":
            link = str(child.attrGet("href") or "")
        elif child.type == "link_close":
            yield f"\n{link}"
        else:
            yield child.content


def _block(words: str, options: ReportOptions, first: str) -> list[str]:
    """Return a paragraph wrapped, its lines after the first indented as far as ``first``."""
    rows = wrap(words, options.width - len(first))
    lines = []
    inside = False
    for number, row in enumerate(rows):
        painted = (_CODE if inside and options.colour else "") + row
        inside = (row.rfind(_ON) > row.rfind(_OFF)) or (inside and _OFF not in row)
        painted = painted.replace(_ON, _CODE if options.colour else "")
        painted = painted.replace(_OFF, "\x1b[0m" if options.colour else "")
        end = "\x1b[0m" if inside and options.colour else ""
        lines.append((first if not number else " " * len(first)) + painted + end)
    return lines
