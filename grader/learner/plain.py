"""Plain data on the control pipe between the judge and a learner process.

One value is one *frame*: a length (4 bytes, big-endian), then the value.  A value is a
tag byte and its contents: ``n`` None, ``t``/``f`` the truth values, ``i`` a decimal
number, ``d`` a double, ``b`` bytes, ``s`` text (UTF-8, surrogates passed), ``l`` a list,
``u`` a tuple, ``m`` a dict, ``o`` the name of a type that is none of these.

Nothing here can build anything but these types, so the judge may decode whatever a
learner process writes.  Its cost has a law: decoding a frame takes at the most ``PER_BYTE``
bytes of memory for each of its bytes and ``PER_VALUE`` for each of its values, of which there
are ``MAX_ITEMS``, and time in proportion to both.  The runner uses this module too: standard
library only.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

MAX_FRAME = 64 << 20
MAX_DEPTH = 24
MAX_ITEMS = 1 << 18
MAX_DIGITS = 4000
MAX_NAME = 200
_BIG = 1 << 16

# Text with one character beyond the BMP takes four bytes a character; one copy more where it
# turns out late that it is no UTF-8.
PER_BYTE = 5
PER_VALUE = 280
# Surrogates cost a call each, some thousand times what other bytes cost.
MAX_ODD_TEXT = 1 << 20
# Of numbers anybody can make millions with one hash (k * (2**61 - 1)): each is compared with
# all before it, and a frame would keep the judge busy for hours.
MAX_SAME_HASH = 64

NUMBER = 4
_LENGTH = struct.Struct(">I")
_DOUBLE = struct.Struct(">d")
_ALL = slice(None)
_name_of = type.__dict__["__name__"].__get__


class PlainError(ValueError):
    """Bytes that are no frame of plain data, or data that is too large for one."""


class Opaque:
    """A value that is not plain data: only the name of its type crosses the pipe."""

    __slots__ = ("type_name",)

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name

    def __repr__(self) -> str:
        return f"<{self.type_name}>"


class _Budget:
    """What one frame may still hold: values, bytes, bytes of text with surrogates in it."""

    __slots__ = ("odd", "size", "values")

    def __init__(self) -> None:
        self.values = MAX_ITEMS
        self.size = MAX_FRAME
        self.odd = MAX_ODD_TEXT

    def check_count(self, count: int) -> None:
        """Refuse more values than are left before anything is made of them."""
        if count > self.values:
            raise PlainError(f"{count} values, {self.values} of {MAX_ITEMS} are left")

    def spend_size(self, size: int) -> None:
        self.size -= size
        if self.size < 0:
            raise PlainError(f"more than the {MAX_FRAME} bytes that a frame may hold")

    def spend_odd(self, size: int) -> None:
        self.odd -= size
        if self.odd < 0:
            raise PlainError(f"more than {MAX_ODD_TEXT} bytes of text with surrogates")


_PLAIN = (type(None), int, float, bytes, bytearray, memoryview, str, list, tuple, dict, Opaque)


def encode(value: object) -> bytes:
    """Return ``value`` as one frame (PlainError, see `pieces`)."""
    return b"".join(pieces(value))


def pieces(value: object) -> list[bytes]:
    """Return ``value`` as one frame in pieces, of which those of ``_BIG`` bytes are not copied.

    Subclasses are written as the plain type they derive from, by the plain type's own
    methods, so a lying ``__len__`` or ``__eq__`` has no say.  Raises PlainError where the
    value is nested too deeply (cycles included) or too large.
    """
    parts: list[bytes] = []
    budget = _Budget()
    try:
        _put(parts, value, 0, budget)
    except PlainError:
        raise
    except (TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise PlainError(f"a value that is not what it seems: {error}") from None
    found, small = [], [_LENGTH.pack(MAX_FRAME - budget.size)]
    for part in parts:
        if len(part) < _BIG:
            small.append(part)
            continue
        found += [b"".join(small), part]
        small = []
    found.append(b"".join(small))
    return found


def _put(parts: list[bytes], value: object, depth: int, budget: _Budget) -> None:
    budget.values -= 1
    if depth > MAX_DEPTH or budget.values < 0:
        raise PlainError("nested too deeply, or too many items")
    kind = type(value)
    if kind is str or kind is bytes:  # the usual ones first; they are what they say they are
        body = value if kind is bytes else _text_bytes(value, budget)  # type: ignore[arg-type]
        if len(body) > budget.size:  # type: ignore[arg-type]
            raise PlainError(f"{len(body)} bytes are more than a frame may hold")  # type: ignore[arg-type]
        _put_sized(parts, b"b" if kind is bytes else b"s", body, budget)  # type: ignore[arg-type]
        return
    if not issubclass(kind, _PLAIN):
        value = Opaque(_name_of(type(value)))  # isinstance() would believe a lying __class__
    if value is None:
        _put_part(parts, b"n", budget)
    elif value is True or value is False:
        _put_part(parts, b"t" if value else b"f", budget)
    elif isinstance(value, int):
        number = int.__add__(value, 0)
        # The bits are looked at first: writing out millions of digits takes long.
        digits = b"%d" % number if number.bit_length() < 4 * MAX_DIGITS else b""
        if not 0 < len(digits.lstrip(b"-")) <= MAX_DIGITS:
            raise PlainError("a number with too many digits")
        _put_sized(parts, b"i", digits, budget)
    elif isinstance(value, float):
        _put_part(parts, b"d" + _DOUBLE.pack(float.__pos__(value)), budget)
    elif isinstance(value, (bytes, bytearray, memoryview)):
        _put_sized(parts, b"b", _exact_bytes(value, budget), budget)
    elif isinstance(value, str):
        _put_sized(parts, b"s", _text_bytes(str.__add__(value, ""), budget), budget)
    elif isinstance(value, (list, tuple)):
        budget.check_count(_length_of(value))
        items = list.copy(value) if isinstance(value, list) else list(tuple.__iter__(value))
        tag = b"l" if isinstance(value, list) else b"u"
        _put_part(parts, tag + _LENGTH.pack(len(items)), budget)
        for item in items:
            _put(parts, item, depth + 1, budget)
    elif isinstance(value, dict):
        budget.check_count(dict.__len__(value))
        pairs = list(dict.items(value))
        _put_part(parts, b"m" + _LENGTH.pack(len(pairs)), budget)
        for key, item in pairs:
            _put(parts, key, depth + 1, budget)
            _put(parts, item, depth + 1, budget)
    elif isinstance(value, Opaque):
        name = str.encode(value.type_name, "utf-8", "replace")[:MAX_NAME]
        whole = name.decode("utf-8", "ignore")  # the cut may have gone through a character
        _put_sized(parts, b"o", whole.encode(), budget)


def _length_of(value: list[object] | tuple[object, ...]) -> int:
    return list.__len__(value) if isinstance(value, list) else tuple.__len__(value)


def _exact_bytes(value: bytes | bytearray | memoryview, budget: _Budget) -> bytes:
    """Return the bytes themselves; memoryview() would ask a subclass's __buffer__ (PEP 688)."""
    if isinstance(value, memoryview):
        size = value.nbytes
    else:
        size = bytes.__len__(value) if isinstance(value, bytes) else bytearray.__len__(value)
    if size > budget.size:
        raise PlainError(f"{size} bytes are more than a frame may hold")
    if isinstance(value, bytes):
        return bytes.__getitem__(value, _ALL)
    return bytes(value if isinstance(value, memoryview) else bytearray.__getitem__(value, _ALL))


