"""The request parser: any bytes, any cuts, one answer, and every good request as h11 reads it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.wire import http
from grader.wire.http import MAX_HEAD, ProtocolError, Request, parse_request

Peak = Callable[[Callable[[], object]], tuple[object, int]]

TOKEN = st.text("!#$%&'*+-.^_`|~0129ABCXYZabcxyz", min_size=1, max_size=12).map(str.encode)
PATH = st.lists(
    st.sampled_from([b"/", b"a", b"~", b"%20", b"%eF", b":", b"@", b";x=1", b"."]), max_size=8
).map(lambda words: b"/" + b"".join(words))
QUERY = st.sampled_from([b"", b"?", b"?a=b&c=%20", b"?/?"])
VALUE = st.text("abc XYZ\t:;,\"'()=/\xe4\xff", max_size=20).map(lambda t: t.encode("latin-1"))
NOT_FRAMING = frozenset({b"host", b"content-length", b"transfer-encoding", b"upgrade"})
HEADER = st.tuples(TOKEN.filter(lambda name: name.lower() not in NOT_FRAMING), VALUE)
PADDING = st.sampled_from([b"", b" ", b"\t", b" \t "])


@st.composite
def requests(draw: st.DrawFn) -> tuple[bytes, bytes, bytes]:
    """Draw a request, its method and its body."""
    method = draw(TOKEN.filter(lambda word: word != b"CONNECT"))
    body = draw(st.binary(max_size=60) | st.sampled_from([b"\r\n\r\n", b"\r\n0\r\n\r\n"]))
    lines = [
        b"%s: %s%s%s" % (n, draw(PADDING), v, draw(PADDING)) for n, v in draw(st.lists(HEADER))
    ]
    lines.insert(
        draw(st.integers(0, len(lines))), b"hOsT:" + draw(st.sampled_from([b"", b" a:80"]))
    )
    if body or draw(st.booleans()):
        lines.append(
            draw(st.sampled_from([b"Content-Length: %d", b"content-LENGTH:%03d"])) % len(body)
        )
    first = b"%s %s HTTP/1.1" % (method, draw(PATH) + draw(QUERY))
    return b"\r\n".join([first, *lines, b"", b""]) + body, method, body


# Pieces of requests, right and wrong, in any order.
SHREDS = st.lists(
    st.sampled_from(
        [b"GET", b"CONNECT", b"OPTIONS", b" ", b"/", b"*", b"http://a", b"HTTP/1.1", b"HTTP/1.0",
         b"HTTP/2.0", b"\r\n", b"\r\n", b"\r", b"\n", b"Host:", b"Host: a", b"X", b":", b"\t",
         b"Content-Length: 3", b"Content-Length: 99999999999999999999", b"Transfer-Encoding: x",
         b"\x00", b"\xff", b"%", b"%4", b"abc", b"\r\n\r\n", b"X:\x0b", b"Y: \x0c", b"\x1f",
         b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n"]
    ),
    max_size=14,
).map(b"".join)  # fmt: skip
BYTES = SHREDS | requests().map(lambda drawn: drawn[0]) | st.binary(max_size=200)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Draw a request with some bytes changed, taken out or doubled."""
    data = bytearray(draw(requests())[0])
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 3))] = draw(
            st.sampled_from([b"\r", b"\n", b"\r\n", b" ", b":", b"\x00", b"", b"\r\n ", b"\x0b"])
        )
    return bytes(data)


def outcome(data: bytes | bytearray) -> Request | str | None:
    """Return the request, the reason against it, or None for not yet: nothing else may come."""
    try:
        return parse_request(data)
    except ProtocolError as error:
        reason = error.reason
    assert reason in http.REASONS
    return reason


def fed(pieces: list[bytes]) -> Request | str | None:
    """Return what comes of a request that arrives in pieces, looked at after each of them."""
    received = bytearray()
    for piece in pieces:
        received += piece
        found = outcome(received)
        if found is not None:
            return found
    return None


def same(first: Request | str | None, second: Request | str | None) -> bool:
    """Compare two outcomes; how much has come behind a request is not part of it."""
    if isinstance(first, Request) and isinstance(second, Request):
        shown = [(r.method, r.target, r.version, r.headers, r.body) for r in (first, second)]
        return shown[0] == shown[1]
    return first == second


