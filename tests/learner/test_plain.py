"""The codec of the control pipe: exact both ways, bounded, and never surprised."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.learner import plain
from grader.learner.plain import Numbered, Opaque, PlainError, decode, encode, frame_size

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.binary()
    | st.text(st.characters())
)
KEYS = SCALARS | st.tuples(SCALARS, SCALARS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(KEYS, inner),
    max_leaves=30,
)
quick = settings(deadline=None, max_examples=100)


def back(value: object) -> object:
    frame = encode(value)
    assert frame_size(frame[:4]) == len(frame) - 4
    return decode(frame[4:])


def same(first: object, second: object) -> bool:
    return type(first) is type(second) and repr(first) == repr(second)


@quick
@given(VALUES)
def test_gives_back_what_it_was_given(value: object) -> None:
    assert same(back(value), value)


@pytest.mark.parametrize(
    "value",
    [
        math.inf,
        -0.0,
        math.nan,
        10**3600,
        -(10**3600),
        "\ud800\udfff",
        "\0é中🙂",
        b"\0" * 100_000,
        {1: "int", "1": "str", b"1": "bytes", None: [], (1, (2,)): ()},
        [[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]],
    ],
)
def test_gives_back_the_odd_ones(value: object) -> None:
    assert same(back(value), value)


@pytest.mark.parametrize("value", [bytearray(b"ab"), memoryview(b"ab"), memoryview(b"axbx")[::2]])
def test_bytes_of_any_kind_are_bytes(value: object) -> None:
    assert back(value) == b"ab"


@pytest.mark.parametrize("value", [object(), {1, 2}, range(3), 1j, print, int, Opaque("x")])
def test_of_anything_else_only_the_name_of_its_type_crosses(value: object) -> None:
    found = back([value])
    assert isinstance(found, list)
    assert isinstance(found[0], Opaque)
    expected = "x" if isinstance(value, Opaque) else type(value).__name__
    assert repr(found[0]) == f"<{expected}>"


# -- hostile bytes ---------------------------------------------------------------------


def decoded(body: bytes) -> object:
    try:
        return decode(body)
    except PlainError:
        return PlainError


@settings(deadline=None, max_examples=200)
@given(st.binary())
def test_any_bytes_are_a_value_or_refused(body: bytes) -> None:
    decoded(body)


@settings(deadline=None, max_examples=200)
@given(VALUES, st.data())
def test_a_changed_frame_is_a_value_or_refused(value: object, data: st.DataObject) -> None:
    body = bytearray(encode(value)[4:])
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    decoded(bytes(body))


@quick
@given(VALUES)
def test_a_cut_or_extended_frame_is_refused(value: object) -> None:
    body = encode(value)[4:]
    for cut in range(len(body)):
        assert decoded(body[:cut]) is PlainError
    assert decoded(body + b"n") is PlainError


def sized(tag: bytes, count: int, rest: bytes = b"") -> bytes:
    return tag + struct.pack(">I", count) + rest


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"\0",
        b"d1234567",
        sized(b"l", 0xFFFFFFFF),
        sized(b"u", 1 << 30, b"n" * 1000),
        sized(b"m", 0xFFFFFFFF, b"n" * 100),
        sized(b"b", 0xFFFFFFFF, b"x"),
        sized(b"s", 1, b"\xff"),
        sized(b"o", 2, b"\xff\xff"),
        sized(b"i", 0),
        sized(b"i", 1, b"-"),
        sized(b"i", 3, b"--1"),
        sized(b"i", 2, b"+1"),
        sized(b"i", 3, b"1_0"),
        sized(b"i", 2, b" 1"),
        sized(b"i", 2, b"\xc2\xb2"),
        sized(b"i", 4001, b"9" * 4001),
        sized(b"m", 1, sized(b"l", 0) + b"n"),
        sized(b"m", 1, sized(b"u", 1, sized(b"l", 0)) + b"n"),
        sized(b"l", 1) * 100 + b"n",
        sized(b"m", 1, b"n") * 100 + b"n",
        sized(b"l", 2_000_000, b"n" * 2_000_000),
    ],
    ids=lambda body: repr(body[:12]),
)
def test_refuses(body: bytes) -> None:
    with pytest.raises(PlainError):
        decode(body)


@pytest.mark.parametrize("size", [plain.MAX_FRAME + 1, 0xFFFFFFFF])
def test_refuses_a_frame_that_is_too_long(size: int) -> None:
    with pytest.raises(PlainError, match=str(size)):
        frame_size(struct.pack(">I", size))
    assert frame_size(struct.pack(">I", plain.MAX_FRAME)) == plain.MAX_FRAME


# -- hostile values --------------------------------------------------------------------


def cycle(kind: str) -> object:
    if kind == "dict":
        mapping: dict[str, object] = {}
        mapping["me"] = mapping
        return mapping
    items: list[object] = []
    items.append(items if kind == "list" else (items,))
    return items


@pytest.mark.parametrize("kind", ["list", "tuple", "dict"])
def test_refuses_cycles(kind: str) -> None:
    with pytest.raises(PlainError):
        encode(cycle(kind))


@pytest.mark.parametrize(
    "make",
    [
        lambda: [None] * (plain.MAX_ITEMS + 1),
        lambda: [[None] * 1001] * 1001,
        lambda: 1 << 100_000,
        lambda: -1 << 100_000,
        lambda: [bytes(1 << 26)] * 2,
        lambda: bytes(plain.MAX_FRAME + 1),
        lambda: dict.fromkeys(range(plain.MAX_ITEMS)),
    ],
    ids=["items", "shared", "number", "negative", "sum", "bytes", "dict"],
)
def test_refuses_what_is_too_large(make: Callable[[], object]) -> None:
    with pytest.raises(PlainError):
        encode(make())


def broken(*_: object, **__: object) -> Any:
    raise SystemExit("a lie")


LIES = dict.fromkeys(
    [
        "__len__", "__iter__", "__eq__", "__hash__", "__str__", "__repr__", "__bytes__", "__int__",
        "__index__", "__float__", "__add__", "__getitem__", "__contains__", "__bool__",
        "__format__", "__reduce__", "__reduce_ex__", "items", "keys", "values", "copy", "encode",
        "bit_length", "__mod__", "__rmod__", "join", "tobytes",
    ],
    broken,
)  # fmt: skip


@pytest.mark.parametrize(
    "value",
    [7, 1.5, "text", b"bytes", bytearray(b"more"), [1, [2]], (1, 2), {"a": 1}, {}, "", 0],
    ids=repr,
)
def test_a_lying_subclass_is_what_it_derives_from(value: Any) -> None:
    lying = type("Lying", (type(value),), LIES)(value)
    expected = bytes(value) if isinstance(value, bytearray) else value
    assert same(back([lying]), [expected])


@pytest.mark.parametrize("kind", [int, float, str, bytes, list, tuple, dict, bool, Opaque])
def test_a_lie_about_the_type_is_of_no_use(kind: type) -> None:
    found = back([type("Lie", (), {"__class__": kind})()])
    assert isinstance(found, list)
    assert repr(found[0]) == "<Lie>"


def test_a_lying_name_is_bounded() -> None:
    found = back([type("x" * 10_000, (), {})(), type("é" * 150, (), {})()])
    assert isinstance(found, list)
    assert len(found[0].type_name) == 200
    assert found[1].type_name.startswith("é" * 99)


def test_numbered_bytes_are_a_block_again_and_again() -> None:
    assert bytes(Numbered(b"ab", 15)) == b"\0\0\0\0ab\0\0\0\1ab\0\0\0"
    assert bytes(Numbered(b"", 9)) == b"\0\0\0\0\0\0\0\1\0"
    assert bytes(Numbered(b"ab", 0)) == b""


INDEX = st.none() | st.integers(-60, 60)


@quick
@given(st.binary(max_size=9), st.integers(0, 50), INDEX, INDEX, st.binary(max_size=3))
def test_numbered_bytes_are_as_good_as_made(
    block: bytes, size: int, start: int | None, end: int | None, other: bytes
) -> None:
    few = Numbered(block, size)
    made = bytes(few)
    assert len(few) == len(made) == size
    assert few[start:end] == made[start:end]
    assert (few == made, few == made + b"x", few == other) == (True, False, other == made)
    assert few == Numbered(block, size)
    assert (few == Numbered(other, size)) == (made == bytes(Numbered(other, size)))
    at = min(abs(start or 0), size)
    for piece in (made[at:end], made[at:end] + other, other, bytearray(made)):
        assert few.startswith(piece, at) == made.startswith(piece, at)
    assert few != made.decode("latin-1")
