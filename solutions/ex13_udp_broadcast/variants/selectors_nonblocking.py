# variant: a selector with non-blocking sockets, a class behind the functions
# 变体：一个 selector 加非阻塞套接字，函数背后是一个类
"""Waits in a selector for what is left of the time, then reads all that is there."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable
from types import TracebackType


class Radio:
    """A non-blocking UDP socket and a selector that watches it."""

    def __init__(self) -> None:
        self.sock = socket.socket(type=socket.SOCK_DGRAM)
        self.selector = selectors.DefaultSelector()
        self.sock.setblocking(False)
        self.selector.register(self.sock, selectors.EVENT_READ)

    def __enter__(self) -> Radio:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.selector.close()
        self.sock.close()

    def allow(self, option: int) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, option, True)

    def hear(self, timeout: float, handle: Callable[[bytes, str], object]) -> None:
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.selector.select(max(0.0, end - time.monotonic())):
                self.read_all(end, handle)

    def read_all(self, end: float, handle: Callable[[bytes, str], object]) -> None:
        while time.monotonic() < end:
            try:
                data, sender = self.sock.recvfrom(1 << 16)
            except BlockingIOError:
                return
            handle(data, sender[0])


def announce(message: bytes, address: str, port: int) -> None:
    with Radio() as radio:
        radio.allow(socket.SO_BROADCAST)
        radio.sock.setblocking(True)
        radio.sock.sendto(message, (address, port))


def listen(port: int, timeout: float, address: str = "") -> list[tuple[bytes, str]]:
    heard: list[tuple[bytes, str]] = []
    with Radio() as radio:
        radio.allow(socket.SO_REUSEADDR)
        radio.sock.bind((address, port))
        radio.hear(timeout, lambda data, ip: heard.append((data, ip)))
    return heard


def discover(address: str, port: int, timeout: float) -> dict[str, bytes]:
    answers: dict[str, bytes] = {}
    with Radio() as radio:
        radio.allow(socket.SO_BROADCAST)
        radio.sock.sendto(b"DISCOVER", (address, port))
        radio.hear(timeout, lambda data, ip: answers.setdefault(ip, data))
    return answers
