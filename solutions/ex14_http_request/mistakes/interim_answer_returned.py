# mistake: returns the first answer, though 1xx only announces the real one
# caught_by:
#   skips_interim_answers: interim_answer_returned
import socket
from typing import NamedTuple


class Response(NamedTuple):
    status: int
    reason: str
    headers: dict[str, str]
    body: bytes


class Reader:
    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.buffer = b""

    def fill(self) -> None:
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionError("closed too early")
        self.buffer += data

    def read_until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            if len(self.buffer) > 65536:
                raise ValueError("head too long")
            self.fill()
        part, self.buffer = self.buffer.split(mark, 1)
        if len(part) > 65536:
            raise ValueError("head too long")
        return part

    def read_exactly(self, size: int) -> bytes:
        while len(self.buffer) < size:
            self.fill()
        part, self.buffer = self.buffer[:size], self.buffer[size:]
        return part

    def read_all(self) -> bytes:
        while data := self.sock.recv(65536):
            self.buffer += data
        return self.buffer


def parse_head(head: bytes) -> tuple[int, str, dict[str, str]]:
    lines = head.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ", 2)
    if not parts[0].startswith("HTTP/") or len(parts) < 2:
        raise ValueError("this is not HTTP")
    status = int(parts[1])
    reason = parts[2] if len(parts) == 3 else ""
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, value = line.split(":", 1)
        name, value = name.lower(), value.strip()
        if name in headers:
            value = headers[name] + ", " + value
        headers[name] = value
    return status, reason, headers


def read_chunked(reader: Reader) -> bytes:
    body = b""
    while True:
        size = int(reader.read_until(b"\r\n").split(b";")[0], 16)
        if size < 0:
            raise ValueError("negative chunk size")
        if size == 0:
            break
        body += reader.read_exactly(size)
        reader.read_exactly(2)
    while reader.read_until(b"\r\n"):
        pass
    return body


def build_request(
    method: str, host: str, port: int, path: str, headers: dict[str, str], body: bytes
) -> bytes:
    for text in [method, host, path, *headers.keys(), *headers.values()]:
        if "\r" in text or "\n" in text:
            raise ValueError("line break in " + repr(text))
    own = {"Host": f"{host}:{port}", "Connection": "close"}
    if body:
        own["Content-Length"] = str(len(body))
    given = [name.lower() for name in headers]
    lines = [f"{method} {path} HTTP/1.1"]
    for name, value in own.items():
        if name.lower() not in given:
            lines.append(f"{name}: {value}")
    for name, value in headers.items():
        lines.append(f"{name}: {value}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def request(
    method: str,
    host: str,
    port: int,
    path: str = "/",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    timeout: float = 5.0,
) -> Response:
    data = build_request(method, host, port, path, headers or {}, body)
    with socket.create_connection((host, port), timeout=timeout) as sock:
        sock.sendall(data)
        reader = Reader(sock)
        status, reason, answer = parse_head(reader.read_until(b"\r\n\r\n"))
        if method == "HEAD" or status in (204, 304):
            content = b""
        elif answer.get("transfer-encoding", "").lower() == "chunked":
            content = read_chunked(reader)
        elif "content-length" in answer:
            length = int(answer["content-length"])
            if length < 0:
                raise ValueError("negative length")
            content = reader.read_exactly(length)
        else:
            content = reader.read_all()
    return Response(status, reason, answer, content)