@given(requests(), st.binary(max_size=50))
def test_reads_a_good_request_as_h11_does(drawn: tuple[bytes, bytes, bytes], more: bytes) -> None:
    data, method, body = drawn
    found = outcome(data + more)
    assert isinstance(found, Request)
    assert (found.method.encode(), found.body, found.rest) == (method, body, more)
    server = h11.Connection(h11.SERVER)
    server.receive_data(data)
    event = server.next_event()
    assert isinstance(event, h11.Request)
    assert event.target == found.target.encode()
    ours = [(name.lower(), value) for name, value in found.headers]
    assert ours == [(name.decode(), value.decode("latin-1")) for name, value in event.headers]
    received = b""
    while isinstance(event := server.next_event(), h11.Data):
        received += bytes(event.data)
    assert received == body


@given(damaged() | SHREDS)
def test_accepts_nothing_that_h11_refuses(data: bytes) -> None:
    found = outcome(data)
    if isinstance(found, Request) and found.method != "CONNECT":
        server = h11.Connection(h11.SERVER)
        server.receive_data(data)
        event = server.next_event()
        assert isinstance(event, h11.Request)
        assert event.target == found.target.encode()


@pytest.mark.parametrize("byte", [*(set(range(0x20)) - set(b"\t\r\n")), 0x7F])
@pytest.mark.parametrize("around", [b"%c", b" %c ", b"a%c", b"%cb", b"a%cb"])
def test_no_control_character_is_white_space(byte: int, around: bytes) -> None:
    assert outcome(b"GET / HTTP/1.1\r\nHost: a\r\nX:" + around % byte + b"\r\n\r\n") == (
        "bad_header_value"
    )


@given(BYTES | damaged(), st.lists(st.integers(0, 400), max_size=8))
def test_cuts_change_nothing(data: bytes, cuts: list[int]) -> None:
    """Whole, byte by byte, cut at random: the same request, or the same reason against it."""
    whole = outcome(data)
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    assert same(fed([data[a:b] for a, b in pairwise(edges)]), whole)
    assert same(fed([bytes([byte]) for byte in data]), whole)


@given(BYTES | damaged(), st.binary(max_size=30) | st.sampled_from([b"\n", b"\r\n\r\n"]))
def test_more_bytes_change_no_decision(data: bytes, more: bytes) -> None:
    decided = outcome(data)
    if decided is not None:
        assert same(outcome(data + more), decided)


@settings(max_examples=30)
@given(SHREDS, st.integers(MAX_HEAD - 80, MAX_HEAD + 3), st.booleans())
def test_the_longest_head_ends_at_the_same_byte_however_it_comes(
    shreds: bytes, size: int, ended: bool
) -> None:
    start = b"GET / HTTP/1.1\r\nHost: a\r\nX: "
    data = start + b"y" * (size - len(start) - 4) + (b"\r\n\r\n" if ended else b"yyyy") + shreds
    edges = [0, 20, *range(size - 6, size + 7), len(data)]
    pieces = [data[a:b] for a, b in pairwise(sorted(set(edges))) if a < len(data)]
    assert same(fed(pieces), outcome(data))


@pytest.mark.parametrize(
    "data",
    [
        b"bad\r\nfirst: line\n",
        b"GET / HTTP/1.1\r\n folded\r\nX: y\rz",
        b"GET / HTTP/1.1\r\nno colon\r\n" + b"x" * MAX_HEAD,
        b"GET / HTTP/1.1\r\nX\t: 1\r\n\n" + b"x" * MAX_HEAD,
    ],
    ids=["line before LF", "line before CR", "line before length", "line before LF and length"],
)
def test_of_two_faults_the_first_counts(data: bytes) -> None:
    first = data[: data.index(b"\r\n", data.index(b"\r\n") + 1) + 2] if data[0] == 71 else data[:5]
    reason = outcome(first)
    assert isinstance(reason, str)
    assert outcome(data) == reason


@given(BYTES | damaged())
def test_memory_is_in_proportion(peak: Peak, data: bytes) -> None:
    """16 bytes for each byte of a head (lines, then names and values), a copy of the rest."""
    big = data + bytes(1 << 18)
    _, most = peak(lambda: outcome(big))
    assert most <= 16 * len(data) + 2 * len(big) + (96 << 10)


@pytest.mark.parametrize("line", [b"a:\r\n", b"a:b\r\n", b"abc: defg\r\n"])
def test_memory_of_many_headers_is_bounded(line: bytes, peak: Peak) -> None:
    lines = line * ((MAX_HEAD - 60) // len(line))
    data = b"GET / HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n"
    found, most = peak(lambda: outcome(data))
    assert isinstance(found, Request)
    assert most <= 80 * MAX_HEAD
