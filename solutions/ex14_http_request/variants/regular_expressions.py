# variant: regular expressions on one growing buffer, which is matched again after every recv
# 变体：用正则表达式匹配一块不断增长的缓冲区，每次 recv 之后重新匹配
import re
import socket
from typing import Any, NamedTuple

STATUS_LINE = re.compile(rb"HTTP/\S+ +(?P<status>\d{1,4})(?: (?P<reason>[^\r]*))?\r\n")
FIELD = re.compile(rb"(?P<name>[^:\r\n]+):[ \t]*(?P<value>[^\r\n]*?)[ \t]*\r\n")
HEAD = re.compile(rb"(?P<first>[^\n]*\n)(?P<fields>(?:[^\r\n][^\n]*\n)*)\r\n")
SIZE = re.compile(rb"(?P<size>[^;\r\n]*)(?:;[^\r\n]*)?\r\n")
TRAILERS = re.compile(rb"(?:[^\r\n]+\r\n)*\r\n")
LINE_BREAK = re.compile(r"[\r\n]")


class Response(NamedTuple):
    status: int
    reason: str
    headers: dict[str, str]
    body: bytes


class Matcher:
    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.text = b""

    def receive(self) -> bytes:
        data = self.sock.recv(32768)
        self.text += data
        return data

    def match(self, pattern: "re.Pattern[bytes]", longest: int = 1 << 16) -> "re.Match[bytes]":
        while not (found := pattern.match(self.text)):
            if len(self.text) > longest:
                raise ValueError("no end found")
            if not self.receive():
                raise ConnectionError("closed before the end")
        if found.end() > longest:
            raise ValueError("the end was found too late")
        self.text = self.text[found.end() :]
        return found

    def exactly(self, size: int) -> bytes:
        while len(self.text) < size:
            if not self.receive():
                raise ConnectionError("closed before the end")
        data, self.text = self.text[:size], self.text[size:]
        return data


def digits(pattern: str, text: str) -> str:
    if not re.fullmatch(pattern, text):
        raise ValueError(f"not a number: {text}")
    return text


def chunk_size(matcher: Matcher) -> int:
    return int(digits("[0-9a-fA-F]+ *", matcher.match(SIZE)["size"].decode("latin-1")), 16)


def request(
    method: str,
    host: str,
    port: int,
    path: str = "/",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    timeout: float = 5.0,
) -> Response:
    fields: dict[str, Any] = {"Host": f"{host}:{port}", "Connection": "close"}
    if body:
        fields["Content-Length"] = len(body)
    for name, value in (headers or {}).items():
        same = re.compile(re.escape(name), re.IGNORECASE)
        fields = {key: old for key, old in fields.items() if not same.fullmatch(key)}
        fields[name] = value
    texts = (method, host, path, *fields, *map(str, fields.values()))
    if any(LINE_BREAK.search(text) for text in texts):
        raise ValueError("CR or LF")
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in fields.items())
    with socket.create_connection((host, port), timeout) as sock:
        sock.sendall(head.encode() + b"\r\n" + body)
        return read(Matcher(sock), method)


def read(matcher: Matcher, method: str) -> Response:
    while True:
        head = matcher.match(HEAD)
        line = STATUS_LINE.fullmatch(head["first"])
        if not line:
            raise ValueError("not a status line")
        status = int(line["status"])
        if status >= 200:
            break
    headers: dict[str, str] = {}
    for field in FIELD.finditer(head["fields"]):
        name, value = field["name"].decode("latin-1").lower(), field["value"].decode("latin-1")
        headers[name] = headers[name] + ", " + value if name in headers else value
    reason = (line["reason"] or b"").decode("latin-1")
    if method == "HEAD" or status in (204, 304):
        return Response(status, reason, headers, b"")
    if re.fullmatch("chunked", headers.get("transfer-encoding", ""), re.IGNORECASE):
        body = b""
        while size := chunk_size(matcher):
            body += matcher.exactly(size)
            matcher.exactly(2)
        matcher.match(TRAILERS)
    elif "content-length" in headers:
        body = matcher.exactly(int(digits("[0-9]+", headers["content-length"])))
    else:
        while matcher.receive():
            pass
        body = matcher.text
    return Response(status, reason, headers, body)
