# variant: email.parser for the headers, io.BufferedReader over recv_into, a dataclass as the result
# 变体：用 email.parser 解析头部，io.BufferedReader 架在 recv_into 上，结果是一个 dataclass
from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from socket import SHUT_RDWR, create_connection, socket


@dataclass
class Response:
    status: int
    reason: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def from_head(cls, head: bytes) -> Response:
        status_line, _, fields = head.partition(b"\r\n")
        words = status_line.decode("latin-1").split(" ")
        if not words[0].startswith("HTTP/") or len(words) < 2 or not words[1].isdigit():
            raise ValueError(f"bad status line {status_line!r}")
        parsed = BytesHeaderParser().parsebytes(fields + b"\r\n\r\n")
        headers = {name.lower(): ", ".join(parsed.get_all(name, [])) for name in parsed}
        return cls(int(words[1]), " ".join(words[2:]), headers)


class Inbox(io.RawIOBase):
    """The raw half of a buffered reader: `BufferedReader` does the rest."""

    def __init__(self, sock: socket) -> None:
        self.sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self.sock.recv_into(buffer)


class Reader(io.BufferedReader):
    def line(self, limit: int = 80_000) -> bytes:
        """Read a line, its end included."""
        line = self.readline(limit)
        if line.endswith(b"\n"):
            return line
        if len(line) == limit:
            raise ValueError("the line has no end")
        raise ConnectionError("closed in mid-line")

    def head(self) -> bytes:
        """Read up to the empty line, which is left out."""
        head = b""
        while (line := self.line()) != b"\r\n":
            head += line
            if len(head) > 80_000:
                raise ValueError("the head has no end")
        return head

    def exactly(self, size: int) -> bytes:
        data = self.read(size)
        if len(data) < size:
            raise ConnectionError(f"closed {size - len(data)} bytes too early")
        return data

    def chunks(self) -> bytes:
        parts = []
        while size := whole(self.line().split(b";", 1)[0].strip(), 16):
            parts.append(self.exactly(size))
            self.exactly(2)
        self.head()
        return b"".join(parts)


def whole(text: str | bytes, base: int = 10) -> int:
    number = int(text, base)
    if number < 0:
        raise ValueError(f"{number} is negative")
    return number


def request(
    method: str,
    host: str,
    port: int,
    path: str = "/",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    timeout: float = 5.0,
) -> Response:
    wanted = {"host": f"{host}:{port}", "connection": "close"}
    if body:
        wanted |= {"content-length": str(len(body))}
    wanted |= {name.lower(): value for name, value in (headers or {}).items()}
    for text in (method, host, path, *wanted, *wanted.values()):
        if len(text.split("\n")) > 1 or len(text.split("\r")) > 1:
            raise ValueError(f"{text!r} breaks the line")
    out = io.BytesIO()
    out.write(f"{method} {path} HTTP/1.1\r\n".encode())
    out.writelines(f"{name}: {value}\r\n".encode() for name, value in wanted.items())
    out.write(b"\r\n")
    out.write(body)
    sock = create_connection((host, port), timeout)
    try:
        sock.sendall(out.getbuffer())
        return receive(Reader(Inbox(sock)), method)
    finally:
        with contextlib.suppress(OSError):  # the server may have been faster
            sock.shutdown(SHUT_RDWR)
        sock.close()


def receive(reader: Reader, method: str) -> Response:
    response = Response.from_head(reader.head())
    if response.status < 200:
        return receive(reader, method)
    fields = response.headers
    if method != "HEAD" and response.status not in (204, 304):
        if fields.get("transfer-encoding", "identity").lower() == "chunked":
            response.body = reader.chunks()
        elif "content-length" in fields:
            response.body = reader.exactly(whole(fields["content-length"]))
        else:
            response.body = reader.read()
    return response
