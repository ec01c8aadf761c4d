"""Text on a terminal: escaping, measuring, cutting and wrapping."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from grader.report._layout import columns, cut, escape, first_sentence, guard, pad, paint, wrap


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, 中文, é, 👩\u200d💻, a\u3000b\xa0c", "plain, 中文, é, 👩\u200d💻, a\u3000b\xa0c"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x00\x1b[31m\x7f\x9b", r"\x00\x1b[31m\x7f\x9b"),
        ("\u202e\u2066\u200b\ufeff\u2028", r"\u202e\u2066\u200b\ufeff\u2028"),
        ("\ud800\ufffe\U000e0041", r"\ud800\ufffe\U000e0041"),
    ],
)
def test_escape_spells_out_what_could_be_obeyed_or_hidden(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_nothing_that_is_no_graphic_character_gets_through() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    left = {unicodedata.category(char) for char in escape(everything)} - {"Zs"}
    assert {kind for kind in left if kind[0] in "CZ"} <= {"Cf"}
    assert {char for char in escape(everything) if unicodedata.category(char) == "Cf"} == {
        "\u200c",
        "\u200d",
    }


def test_escape_keeps_what_it_is_told_to() -> None:
    assert escape("a\n\x1bb", keep="\n") == "a\n\\x1bb"


def test_guard_leaves_no_workflow_command() -> None:
    shown = guard("::error::x\n \t::set-env name=a::b\nsee ::1 and ::\n::1\na ##[error]b")
    assert (
        shown == "\\x3a:error::x\n \t\\x3a:set-env name=a::b\nsee ::1 and ::\n::1\na ##\\x5berror]b"
    )


@pytest.mark.parametrize(
    ("text", "width"),
    [("abc", 3), ("中文", 4), ("e\u0301", 1), ("（）", 4), ("→", 1), ("ｶ", 2 - 1)],
)
def test_columns_follow_east_asian_width(text: str, width: int) -> None:
    assert columns(text) == width
    assert columns(pad(text, 9)) == 9


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("中文字", 5, "中文…"),
        ("中文字", 4, "中…"),
        ("abc", 0, "…"),
    ],
)
def test_cut_never_exceeds_the_width(text: str, width: int, shown: str) -> None:
    assert cut(text, width) == shown


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 8, ["one two", "three"]),
        ("", 8, [""]),
        ("a\n\nb", 8, ["a", "", "b"]),
        ("x" * 20, 8, ["x" * 8, "x" * 8, "x" * 4]),
        ("ab " + "x" * 10, 8, ["ab", "x" * 8, "xx"]),
        ("套接字已关闭，请重试。", 12, ["套接字已关", "闭，请重试。"]),
        ("一二三四五。", 10, ["一二三四", "五。"]),
        ("一二三四（五）", 10, ["一二三四", "（五）"]),
        ("请调用recv()返回", 10, ["请调用", "recv()返回"]),
        ("中" * 5, 3, ["中"] * 5),
        ("    indented text", 12, ["    indented", "text"]),
    ],
)
def test_wrap_knows_chinese(text: str, width: int, lines: list[str]) -> None:
    assert wrap(text, width) == lines


@pytest.mark.parametrize("width", range(2, 40))
def test_wrap_loses_nothing_and_keeps_the_width(width: int) -> None:
    text = (
        'recv() 返回了 b""：客户端已经发完了。此后它会一直返回空字节串，e\u0301 '
        + "长" * 30
        + "y" * 50
    )
    lines = wrap(text, width)
    assert all(columns(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("One. Two.", "One."),
        ('recv() returned b"". It', 'recv() returned b"".'),
        ("第一句。第二句。", "第一句。"),
        ("version 3.10 it is! Yes", "version 3.10 it is!"),
        ("no end\nsecond line.", "no end"),
        ("", ""),
    ],
)
def test_first_sentence(text: str, sentence: str) -> None:
    assert first_sentence(text) == sentence


def test_paint_only_with_colour() -> None:
    assert paint("x", "bad", colour=False) == "x"
    assert paint("x", "bad", colour=True) == "\x1b[31mx\x1b[0m"
    assert paint("", "bad", colour=True) == ""
