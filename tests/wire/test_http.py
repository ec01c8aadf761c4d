"""The strict request parser: whole, cut anywhere, followed by more, malformed, random."""

from __future__ import annotations

import random
import time
import tracemalloc

import pytest

from grader.wire import http
from grader.wire.http import MAX_BODY, MAX_HEAD, ProtocolError, Request, parse_request

HOST = b"Host: 127.0.0.1:8080\r\n"
GET = b"GET /index.html?q=1&r=%E4 HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\n" + HOST + b"content-LENGTH: 6\r\n\r\n\r\n\r\n\x00\xff"

GOOD = {
    "get": (GET, "GET", "/index.html?q=1&r=%E4", b""),
    "post": (POST, "POST", "/a", b"\r\n\r\n\x00\xff"),
    "no body": (b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n", "PUT", "/", b""),
    "leading zeros": (
        b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: 002\r\n\r\nhi",
        "PUT",
        "/",
        b"hi",
    ),
    "asterisk": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", "OPTIONS", "*", b""),
    "authority": (b"CONNECT a.b:443 HTTP/1.1\r\n" + HOST + b"\r\n", "CONNECT", "a.b:443", b""),
    "absolute": (b"GET http://a:1/b?c HTTP/1.1\r\nHost: a:1\r\n\r\n", "GET", "http://a:1/b?c", b""),
    "odd method": (
        b"m-search! /~a/;b=c/@:$ HTTP/1.1\r\n" + HOST + b"\r\n",
        "m-search!",
        "/~a/;b=c/@:$",
        b"",
    ),
    "empty host": (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET", "/", b""),
    "IPv6 host": (b"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "GET", "/", b""),
    "old": (b"GET / HTTP/1.0\r\n\r\n", "GET", "/", b""),
    "many headers": (b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 5000 + b"\r\n", "GET", "/", b""),
}


def head(*lines: bytes, first: bytes = b"GET / HTTP/1.1", host: bytes = HOST) -> bytes:
    """Return a request with these lines between its Host header and its empty line."""
    return first + b"\r\n" + host + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


BAD = {
    "bare LF everywhere": (b"GET / HTTP/1.1\nHost: a\n\n", "bare_lf"),
    "bare LF at the end": (b"GET / HTTP/1.1\r\nHost: a\r\n\n", "bare_lf"),
    "LF first": (b"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "bare_lf"),
    "bare CR": (head(b"X: a\rb"), "bare_cr"),
    "CR twice": (b"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", "bare_cr"),
    "CR before LF": (head(b"X: a\rb\nc"), "bare_cr"),
    "LF before CR": (head(b"X: a\nb\rc"), "bare_lf"),
    "empty line first": (b"\r\n" + GET, "empty_first_line"),
    "two words": (head(first=b"GET /"), "bad_request_line"),
    "four words": (head(first=b"GET / a HTTP/1.1"), "bad_request_line"),
    "two spaces": (head(first=b"GET  / HTTP/1.1"), "bad_request_line"),
    "space in front": (head(first=b" GET / HTTP/1.1"), "bad_request_line"),
    "space behind": (head(first=b"GET / HTTP/1.1 "), "bad_request_line"),
    "tab for space": (head(first=b"GET\t/ HTTP/1.1"), "bad_request_line"),
    "method": (head(first=b"G(T / HTTP/1.1"), "bad_method"),
    "relative": (head(first=b"GET index.html HTTP/1.1"), "bad_target"),
    "percent": (head(first=b"GET /%4 HTTP/1.1"), "bad_target"),
    "fragment": (head(first=b"GET /a#b HTTP/1.1"), "bad_target"),
    "not ASCII": (head(first=b"GET /\xe4 HTTP/1.1"), "bad_target"),
    "control": (head(first=b"GET /\x00 HTTP/1.1"), "bad_target"),
    "quote": (head(first=b'GET /" HTTP/1.1'), "bad_target"),
    "asterisk for GET": (head(first=b"GET * HTTP/1.1"), "bad_target"),
    "path for CONNECT": (head(first=b"CONNECT / HTTP/1.1"), "bad_target"),
    "lower case": (head(first=b"GET / http/1.1"), "bad_version"),
    "one digit": (head(first=b"GET / HTTP/2"), "bad_version"),
    "HTTP/2.0": (head(first=b"GET / HTTP/2.0"), "unknown_version"),
    "folded": (head(b"X: a", b" b"), "folded_header"),
    "first folded": (head(host=b"\tHost: a\r\n"), "folded_header"),
    "no colon": (head(b"Hello"), "no_colon"),
    "space before colon": (head(b"X : a"), "space_before_colon"),
    "empty name": (head(b": a"), "bad_header_name"),
    "name": (head(b"X Y: a"), "bad_header_name"),
    "NUL": (head(b"X: a\x00"), "bad_header_value"),
    "DEL": (head(b"X: \x7f"), "bad_header_value"),
    "no host": (head(host=b""), "no_host"),
    "two hosts": (head(b"hOST: 127.0.0.1:8080"), "repeated_host"),
    "host with path": (head(host=b"Host: a/b\r\n"), "bad_host"),
    "host with URL": (head(host=b"Host: http://a\r\n"), "bad_host"),
    "host with words": (head(host=b"Host: a b\r\n"), "bad_host"),
    "host port": (head(host=b"Host: a:b\r\n"), "bad_host"),
    "chunked": (head(b"Transfer-Encoding: chunked") + b"0\r\n\r\n", "transfer_encoding"),
    "both": (head(b"Content-Length: 1", b"transfer-encoding: gzip"), "transfer_encoding"),
    "two lengths": (head(b"Content-Length: 1", b"Content-length: 1"), "repeated_length"),
    "length list": (head(b"Content-Length: 1, 1"), "bad_length"),
    "negative": (head(b"Content-Length: -1"), "bad_length"),
    "sign": (head(b"Content-Length: +1"), "bad_length"),
    "underscore": (head(b"Content-Length: 1_0"), "bad_length"),
    "empty length": (head(b"Content-Length:"), "bad_length"),
    "other digits": (head(b"Content-Length: \xb2"), "bad_length"),
    "too much": (head(b"Content-Length: %d" % (MAX_BODY + 1)), "body_too_long"),
    "far too much": (head(b"Content-Length: 1" + b"0" * 20_000), "body_too_long"),
    "long": (head(*[b"X: " + b"y" * 1000] * 70), "head_too_long"),
    "without an end": (b"GET / HTTP/1.1\r\nX: " + b"y" * MAX_HEAD, "head_too_long"),
    "without a line": (b"a" * (MAX_HEAD + 1), "head_too_long"),
}


def reason_of(data: bytes) -> str | None:
    """Return why ``data`` is malformed; ``None`` where it is not, or not yet."""
    try:
        parse_request(data)
    except ProtocolError as error:
        return error.reason
    return None


@pytest.mark.parametrize(("data", "method", "target", "body"), GOOD.values(), ids=GOOD)
def test_reads_a_whole_request(data: bytes, method: str, target: str, body: bytes) -> None:
    request = parse_request(data)
    assert request is not None
    assert (request.method, request.target) == (method, target)
    assert (request.body, request.rest) == (body, b"")


@pytest.mark.parametrize("data", [GET, POST], ids=["get", "post"])
def test_waits_for_more_at_every_cut(data: bytes) -> None:
    assert [parse_request(data[:size]) for size in range(len(data))] == [None] * len(data)


@pytest.mark.parametrize("data", [entry[0] for entry in GOOD.values()], ids=GOOD)
@pytest.mark.parametrize("more", [b"\n", b"\r\n", GET, b"\x00" * 100_000])
def test_leaves_what_follows(data: bytes, more: bytes) -> None:
    alone, followed = parse_request(data), parse_request(data + more)
    assert alone is not None
    assert followed is not None
    assert followed.rest == more
    assert (followed.headers, followed.body) == (alone.headers, alone.body)


def test_reads_a_growing_bytearray() -> None:
    size = 16 << 20
    received = bytearray(head(b"Content-Length: %d" % size))
    began = time.process_time()
    for _ in range(size >> 14):
        assert parse_request(received) is None
        received += bytes(1 << 14)
    request = parse_request(received)
    assert request is not None
    assert request.body == bytes(size)
    assert isinstance(request.body, bytes)
    assert time.process_time() - began < 2.0


def test_keeps_headers_as_they_were_sent() -> None:
    request = parse_request(head(b"X-A:1", b"x-a: \t two words\t ", b"X-B:", b"X-C: a:b\xe4"))
    assert request is not None
    assert request.version == "HTTP/1.1"
    assert request.headers == [
        ("Host", "127.0.0.1:8080"),
        ("X-A", "1"),
        ("x-a", "two words"),
        ("X-B", ""),
        ("X-C", "a:bä"),
    ]
    assert request.values("X-a") == ["1", "two words"]
    assert request.values("nothing") == []


@pytest.mark.parametrize(("data", "reason"), BAD.values(), ids=BAD)
def test_refuses_a_malformed_request(data: bytes, reason: str) -> None:
    assert reason_of(data) == reason


@pytest.mark.parametrize("data", [entry[0] for entry in BAD.values()], ids=BAD)
def test_a_fault_stays_a_fault(data: bytes) -> None:
    """A prefix is incomplete until it is refused, and refused from then on."""
    step = max(1, len(data) // 200)
    verdicts = [reason_of(data[:size]) for size in range(0, len(data) + 1, step)]
    first = next((i for i, verdict in enumerate(verdicts) if verdict), len(verdicts))
    assert set(verdicts[:first]) <= {None}
    assert None not in verdicts[first:]


def test_every_reason_is_tested() -> None:
    assert {reason for _, reason in BAD.values()} == set(http.REASONS)


def test_a_head_of_the_longest_size_is_read() -> None:
    empty = head(b"X: ")
    longest = head(b"X: " + b"y" * (MAX_HEAD - len(empty)))
    assert len(longest) == MAX_HEAD
    assert isinstance(parse_request(longest), Request)
    assert reason_of(longest.replace(b"X: ", b"X: y")) == "head_too_long"


def test_the_longest_body_is_waited_for() -> None:
    assert parse_request(head(b"Content-Length: %d" % MAX_BODY)) is None


@pytest.mark.parametrize("seed", range(20))
def test_any_bytes_are_read_refused_or_waited_for(seed: int) -> None:
    rng = random.Random(seed)
    alphabet = b"\r\n\r\n\r\n  ::/1G\t\x00\xff"
    whole = [data for data, *_ in GOOD.values()] + [data for data, _ in BAD.values()]
    seeds = [data for data in whole if len(data) < 1000]
    for _ in range(500):
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(len(data) + 1)
            data[at : at + rng.randrange(4)] = bytes(rng.choices(alphabet, k=rng.randrange(4)))
        reason = reason_of(bytes(data))
        assert reason is None or reason in http.REASONS
        reason = reason_of(rng.randbytes(rng.randrange(200)))
        assert reason is None or reason in http.REASONS


@pytest.mark.parametrize(
    "data",
    [
        b"GET " + b"/" * 60_000 + b" HTTP/1.1\r\n",
        b"GET /" + b"%41" * 20_000 + b"% HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\nHost: " + b"a" * 60_000 + b"/\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a:\r\n" * 15_000,
        b"\r" * 60_000,
    ],
    ids=["slashes", "percent", "host", "headers", "CR"],
)
def test_no_bytes_take_long(data: bytes) -> None:
    began = time.process_time()
    reason_of(data)
    assert time.process_time() - began < 1.0


def test_memory_stays_with_what_was_given() -> None:
    data = b"a" * (16 << 20)
    tracemalloc.start()
    try:
        assert reason_of(data) == "head_too_long"
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20
