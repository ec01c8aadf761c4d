"""A page that explains a diagnosis, as HTML: Markdown without HTML, pictures or odd links."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup, escape

from grader.report._layout import columns
from grader.report._layout import escape as spell_out

_LINK = re.compile(r"https://[A-Za-z0-9.-]+(?:[/?#][!-~]*)?\Z")


def explanation(body: str, level: int, drawing: str) -> Markup:
    """Return a page's body; its headings begin at ``level``, ``drawing`` names its drawings."""
    return Markup(
        _reader().render(spell_out(body, keep="\n"), {"level": level, "drawing": drawing})
    )


@cache
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer)
    reader.disable(["image", "autolink", "html_inline", "html_block"])
    # What is no plain link to the web stays as it was written.
    reader.validateLink = _may_be_linked  # type: ignore[method-assign]
    return reader


def _may_be_linked(url: str) -> bool:
    return _LINK.match(url) is not None


class _Renderer(RendererHTML):
    def heading_open(self, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
        return f"<h{_level(tokens[at], env)}>"

    def heading_close(self, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
        return f"</h{_level(tokens[at], env)}>\n"

    def link_open(self, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
        url = tokens[at].attrGet("href")
        return Markup('<a href="{}" rel="noopener noreferrer">').format(url)

    def fence(self, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
        lines = tokens[at].content.rstrip("\n")
        words = Markup("").join(map(_two_columns, lines))
        return Markup(
            '<div class="drawing" tabindex="0" role="group" aria-label="{}"><pre>{}</pre></div>\n'
        ).format(env["drawing"], words)

    def code_block(self, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
        return self.fence(tokens, at, options, env)


def _level(token: Token, env: Any) -> int:
    return min(int(token.tag[1:]) - 2 + int(env["level"]), 6) if token.tag != "h1" else env["level"]


def _two_columns(char: str) -> Markup:
    """Give a wide character exactly the width of two narrow ones, which few fonts do."""
    return Markup("<i>{}</i>").format(char) if columns(char) > 1 else escape(char)
