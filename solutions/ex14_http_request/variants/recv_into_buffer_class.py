# variant: one fixed receive buffer, filled by recv_into and looked at through a memoryview
# 变体：一块固定的接收缓冲区，用 recv_into 填充，通过 memoryview 来读
import socket


class Response:
    __slots__ = ("body", "headers", "reason", "status")

    def __init__(self, status: int, reason: str, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = body


class Connection:
    CAPACITY = 8192
    LONGEST_HEAD = 80 * 1024

    def __init__(self, host: str, port: int, timeout: float) -> None:
        self.socket = socket.create_connection((host, port), timeout=timeout)
        self.storage = bytearray(self.CAPACITY)
        self.view = memoryview(self.storage)
        self.start = self.stop = 0

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def refill(self) -> bool:
        """Overwrite the used-up buffer; False at the end of the stream."""
        self.start = 0
        self.stop = self.socket.recv_into(self.storage)
        return self.stop > 0

    def need(self) -> None:
        if self.start == self.stop and not self.refill():
            raise ConnectionAbortedError("end of stream inside a message")

    def line(self, allowance: int) -> bytes:
        line = bytearray()
        while not line.endswith(b"\r\n"):
            self.need()
            newline = self.storage.find(b"\n", self.start, self.stop)
            end = self.stop if newline < 0 else newline + 1
            line += self.view[self.start : end]
            self.start = end
            if len(line) > allowance:
                raise ValueError("line too long")
        return bytes(line[:-2])

    def lines(self) -> list[str]:
        """Read the lines up to the empty one."""
        found: list[str] = []
        allowance = self.LONGEST_HEAD
        while line := self.line(allowance):
            found.append(line.decode("latin-1"))
            allowance -= len(line) + 2
        return found

    def block(self, size: int) -> bytes:
        pieces: list[bytes] = []
        while size:
            self.need()
            piece = bytes(self.view[self.start : min(self.stop, self.start + size)])
            self.start += len(piece)
            size -= len(piece)
            pieces.append(piece)
        return b"".join(pieces)

    def remainder(self) -> bytes:
        pieces = [bytes(self.view[self.start : self.stop])]
        while self.refill():
            pieces.append(bytes(self.view[: self.stop]))
        return b"".join(pieces)


def number(text: str, digits: str, base: int) -> int:
    if not text or text.strip(digits):
        raise ValueError(f"{text!r} is not a number")
    return int(text, base)


def request(
    method: str,
    host: str,
    port: int,
    path: str = "/",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    timeout: float = 5.0,
) -> Response:
    headers = dict(headers or {})
    if any(set(text) & set("\r\n") for text in (method, host, path, *headers, *headers.values())):
        raise ValueError("line break")
    names = {name.lower() for name in headers}
    if "host" not in names:
        headers["Host"] = host if port == 80 else f"{host}:{port}"
    if "connection" not in names:
        headers["Connection"] = "close"
    if body and "content-length" not in names:
        headers["Content-Length"] = str(len(body))
    head = f"{method} {path} HTTP/1.1\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with Connection(host, port, timeout) as connection:
        connection.socket.sendall(head.encode() + b"\r\n")
        connection.socket.sendall(body)
        return read_response(connection, method)


def read_response(connection: Connection, method: str) -> Response:
    while True:
        first, *rest = connection.lines() or [""]
        version, _, remains = first.partition(" ")
        if version[:5] != "HTTP/":
            raise ValueError(f"{first!r} is not a status line")
        code, _, reason = remains.partition(" ")
        status = number(code, "0123456789", 10)
        if status >= 200:
            break
    fields: dict[str, str] = {}
    for line in rest:
        name, _, value = line.partition(":")
        before = fields.get(name.lower())
        fields[name.lower()] = value.strip() if before is None else f"{before}, {value.strip()}"
    if method == "HEAD" or status in {204, 304}:
        body = b""
    elif "chunked" in fields.get("transfer-encoding", "").lower():
        pieces: list[bytes] = []
        while size := chunk_size(connection):
            pieces.append(connection.block(size))
            connection.line(2)
        connection.lines()
        body = b"".join(pieces)
    elif "content-length" in fields:
        body = connection.block(number(fields["content-length"], "0123456789", 10))
    else:
        body = connection.remainder()
    return Response(status, reason, fields, body)


def chunk_size(connection: Connection) -> int:
    line = connection.line(4096).decode("latin-1")
    return number(line.split(";")[0].strip(), "0123456789abcdefABCDEF", 16)
