# variant: asyncio streams on both sides
# 变体：服务器和客户端都用 asyncio 的流（streams）
"""Echo with asyncio."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


def serve(host: str, port: int) -> None:
    """Run the event loop for ever."""
    asyncio.run(serve_async(host, port))


async def serve_async(host: str, port: int) -> None:
    """Start the server and stay."""
    server = await asyncio.start_server(converse, host, port)
    async with server:
        await server.serve_forever()


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Echo to one client."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def echo(host: str, port: int, message: bytes, timeout: float = 5.0) -> bytes:
    """Connect, then leave the exchange to the event loop."""
    with socket.create_connection((host, port), timeout) as sock:
        return asyncio.run(exchange(sock, message, timeout))


async def exchange(sock: socket.socket, message: bytes, timeout: float) -> bytes:
    """Send message and read as many bytes."""
    reader, writer = await asyncio.open_connection(sock=sock)
    try:
        writer.transport.set_write_buffer_limits(high=0)  # drain() then waits for the last byte
        writer.write(message)
        await within(timeout, writer.drain())
        pieces: list[bytes] = []
        missing = len(message)
        while missing:
            piece = await within(timeout, reader.read(missing))
            if not piece:
                raise ConnectionResetError("the reply is not complete")
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def within(timeout: float, step: Awaitable[T]) -> T:
    """Bound one step; Python 3.10 has a TimeoutError of asyncio's own."""
    try:
        return await asyncio.wait_for(step, timeout)
    except asyncio.TimeoutError:
        raise TimeoutError(f"nothing happened for {timeout} s") from None
