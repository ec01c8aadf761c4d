"""Bytes and values as a learner reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.learner.plain import Numbered, Opaque
from grader.peers.words import Words, first_difference

WORDS = Words("en")


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"", "no bytes"),
        (b"hello", '"hello" (5 bytes)'),
        ("你".encode(), '"你" (3 bytes)'),
        (b"\0\xff", '"\\x00\\xff" (2 bytes)'),
        (b"x" * 5000, '"' + "x" * 48 + '…" (5,000 bytes)'),
    ],
)
def test_shows_bytes_with_their_count(data: bytes, shown: str) -> None:
    assert WORDS.data(data) == shown


def test_shows_both_sides_of_a_difference() -> None:
    assert WORDS.difference(b"abc", b"abd") == ('"abc" (3 bytes)', '"abd" (3 bytes)')
    expected, received = WORDS.difference(b"x" * 1000, b"x" * 500 + b"y" + b"x" * 499)
    assert "▸" + "x" * 24 in expected
    assert "▸y" in received
    assert "500" in expected
    assert "500" in received
    assert expected.count("…") == 2
    expected, received = WORDS.difference(b"x" * 1000, b"x" * 100)
    assert "(1,000 bytes)" in expected
    assert received == "only the first 100 of these bytes"
    expected, received = WORDS.difference(b"x" * 100, b"x" * 100 + b"more")
    assert received == 'all of these bytes, and then more: "more" (4 bytes)'
    assert WORDS.values(b"ab", b"") == ('b"ab" (2 bytes)', "no bytes")


def test_says_how_a_conversation_was_cut_short() -> None:
    assert WORDS.cut_short(b"abc", b"")[1] == "the connection was closed"
    assert WORDS.cut_short(b"abc", b"ab")[1] == '"ab" (2 bytes), then the connection was closed'


@given(st.binary(), st.binary(), st.binary())
def test_finds_the_first_difference(same: bytes, first: bytes, second: bytes) -> None:
    left, right = same + first, same + second
    at = first_difference(left, right)
    assert left[:at] == right[:at]
    assert at == min(len(left), len(right)) or left[at] != right[at]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"ab", 'b"ab" (2 bytes)'),
        ("ab", "'ab' (2 characters)"),
        (7, "7"),
        (None, "None"),
        ([1, "a"], "[1, 'a']"),
        (Opaque("Response"), "<Response>"),
        (Numbered(b"ab", 12), r'b"\x00\x00\x00\x00ab\x00\x00\x00\x01ab" (12 bytes)'),
    ],
)
def test_shows_values(value: object, shown: str) -> None:
    assert WORDS.value(value) == shown


@pytest.mark.parametrize("value", ["x" * 10_000, ["x" * 10_000], b"x" * 10_000, "\ud800" * 10_000])
def test_what_is_shown_is_bounded(value: object) -> None:
    assert len(WORDS.value(value)) < 2500


def test_speaks_both_languages() -> None:
    assert Words("zh").say("no_bytes") != WORDS.say("no_bytes")
    with pytest.raises(KeyError):
        WORDS.say("no_such_text")