def _text_bytes(text: str, budget: _Budget) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        data = text.encode("utf-8", "surrogatepass")
        budget.spend_odd(len(data))
        return data


def _put_part(parts: list[bytes], part: bytes, budget: _Budget) -> None:
    budget.spend_size(len(part))
    parts.append(part)


def _put_sized(parts: list[bytes], tag: bytes, body: bytes, budget: _Budget) -> None:
    budget.spend_size(5 + len(body))
    parts.append(tag + _LENGTH.pack(len(body)))
    parts.append(body)


class Numbered:
    """``size`` bytes: ``block`` again and again, a number of ``NUMBER`` bytes before each.

    Nobody holds them: a slice makes the bytes that it needs, and ``bytes()`` makes all of them.
    New memory for many MiB costs more than what is done with it.
    """

    __slots__ = ("block", "size")

    def __init__(self, block: bytes, size: int) -> None:
        self.block = block
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __bytes__(self) -> bytes:
        return self[:]

    def __getitem__(self, part: slice) -> bytes:
        start, end, _ = part.indices(self.size)
        return b"".join(self._parts(start, end))

    def _parts(self, at: int, end: int) -> Iterator[bytes | memoryview]:
        block = memoryview(self.block)
        while at < end:
            number, within = divmod(at, NUMBER + len(block))
            head = number.to_bytes(NUMBER, "big")[within:][: end - at]
            at += len(head)
            rest = block[max(0, within - NUMBER) :][: end - at]
            at += len(rest)
            yield head
            yield rest

    def startswith(self, piece: bytes | bytearray, at: int = 0) -> bool:
        """Say whether ``piece`` is what is at ``at``."""
        place = 0
        for part in self._parts(at, min(at + len(piece), self.size)):
            if not piece.startswith(part, place):
                return False
            place += len(part)
        return place == len(piece)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Numbered):
            same = (self.size, self.block) == (other.size, other.block)
            return same or self == bytes(other)
        if isinstance(other, (bytes, bytearray)):
            return len(other) == self.size and self.startswith(other)
        return NotImplemented


