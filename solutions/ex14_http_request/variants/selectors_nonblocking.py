# variant: a non-blocking socket, and a selector that does all the waiting
# 变体：非阻塞套接字，所有的等待都交给一个 selector
import errno
import os
import selectors
import socket
import time
from collections.abc import Mapping
from types import SimpleNamespace


def request(
    method: str,
    host: str,
    port: int,
    path: str = "/",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    timeout: float = 5.0,
) -> SimpleNamespace:
    message = compose(method, host, port, path, dict(headers or {}), body)
    transfer = Transfer(timeout)
    try:
        transfer.connect(host, port)
        transfer.send(message)
        return receive(transfer, method)
    finally:
        transfer.close()


def compose(
    method: str, host: str, port: int, path: str, headers: dict[str, str], body: bytes
) -> bytes:
    def line(text: str) -> bytes:
        if "\r" in text or "\n" in text:
            raise ValueError(f"more than one line: {text!r}")
        return text.encode() + b"\r\n"

    own = {"Host": f"{host}:{port}", "Connection": "close", "Content-Length": str(len(body))}
    line(host)
    given = {name.lower() for name in headers}
    message = bytearray(line(f"{method} {path} HTTP/1.1"))
    for name, value in own.items():
        if name.lower() not in given and (body or name != "Content-Length"):
            message += line(f"{name}: {value}")
    for name, value in headers.items():
        message += line(name + ": " + value)
    return bytes(message + b"\r\n" + body)


class Transfer:
    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self.selector = selectors.DefaultSelector()
        self.sock: socket.socket | None = None
        self.received = bytearray()

    def close(self) -> None:
        self.selector.close()
        if self.sock is not None:
            self.sock.close()

    def wait(self, event: int, until: float) -> None:
        assert self.sock is not None
        self.selector.modify(self.sock, event)
        if not self.selector.select(max(0.0, until - time.monotonic())):
            raise TimeoutError("nothing happened in time")

    def connect(self, host: str, port: int) -> None:
        problem: OSError | None = None
        for family, kind, proto, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        ):
            self.sock = socket.socket(family, kind, proto)
            self.sock.setblocking(False)
            self.selector.register(self.sock, selectors.EVENT_WRITE)
            try:
                code = self.sock.connect_ex(address)
                if code == errno.EINPROGRESS:
                    self.wait(selectors.EVENT_WRITE, time.monotonic() + self.timeout)
                    code = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if not code:
                    return
                problem = OSError(code, os.strerror(code))  # becomes the right subclass
            except TimeoutError as error:
                problem = error
            self.selector.unregister(self.sock)
            self.sock.close()
        if problem is not None:
            raise problem

    def send(self, message: bytes) -> None:
        assert self.sock is not None
        until = time.monotonic() + self.timeout
        view = memoryview(message)
        while view:
            try:
                view = view[self.sock.send(view) :]
            except BlockingIOError:
                self.wait(selectors.EVENT_WRITE, until)

    def more(self) -> int:
        """Wait for bytes and collect them; 0 at the end of the stream."""
        assert self.sock is not None
        until = time.monotonic() + self.timeout
        while True:
            try:
                data = self.sock.recv(1 << 16)
            except BlockingIOError:
                self.wait(selectors.EVENT_READ, until)
            else:
                self.received += data
                return len(data)

    def demand(self) -> None:
        if not self.more():
            raise ConnectionResetError("the stream ends before the answer does")


def receive(transfer: Transfer, method: str) -> SimpleNamespace:
    data = transfer.received

    def cut(size: int) -> bytes:
        while len(data) < size:
            transfer.demand()
        piece = bytes(data[:size])
        del data[:size]
        return piece

    def cut_line(room: int = 70_000) -> str:
        while (position := data.find(b"\r\n")) < 0:
            if len(data) > room:
                raise ValueError("endless line")
            transfer.demand()
        if position > room:
            raise ValueError("endless head")
        return cut(position + 2)[:-2].decode("iso-8859-1")

    def cut_fields() -> dict[str, str]:
        fields: dict[str, str] = {}
        room = 70_000
        while line := cut_line(room):
            room = max(0, room - len(line) - 2)
            name, _, value = line.partition(":")
            key = name.casefold()
            fields[key] = fields[key] + ", " + value.strip() if key in fields else value.strip()
        return fields

    status = 0
    while status < 200:
        words = cut_line().split(" ", 2)
        if not words[0].startswith("HTTP/"):
            raise ValueError(f"{words[0]!r} is not HTTP")
        status = natural(words[1] if len(words) > 1 else "")
        reason = words[2] if len(words) > 2 else ""
        fields = cut_fields()

    if method == "HEAD" or status in (204, 304):
        body = b""
    elif fields.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while size := natural(cut_line().split(";")[0].strip(), 16):
            body += cut(size)
            cut(2)
        cut_fields()
    elif "content-length" in fields:
        body = cut(natural(fields["content-length"]))
    else:
        while transfer.more():
            pass
        body = bytes(data)
    return SimpleNamespace(status=status, reason=reason, headers=fields, body=body)


def natural(text: str, base: int = 10) -> int:
    value = int(text, base)
    if value < 0:
        raise ValueError("negative")
    return value
