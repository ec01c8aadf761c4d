"""Names are one name however they are written."""

from __future__ import annotations

import unicodedata

import pytest

from grader.classroom.collecting.names import bare, folded, forms, mails, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann Lee", "Lee, Ann"),
        ("Ann Lee", "ANN_LEE"),
        ("Lee, Ann Marie", "leeannmarie"),
        ("Lee, Ann Marie", "Ann Marie Lee"),
        ("O'Brien, Sinéad", "obriensinéad"),
        ("Zoë Groß", unicodedata.normalize("NFD", "zoë gross")),
        ("张三", "张 三"),
        ("\uff21\uff4e\uff4e Lee", "ann lee"),
        ("Jan van der Berg", "van der Berg, Jan"),
        ("🦊", " 🦊 "),
    ],
    ids=str,
)
def test_is_one_name(one: str, other: str) -> None:
    assert forms(one) & forms(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ann Lee", "Annlee Chen"), ("Ann Lee", "Ann"), ("张三", "张三丰"), ("", ""), ("🦊", "🐻")],
    ids=str,
)
def test_is_another_name(one: str, other: str) -> None:
    assert not forms(one) & forms(other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20231234张三", ("20231234", "张三")),
        ("ann_tcp-echo (1)", ("ann", "tcp", "echo", "1")),
        ("实验3 李四", ("实验", "3", "李四")),
        ("", ()),
    ],
)
def test_words(text: str, expected: tuple[str, ...]) -> None:
    assert words(text) == expected


def test_marks_and_what_nobody_sees() -> None:
    assert bare("müller") == "muller"
    assert folded("\u202eAnn\u200b ") == "ann"


def test_mail_addresses_in_a_text() -> None:
    assert mails("Ann <ann.lee@Example.edu>, x@y") == ["ann.lee@example.edu"]


def test_a_name_without_end_is_cut() -> None:
    assert len(folded("a" * 100_000)) <= 400
