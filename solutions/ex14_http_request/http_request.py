"""HTTP/1.1 by hand: one request, one response, one connection (RFC 9112)."""

from __future__ import annotations

import re
import socket
from typing import NamedTuple

MAX_HEAD = 64 * 1024  # status line and headers of one response, or the trailers
MAX_SIZE_LINE = 4 * 1024  # one chunk-size line, its extensions included
RECEIVE_SIZE = 64 * 1024
NO_BODY = (204, 304)


class Response(NamedTuple):
    """What the server answered; the header names are in lower case."""

    status: int
    reason: str
    headers: dict[str, str]
    body: bytes


def request(
    method: str,
    host: str,
    port: int,
    path: str = "/",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    timeout: float = 5.0,
) -> Response:
    """Send one request on a connection of its own and return the response."""
    # Built first: what cannot be sent must not cost a connection.
    message = _build(method, host, port, path, headers or {}, body)
    with socket.create_connection((host, port), timeout) as sock:
        sock.sendall(message)
        return _read_response(_Stream(sock), method)


def _build(
    method: str, host: str, port: int, path: str, headers: dict[str, str], body: bytes
) -> bytes:
    # The host is checked as well where the caller brings a Host header: it is still ours to send.
    for text in (method, host, path, *headers, *headers.values()):
        if "\r" in text or "\n" in text:
            raise ValueError(f"a line break in {text!r} would begin a line of its own")
    fields = {"host": ("Host", f"{host}:{port}"), "connection": ("Connection", "close")}
    if body:
        fields["content-length"] = ("Content-Length", str(len(body)))
    for name, value in headers.items():
        fields[name.lower()] = (name, value)
    lines = [f"{method} {path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in fields.values()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


class _Stream:
    """What has come and is not yet used: `recv` cuts where it likes, this cuts where we like."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._buffer = bytearray()

    def _receive(self) -> bool:
        data = self._sock.recv(RECEIVE_SIZE)
        self._buffer += data
        return bool(data)

    def _receive_more(self) -> None:
        if not self._receive():
            raise ConnectionError("the server closed the connection in mid-response")

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def until(self, end: bytes, limit: int) -> bytes:
        """Return what stands before `end`, and consume both."""
        searched = 0
        while (found := self._buffer.find(end, searched, limit + len(end))) < 0:
            if len(self._buffer) >= limit + len(end):
                raise ValueError(f"more than {limit} bytes, and no end in sight")
            # `end` may have come in part: its beginning must be searched again.
            searched = max(0, len(self._buffer) - len(end) + 1)
            self._receive_more()
        taken = self._take(found)
        self._take(len(end))
        return taken

    def exactly(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        while len(self._buffer) < size:
            self._receive_more()
        return self._take(size)

    def rest(self) -> bytes:
        """Return everything until the server closes."""
        while self._receive():
            pass
        return self._take(len(self._buffer))


def _read_response(stream: _Stream, method: str) -> Response:
    status = 100
    while 100 <= status < 200:  # interim responses: a head each, and never a body
        status_line, *lines = stream.until(b"\r\n\r\n", MAX_HEAD).decode("latin-1").split("\r\n")
        status, reason = _parse_status_line(status_line)
    headers = _parse_headers(lines)
    return Response(status, reason, headers, _read_body(stream, method, status, headers))


def _parse_status_line(line: str) -> tuple[int, str]:
    match = re.fullmatch(r"HTTP/[0-9]\.[0-9] ([0-9]{3})(?: (.*))?", line)
    if match is None:
        raise ValueError(f"not a status line: {line!r}")
    return int(match[1]), match[2] or ""


def _parse_headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(f"a header without a colon: {line!r}")
        name, value = name.lower(), value.strip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _read_body(stream: _Stream, method: str, status: int, headers: dict[str, str]) -> bytes:
    """Read the body; the order of the questions is that of RFC 9112, section 6.3."""
    if method == "HEAD" or status in NO_BODY:
        return b""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _read_chunks(stream)
    length = headers.get("content-length")
    if length is None:
        return stream.rest()
    # int() alone would let "-1", "+1" and "1_0" through.
    if re.fullmatch("[0-9]+", length) is None:
        raise ValueError(f"Content-Length is not a number: {length!r}")
    return stream.exactly(int(length))


def _read_chunks(stream: _Stream) -> bytes:
    body = bytearray()
    while True:
        line = stream.until(b"\r\n", MAX_SIZE_LINE)
        size = line.partition(b";")[0].rstrip(b" \t")  # what follows is an extension
        if re.fullmatch(rb"[0-9A-Fa-f]+", size) is None:
            raise ValueError(f"a chunk size is not a number: {line!r}")
        if int(size, 16) == 0:
            break
        body += stream.exactly(int(size, 16))
        if stream.exactly(2) != b"\r\n":
            raise ValueError("a chunk is longer than its size says")
    room = MAX_HEAD
    while trailer := stream.until(b"\r\n", room):  # dropped; they end with an empty line
        room = max(0, room - len(trailer) - 2)
    return bytes(body)