def frame_size(header: bytes | bytearray) -> int:
    """Return the body size that a frame's first four bytes announce (PlainError: too big)."""
    size: int = _LENGTH.unpack(header)[0]
    if size > MAX_FRAME:
        raise PlainError(f"a frame of {size} bytes was announced")
    return size


def decode(body: bytes | bytearray | memoryview) -> object:
    """Return the value of a frame's body; PlainError for anything that is not one.

    Of keys that are equal the last one counts.
    """
    try:
        value, end = _get(memoryview(body), 0, 0, _Budget())
    except PlainError:
        raise
    except (struct.error, IndexError, ValueError) as error:
        raise PlainError(f"not plain data: {error}") from None
    if end != len(body):
        raise PlainError(f"{len(body) - end} bytes too many")
    return value


def _get(body: memoryview, at: int, depth: int, budget: _Budget) -> tuple[object, int]:
    budget.values -= 1
    if depth > MAX_DEPTH or budget.values < 0:
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
        return _scalar(tag, body[at : at + count], budget), at + count
    budget.check_count(count)
    if tag == 0x6D:
        return _get_dict(body, at, depth, count, budget)
    items = []
    for _ in range(count):
        item, at = _get(body, at, depth + 1, budget)
        items.append(item)
    return (items if tag == 0x6C else tuple(items)), at


def _get_dict(
    body: memoryview, at: int, depth: int, count: int, budget: _Budget
) -> tuple[object, int]:
    pairs: dict[object, object] = {}
    hashes: dict[int, int] = {}
    for _ in range(count):
        key, at = _get(body, at, depth + 1, budget)
        item, at = _get(body, at, depth + 1, budget)
        try:
            # Text and bytes are hashed with a secret, and a small number is its own hash.
            if type(key) is not str and type(key) is not bytes and (number := hash(key)) != key:
                hashes[number] = hashes.get(number, 0) + 1
                if hashes[number] > MAX_SAME_HASH:
                    raise PlainError("too many keys with one hash")
            pairs[key] = item
        except TypeError:
            raise PlainError("a key that cannot be one") from None
    return pairs, at


def _scalar(tag: int, data: memoryview, budget: _Budget) -> object:
    if tag == 0x62:
        return bytes(data)
    if tag == 0x69:
        if len(data) > MAX_DIGITS + 1:
            raise PlainError("a number with too many digits")
        word = bytes(data)
        digits = word[1:] if word[:1] == b"-" else word
        if not digits.isdigit() or len(digits) > MAX_DIGITS:
            raise PlainError("not a number")
        return int(word)
    if tag == 0x6F:
        if len(data) > MAX_NAME:
            raise PlainError("the name of a type that is too long")
        return Opaque(str(data, "utf-8"))
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError:
        budget.spend_odd(len(data))
        return str(data, "utf-8", "surrogatepass")
