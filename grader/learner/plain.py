"""Plain data on the control pipe between the judge and a learner process.

One value is one *frame*: a length (4 bytes, big-endian), then the value.  A value is a
tag byte and its contents: ``n`` None, ``t``/``f`` the truth values, ``i`` a decimal
number, ``d`` a double, ``b`` bytes, ``s`` text (UTF-8, surrogates passed), ``l`` a list,
``u`` a tuple, ``m`` a dict, ``o`` the name of a type that is none of these.

Nothing here can build anything but these types, so the judge may decode whatever a
learner process writes.  The runner uses this module too: standard library only.
"""

from __future__ import annotations

import struct

MAX_FRAME = 96 << 20
MAX_DEPTH = 24
MAX_ITEMS = 1_000_000
MAX_DIGITS = 4000

_LENGTH = struct.Struct(">I")
_DOUBLE = struct.Struct(">d")


class PlainError(ValueError):
    """Bytes that are no frame of plain data, or data that is too large for one."""


class Opaque:
    """A value that is not plain data: only the name of its type crosses the pipe."""

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name

    def __repr__(self) -> str:
        return f"<{self.type_name}>"


_PLAIN = (type(None), int, float, bytes, bytearray, memoryview, str, list, tuple, dict, Opaque)


def encode(value: object) -> bytes:
    """Return ``value`` as one frame.

    Subclasses are written as the plain type they derive from, by the plain type's own
    methods, so a lying ``__len__`` or ``__eq__`` has no say.  Raises PlainError where the
    value is nested too deeply (cycles included) or too large.
    """
    parts: list[bytes] = []
    try:
        _put(parts, value, 0, [MAX_ITEMS])
    except PlainError:
        raise
    except (TypeError, ValueError, AttributeError) as error:
        raise PlainError(f"a value that is not what it seems: {error}") from None
    size = sum(map(len, parts))
    if size > MAX_FRAME:
        raise PlainError(f"{size} bytes are more than a frame may hold")
    return b"".join([_LENGTH.pack(size), *parts])


def _put(parts: list[bytes], value: object, depth: int, budget: list[int]) -> None:
    budget[0] -= 1
    if depth > MAX_DEPTH or budget[0] < 0:
        raise PlainError("nested too deeply, or too many items")
    if not issubclass(type(value), _PLAIN):
        value = Opaque(type(value).__name__)  # isinstance() would believe a lying __class__
    if value is None:
        parts.append(b"n")
    elif value is True or value is False:
        parts.append(b"t" if value else b"f")
    elif isinstance(value, int):
        number = int.__add__(value, 0)
        if number.bit_length() > 3 * MAX_DIGITS:
            raise PlainError("a number with too many digits")
        _put_sized(parts, b"i", b"%d" % number)
    elif isinstance(value, float):
        parts.append(b"d" + _DOUBLE.pack(float.__pos__(value)))
    elif isinstance(value, (bytes, bytearray, memoryview)):
        _put_sized(parts, b"b", bytes(memoryview(value)))
    elif isinstance(value, str):
        exact = "".join(["", value]) if type(value) is str else str.__add__(value, "")
        _put_sized(parts, b"s", exact.encode("utf-8", "surrogatepass"))
    elif isinstance(value, (list, tuple)):
        items = list.copy(value) if isinstance(value, list) else list(tuple.__iter__(value))
        parts.append((b"l" if isinstance(value, list) else b"u") + _LENGTH.pack(len(items)))
        for item in items:
            _put(parts, item, depth + 1, budget)
    elif isinstance(value, dict):
        pairs = list(dict.items(value))
        parts.append(b"m" + _LENGTH.pack(len(pairs)))
        for key, item in pairs:
            _put(parts, key, depth + 1, budget)
            _put(parts, item, depth + 1, budget)
    elif isinstance(value, Opaque):
        _put_sized(parts, b"o", value.type_name.encode("utf-8", "replace")[:200])


def _put_sized(parts: list[bytes], tag: bytes, body: bytes) -> None:
    if len(body) > MAX_FRAME:
        raise PlainError(f"{len(body)} bytes are more than a frame may hold")
    parts.append(tag + _LENGTH.pack(len(body)))
    parts.append(body)


def frame_size(header: bytes) -> int:
    """Return the body size that a frame's first four bytes announce (PlainError: too big)."""
    size: int = _LENGTH.unpack(header)[0]
    if size > MAX_FRAME:
        raise PlainError(f"a frame of {size} bytes was announced")
    return size


def decode(body: bytes) -> object:
    """Return the value of a frame's body; PlainError for anything that is not one."""
    try:
        value, end = _get(memoryview(body), 0, 0, [MAX_ITEMS])
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise PlainError(f"not plain data: {error}") from None
    if end != len(body):
        raise PlainError(f"{len(body) - end} bytes too many")
    return value


def _get(body: memoryview, at: int, depth: int, budget: list[int]) -> tuple[object, int]:
    budget[0] -= 1
    if depth > MAX_DEPTH or budget[0] < 0:
        raise PlainError("nested too deeply, or too many items")
    tag = body[at]
    at += 1
    if tag == 0x6E:
        return None, at
    if tag in (0x74, 0x66):
        return tag == 0x74, at
    if tag == 0x64:
        return _DOUBLE.unpack_from(body, at)[0], at + 8
    if tag not in b"ibsolum":
        raise PlainError(f"no such tag: {tag}")
    count: int = _LENGTH.unpack_from(body, at)[0]
    at += 4
    if tag in b"ibso":
        if at + count > len(body):
            raise PlainError("a value ends after the frame does")
        return _scalar(tag, bytes(body[at : at + count])), at + count
    if count > len(body) - at:
        raise PlainError("more items than bytes")
    if tag == 0x6D:
        return _get_dict(body, at, depth, count, budget)
    items = []
    for _ in range(count):
        item, at = _get(body, at, depth + 1, budget)
        items.append(item)
    return (items if tag == 0x6C else tuple(items)), at


def _get_dict(
    body: memoryview, at: int, depth: int, count: int, budget: list[int]
) -> tuple[object, int]:
    pairs: dict[object, object] = {}
    for _ in range(count):
        key, at = _get(body, at, depth + 1, budget)
        item, at = _get(body, at, depth + 1, budget)
        try:
            pairs[key] = item
        except TypeError:
            raise PlainError("a key that cannot be one") from None
    return pairs, at


def _scalar(tag: int, data: bytes) -> object:
    if tag == 0x62:
        return data
    if tag == 0x69:
        digits = data[1:] if data[:1] == b"-" else data
        if not digits.isdigit() or len(digits) > MAX_DIGITS:
            raise PlainError("not a number")
        return int(data)
    text = data.decode("utf-8", "surrogatepass")
    return Opaque(text) if tag == 0x6F else text
