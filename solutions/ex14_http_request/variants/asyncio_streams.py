# variant: asyncio streams inside, an ordinary function outside
# 变体：里面是 asyncio 的流（streams），外面是普通函数
from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable
from typing import NamedTuple, TypeVar

T = TypeVar("T")
LIMIT = 64 * 1024


class Response(NamedTuple):
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
    message = encode(method, host, port, path, headers or {}, body)
    return asyncio.run(exchange(method, host, port, message, timeout))


def encode(
    method: str, host: str, port: int, path: str, headers: dict[str, str], body: bytes
) -> bytes:
    fields = {"Host": f"{host}:{port}", "Connection": "close"}
    if body:
        fields["Content-Length"] = str(len(body))
    for name, value in headers.items():
        for known in [known for known in fields if known.lower() == name.lower()]:
            del fields[known]
        fields[name] = value
    lines = [f"{method} {path} HTTP/1.1", *(f"{n}: {v}" for n, v in fields.items())]
    if any("\r" in text or "\n" in text for text in (host, *lines)):
        raise ValueError("a line break where none belongs")
    return "".join(line + "\r\n" for line in [*lines, ""]).encode("latin-1") + body


async def bounded(awaitable: Awaitable[T], timeout: float) -> T:
    try:
        return await asyncio.wait_for(awaitable, timeout)
    except asyncio.TimeoutError:  # a TimeoutError only from Python 3.11 on
        raise TimeoutError("the server is silent") from None


async def connect(host: str, port: int, timeout: float) -> socket.socket:
    """Try one address after the other; asyncio would merge their errors into an OSError."""
    loop = asyncio.get_running_loop()
    error: OSError | None = None
    for family, kind, protocol, _, address in await loop.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            await bounded(loop.sock_connect(sock, address), timeout)
        except OSError as exc:
            sock.close()
            error = exc
        else:
            return sock
    raise error or OSError("no address")


async def exchange(method: str, host: str, port: int, message: bytes, timeout: float) -> Response:
    sock = await connect(host, port, timeout)
    reader, writer = await asyncio.open_connection(sock=sock, limit=LIMIT)
    try:
        # drain() is content when the buffer is low: here everything must have gone.
        writer.transport.set_write_buffer_limits(0)
        writer.write(message)
        await bounded(writer.drain(), timeout)
        return await Receiver(reader, timeout).response(method)
    finally:
        writer.transport.abort()  # close() would wait for unsent data
        await asyncio.sleep(0)  # lets the transport close its socket


class Receiver:
    def __init__(self, reader: asyncio.StreamReader, timeout: float) -> None:
        self.reader = reader
        self.timeout = timeout
        self.pending = b""

    async def more(self) -> bytes:
        # read() and not readexactly(): the timeout is one receive's, not the body's
        data = await bounded(self.reader.read(LIMIT), self.timeout)
        self.pending += data
        return data

    async def until(self, end: bytes) -> bytes:
        while end not in self.pending:
            if len(self.pending) > LIMIT:
                raise ValueError("too long")
            if not await self.more():
                raise ConnectionError("cut off")
        result, _, self.pending = self.pending.partition(end)
        if len(result) > LIMIT:
            raise ValueError("too long")
        return result

    async def exactly(self, size: int) -> bytes:
        while len(self.pending) < size:
            if not await self.more():
                raise ConnectionError("cut off")
        result, self.pending = self.pending[:size], self.pending[size:]
        return result

    async def response(self, method: str) -> Response:
        status = 1
        while status < 200:
            head = (await self.until(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.split("\r\n")
            version, status_text, reason = (first + "  ").split(" ", 2)
            if not version.startswith("HTTP/") or not status_text.isdecimal():
                raise ValueError("no status line")
            status = int(status_text)
        headers: dict[str, str] = {}
        for line in lines:
            name, value = line.split(":", 1)
            name = name.lower()
            before = headers[name] + ", " if name in headers else ""
            headers[name] = before + value.strip()
        body = await self.body(method, status, headers)
        return Response(status, reason.rstrip(), headers, body)

    async def body(self, method: str, status: int, headers: dict[str, str]) -> bytes:
        if method == "HEAD" or status in (204, 304):
            return b""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return await self.chunks()
        if "content-length" in headers:
            if not headers["content-length"].isdecimal():
                raise ValueError("no length")
            return await self.exactly(int(headers["content-length"]))
        while await self.more():
            pass
        return self.pending

    async def chunks(self) -> bytes:
        body = bytearray()
        while True:
            size = int((await self.until(b"\r\n")).partition(b";")[0], 16)
            if size < 0:
                raise ValueError("negative size")
            if size == 0:
                break
            body += await self.exactly(size)
            await self.exactly(2)
        while await self.until(b"\r\n"):
            pass
        return bytes(body)
