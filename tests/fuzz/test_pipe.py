"""The control pipe's codec: exact both ways, total, and as dear as its law says at the most."""

from __future__ import annotations

import struct
import sys
from collections import Counter
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.learner import plain
from grader.learner.plain import Opaque, PlainError, decode, encode

Peak = Callable[[Callable[[], object]], tuple[object, int]]
SLACK = 64 << 10  # what an interpreter needs for any call at all: frames, an exception
HASH_MODULUS = sys.hash_info.modulus

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-3, 3).map(lambda n: n * HASH_MODULUS)
    | st.floats()
    | st.binary()
    | st.text(st.characters())
    | st.text(st.characters(categories=["Cs", "Co", "So"]))
)
KEYS = SCALARS | st.tuples(SCALARS, SCALARS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(KEYS, inner),
    max_leaves=30,
)
COUNTS = st.integers(0, 8) | st.sampled_from([255, 1 << 18, 1 << 31, 0xFFFFFFFF])


def sized(tag: bytes, count: int, rest: bytes = b"") -> bytes:
    return tag + struct.pack(">I", count) + rest


# Bodies that are nearly frames: right tags, counts that are right or lie, cuts.
NEARLY = st.recursive(
    st.sampled_from([b"n", b"t", b"f", b"d12345678", sized(b"l", 0), sized(b"m", 0), b"x", b""])
    | st.builds(
        lambda tag, body, lie: sized(tag, len(body) + lie, body),
        st.sampled_from([b"i", b"b", b"s", b"o"]),
        st.binary(max_size=12)
        | st.integers().map(lambda n: b"%d" % n)
        | st.text(st.characters()).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.sampled_from([0, 0, 0, 0, 0, 0, 0, 1, 5]),
    ),
    lambda inner: st.builds(
        lambda tag, items, count: sized(
            tag,
            len(items) // (2 if tag == b"m" else 1) if count is None else count,
            b"".join(items),
        ),
        st.sampled_from([b"l", b"u", b"m"]),
        st.lists(inner, max_size=6),
        st.none() | st.none() | st.none() | COUNTS,
    ),
    max_leaves=20,
)


def outcome(body: bytes) -> object:
    """Return the value, or PlainError: nothing else may come of any bytes."""
    try:
        return decode(body)
    except PlainError:
        return PlainError


def parts(value: object) -> list[object]:
    """Return a value and everything in it."""
    found = [value]
    for one in found:
        if isinstance(one, dict):
            found += [*one, *one.values()]
        elif isinstance(one, (list, tuple)):
            found += one
    return found


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max((depth(part) for pair in value.items() for part in pair), default=0)
    if isinstance(value, (list, tuple)):
        return 1 + max(map(depth, value), default=0)
    return 0


def within_bounds(value: object) -> bool:
    """Say whether a decoded value is plain, and no more than a frame may hold."""
    found = parts(value)
    plain_only = all(
        part is None or type(part) in (bool, int, float, bytes, str, list, tuple, dict, Opaque)
        for part in found
    )
    return (
        plain_only
        and depth(value) <= plain.MAX_DEPTH
        and len(found) <= plain.MAX_ITEMS
        and all(len(p.type_name) <= plain.MAX_NAME for p in found if isinstance(p, Opaque))
        and all(abs(p) < 10**plain.MAX_DIGITS for p in found if type(p) is int)
    )


# -- both ways -------------------------------------------------------------------------


@given(VALUES)
def test_gives_back_what_it_was_given(value: object) -> None:
    frame = encode(value)
    assert plain.frame_size(frame[:4]) == len(frame) - 4
    back = decode(frame[4:])
    assert type(back) is type(value)
    assert repr(back) == repr(value)
    assert encode(back) == frame


@given(VALUES, st.sampled_from([bytes, bytearray, memoryview]))
def test_reads_any_buffer_and_lets_go_of_it(value: object, kind: Callable[[bytes], Any]) -> None:
    frame = bytearray(encode(value))
    with memoryview(frame) as view:
        back = decode(kind(bytes(view[4:])) if kind is bytes else view[4:])
    assert repr(back) == repr(value)
    frame.clear()  # BufferError where a piece of it were still held


@given(VALUES)
def test_an_accepted_body_has_one_form(value: object) -> None:
    """Nothing may stand behind a value, and every cut is an error: no two readers disagree."""
    body = encode(value)[4:]
    assert outcome(body + b"n") is PlainError
    for cut in {0, 1, 2, 5, len(body) // 2, len(body) - 1}:
        if 0 <= cut < len(body):
            assert outcome(body[:cut]) is PlainError


# -- any bytes -------------------------------------------------------------------------


@given(st.binary(max_size=400))
def test_any_bytes_are_a_value_or_refused(body: bytes) -> None:
    value = outcome(body)
    assert value is PlainError or within_bounds(value)


@given(NEARLY)
def test_nearly_a_frame_is_a_value_or_refused(body: bytes) -> None:
    value = outcome(body)
    assert value is PlainError or within_bounds(value)


@given(VALUES, st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1))
def test_a_changed_frame_is_a_value_or_refused(value: object, changes: list[Any]) -> None:
    body = bytearray(encode(value)[4:])
    for at, byte in changes:
        body[at % len(body)] = byte
    found = outcome(bytes(body))
    assert found is PlainError or within_bounds(found)


