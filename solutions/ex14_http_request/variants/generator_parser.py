# variant: a generator is the parser: it knows no socket, yields where it wants bytes, is sent them
# 变体：解析器是一个生成器：它不碰套接字，需要字节就 yield，由外面 send 给它
import socket
from collections.abc import Generator
from typing import NamedTuple, TypeVar

T = TypeVar("T")
# Asks for bytes by yielding; b"" tells it that there are no more.
Parser = Generator[None, bytes, T]


class Response(NamedTuple):
    status: int
    reason: str
    headers: dict[str, str]
    body: bytes


class Source:
    """The bytes between the socket and the parser."""

    def __init__(self) -> None:
        self.data = b""

    def pull(self) -> Parser[bool]:
        piece = yield
        self.data += piece
        return piece != b""

    def pull_or_fail(self) -> Parser[None]:
        if not (yield from self.pull()):
            raise ConnectionError("end of stream in mid-message")

    def take(self, size: int) -> Parser[bytes]:
        while len(self.data) < size:
            yield from self.pull_or_fail()
        piece, self.data = self.data[:size], self.data[size:]
        return piece

    def take_line(self, limit: int) -> Parser[str]:
        while (end := self.data.find(b"\r\n")) == -1 and len(self.data) <= limit:
            yield from self.pull_or_fail()
        if not 0 <= end <= limit:
            raise ValueError("a line without an end")
        line = yield from self.take(end + 2)
        return line[:-2].decode("latin-1")

    def take_everything(self) -> Parser[bytes]:
        while (yield from self.pull()):
            pass
        return self.data


def parse_response(method: str) -> Parser[Response]:
    source = Source()
    while True:
        status, reason = yield from parse_status_line(source)
        headers = yield from parse_fields(source)
        if status // 100 != 1:
            break
    body = b""
    if method != "HEAD" and status not in (204, 304):
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = yield from parse_chunks(source)
        elif (length := headers.get("content-length")) is not None:
            body = yield from source.take(to_number(length, 10))
        else:
            body = yield from source.take_everything()
    return Response(status, reason, headers, body)


def parse_status_line(source: Source) -> Parser[tuple[int, str]]:
    line = yield from source.take_line(65536)
    version, _, rest = line.partition(" ")
    status, _, reason = rest.partition(" ")
    if not version.startswith("HTTP/"):
        raise ValueError("HTTP was expected")
    return to_number(status, 10), reason


def parse_fields(source: Source) -> Parser[dict[str, str]]:
    fields: dict[str, list[str]] = {}
    limit = 65536
    while line := (yield from source.take_line(limit)):
        limit = max(0, limit - len(line) - 2)
        name, _, value = line.partition(":")
        fields.setdefault(name.lower(), []).append(value.strip())
    return {name: ", ".join(values) for name, values in fields.items()}


def parse_chunks(source: Source) -> Parser[bytes]:
    body = b""
    while True:
        line = yield from source.take_line(65536)
        size = to_number(line.partition(";")[0].strip(), 16)
        if size == 0:
            yield from parse_fields(source)
            return body
        body += yield from source.take(size)
        yield from source.take(2)


def to_number(text: str, base: int) -> int:
    if not text or not set(text.lower()) <= set("0123456789abcdef"[:base]):
        raise ValueError(f"{text!r} is no number to base {base}")
    return int(text, base)


def format_request(method: str, path: str, fields: list[tuple[str, str]], body: bytes) -> bytes:
    lines = [" ".join((method, path, "HTTP/1.1")), *map(": ".join, fields)]
    if set("\r\n") & set("".join(lines)):
        raise ValueError("a line break")
    return "\r\n".join((*lines, "", "")).encode() + body


def request(
    method: str,
    host: str,
    port: int,
    path: str = "/",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    timeout: float = 5.0,
) -> Response:
    if "\r" in host or "\n" in host:
        raise ValueError("a line break in the host")
    given = list((headers or {}).items())
    default = [("Host", f"{host}:{port}"), ("Connection", "close")]
    if body:
        default.append(("Content-Length", str(len(body))))
    overridden = {name.lower() for name, _ in given}
    fields = [field for field in default if field[0].lower() not in overridden] + given
    message = format_request(method, path, fields, body)
    parser = parse_response(method)
    next(parser)
    with socket.create_connection((host, port), timeout) as sock:
        sock.sendall(message)
        while True:
            try:
                parser.send(sock.recv(16384))
            except StopIteration as stop:
                return stop.value
