# variant: an event loop receives; the socket is non-blocking meanwhile and set back at the end
# 变体：由事件循环接收；其间把套接字设为非阻塞，结束时恢复原样
import asyncio
import codecs
import socket
from collections.abc import Generator, Iterator


def encode_text(text: str, encoding: str = "utf-8") -> bytes:
    return text.encode(encoding)


def decode_text(data: bytes, encoding: str = "utf-8") -> str:
    return data.decode(encoding)


def receive_text(sock: socket.socket, encoding: str = "utf-8") -> str:
    return b"".join(_segments(sock)).decode(encoding)


def receive_text_stream(sock: socket.socket, encoding: str = "utf-8") -> Iterator[str]:
    segments = _segments(sock)
    try:
        yield from codecs.iterdecode(segments, encoding)
    finally:
        segments.close()


def _segments(sock: socket.socket) -> Generator[bytes, None, None]:
    timeout = sock.gettimeout()
    loop = asyncio.new_event_loop()
    sock.settimeout(0.0)
    try:
        while True:
            receiving = asyncio.wait_for(loop.sock_recv(sock, 4096), timeout)
            try:
                segment = loop.run_until_complete(receiving)
            except asyncio.TimeoutError:  # noqa: UP041 - another class on Python 3.10
                raise TimeoutError("nothing came in time") from None
            if not segment:
                return
            yield segment
    finally:
        sock.settimeout(timeout)
        loop.close()