@given(NEARLY.map(outcome).filter(lambda value: value is not PlainError))
def test_what_was_accepted_can_be_written_again(value: object) -> None:
    assert repr(decode(encode(value)[4:])) == repr(value)


@pytest.mark.parametrize(
    "body",
    [
        sized(b"o", 18, b"2305843009213\xed\xa0\x8051"),
        sized(b"o", plain.MAX_NAME + 1, b"x" * (plain.MAX_NAME + 1)),
        sized(b"o", 2, b"\xc3("),
    ],
    ids=["surrogate", "long", "no UTF-8"],
)
def test_a_name_of_a_type_is_one_that_was_written(body: bytes) -> None:
    assert outcome(body) is PlainError


@pytest.mark.parametrize("digits", [640, 0])
def test_the_interpreters_own_limit_of_digits_changes_nothing(digits: int) -> None:
    """PYTHONINTMAXSTRDIGITS of the judge's user: a ValueError that is no PlainError, once."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(digits)
    try:
        found = outcome(sized(b"i", 3000, b"9" * 3000))
        assert found is PlainError or digits == 0
        assert outcome(sized(b"i", 600, b"9" * 600)) == 10**600 - 1
    finally:
        sys.set_int_max_str_digits(before)


# -- what it costs ---------------------------------------------------------------------


def calls_of(function: Callable[[], object], names: frozenset[str]) -> Counter[str]:
    """Count the calls of functions of the codec: work, on whatever machine."""
    counted: Counter[str] = Counter()

    def note(frame: FrameType, event: str, _: object) -> None:
        code: CodeType = frame.f_code
        if event == "call" and code.co_filename == plain.__file__ and code.co_name in names:
            counted[code.co_name] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(before)
    return counted


@given(NEARLY | st.binary(max_size=400))
def test_looks_at_each_byte_once(body: bytes) -> None:
    calls = calls_of(lambda: outcome(body), frozenset({"_get", "_scalar"}))
    assert calls["_get"] <= min(len(body) + 1, plain.MAX_ITEMS + 1)
    assert calls["_scalar"] <= len(body)


COUNT = 20_000
DEAR = {
    "lists": sized(b"l", COUNT, sized(b"l", 0) * COUNT),
    "dicts": sized(b"l", COUNT, sized(b"m", 0) * COUNT),
    "dicts of one": sized(b"l", COUNT, sized(b"m", 1, b"nn") * COUNT),
    "tuples of one": sized(b"l", COUNT, sized(b"u", 1, b"n") * COUNT),
    "names": sized(b"l", COUNT, sized(b"o", 2, b"ab") * COUNT),
    "wide names": sized(b"l", COUNT, sized(b"o", 4, "😀".encode()) * COUNT),
    "texts": sized(b"l", COUNT, sized(b"s", 2, b"ab") * COUNT),
    "wide texts": sized(b"l", COUNT, sized(b"s", 4, "😀".encode()) * COUNT),
    "bytes": sized(b"l", COUNT, sized(b"b", 1, b"a") * COUNT),
    "numbers": sized(b"l", COUNT, sized(b"i", 3, b"999") * COUNT),
    "doubles": sized(b"l", COUNT, b"d12345678" * COUNT),
    "a dict of tuples": sized(
        b"m",
        COUNT,
        b"".join(sized(b"u", 1, b"d" + struct.pack(">d", n)) + b"n" for n in range(COUNT)),
    ),
    "a dict of numbers": sized(
        b"m", COUNT, b"".join(sized(b"i", 6, b"%06d" % n) + b"n" for n in range(COUNT))
    ),
    "one wide character first": sized(b"s", 4 << 20, "😀".encode() + bytes((4 << 20) - 4)),
    "one wide character last": sized(b"s", 4 << 20, bytes((4 << 20) - 4) + "😀".encode()),
    "two bytes a character": sized(b"s", 4 << 20, "é".encode() * (2 << 20)),
    "surrogates": sized(b"s", 999_999, b"\xed\xa0\x80" * 333_333),
    "no UTF-8 at the end": sized(b"s", 4 << 20, "😀".encode() + bytes((4 << 20) - 5) + b"\xff"),
    "digits": sized(b"l", 500, sized(b"i", 4000, b"9" * 4000) * 500),
    "a lie about the length": sized(b"b", 0xFFFFFFFF, bytes(100)),
    "a lie about the count": sized(b"l", plain.MAX_ITEMS - 1, b"n"),
    "too many": sized(b"l", plain.MAX_ITEMS, b"n" * plain.MAX_ITEMS),
}


@pytest.mark.parametrize("body", DEAR.values(), ids=DEAR)
def test_memory_has_a_law(body: bytes, peak: Peak) -> None:
    """PER_BYTE for each byte of the frame, PER_VALUE for each value; of both there is a most."""
    value, most = peak(lambda: outcome(body))
    values = len(body) if value is PlainError else len(parts(value))
    assert most <= plain.PER_BYTE * len(body) + plain.PER_VALUE * values + SLACK


@given(NEARLY)
def test_the_law_of_memory_holds_for_anything(peak: Peak, body: bytes) -> None:
    _, most = peak(lambda: outcome(body))
    assert most <= (plain.PER_BYTE + plain.PER_VALUE) * len(body) + SLACK


def colliding(count: int) -> dict[str, bytes]:
    """Return dicts whose keys have one hash: each is compared with all before it."""
    numbers = [b"%d" % (number * HASH_MODULUS) for number in range(count)]
    keys = [sized(b"i", len(number), number) for number in numbers]
    pairs = {
        "numbers": keys,
        "negative": [sized(b"i", len(n) + 1, b"-" + n) for n in numbers],
        "shifted": [
            sized(b"i", len(b"%d" % (n * HASH_MODULUS + 7)), b"%d" % (n * HASH_MODULUS + 7))
            for n in range(count)
        ],
        "tuples": [sized(b"u", 1, key) for key in keys],
        "tuples of tuples": [sized(b"u", 2, b"n" + sized(b"u", 1, key)) for key in keys],
    }
    return {
        name: sized(b"m", count, b"".join(key + b"n" for key in found))
        for name, found in pairs.items()
    }


@pytest.mark.parametrize("body", colliding(50_000).values(), ids=colliding(1))
def test_keys_with_one_hash_do_not_keep_the_judge_busy(body: bytes) -> None:
    """50,000 of them would be 1,250,000,000 comparisons."""
    assert outcome(body) is PlainError


@pytest.mark.parametrize("body", colliding(plain.MAX_SAME_HASH).values(), ids=colliding(1))
def test_a_few_keys_with_one_hash_are_no_crime(body: bytes) -> None:
    found = outcome(body)
    assert isinstance(found, dict)
    assert len(found) == plain.MAX_SAME_HASH


def test_many_usual_keys_are_no_crime() -> None:
    keys = [*range(-20_000, 20_000), *map(str, range(20_000)), *(n / 8 for n in range(8000))]
    usual = dict.fromkeys([*keys, *((number, str(number)) for number in range(8000))])
    assert decode(encode(usual)[4:]) == usual


def test_texts_with_many_surrogates_are_refused_by_both_sides() -> None:
    """Each of them is a call of an error handler: a frame of nothing else would take a minute."""
    most = plain.MAX_ODD_TEXT // 3
    text = "\ud800" * most
    assert decode(encode(text)[4:]) == text
    assert outcome(encode([text])[4:]) == [text]
    with pytest.raises(PlainError):
        encode([text, text])
    assert outcome(sized(b"l", 2, encode(text)[4:] * 2)) is PlainError


# -- what a learner may hand over ------------------------------------------------------


class Raising(type):
    """A class that lies about its name."""

    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise SystemExit("a lie")


@pytest.mark.parametrize(
    "make",
    [
        lambda: [b"x" * (1 << 20)] * 10_000,
        lambda: [bytearray(1 << 20)] * 10_000,
        lambda: ["x" * (1 << 20)] * 10_000,
        lambda: [[None] * 1000] * 10_000,
        lambda: memoryview(bytes(plain.MAX_FRAME + 1)),
    ],
    ids=["bytes", "bytearrays", "texts", "lists", "view"],
)
def test_what_is_too_large_is_refused_before_it_is_copied(
    make: Callable[[], object], peak: Peak
) -> None:
    value = make()

    def refused() -> object:
        with pytest.raises(PlainError):
            encode(value)
        return None

    _, most = peak(refused)
    assert most <= plain.MAX_FRAME + 100 * plain.MAX_ITEMS


def test_names_of_types_are_the_types_own() -> None:
    lying = Raising("Lying", (), {})()
    named = type("x", (), {})
    named.__name__ = type("Text", (str,), {"encode": lambda *_: 7})("odd")
    long = type("中" * 150, (), {})()
    found = decode(encode([lying, named(), long])[4:])
    assert repr(found) == f"[<Lying>, <odd>, <{'中' * (plain.MAX_NAME // 3)}>]"


def test_bytes_cannot_lie_about_their_buffer() -> None:
    lies = {"__buffer__": lambda *_: memoryview(b"lies"), "__bytes__": lambda _: b"lies"}
    for kind in (bytes, bytearray):
        lying = type("Lying", (kind,), lies)(b"truth")
        assert decode(encode(lying)[4:]) == b"truth"
