# variant: one bytearray for all datagrams, read with recvfrom_into, select and SO_REUSEPORT
# 变体：所有数据报共用一个 bytearray，用 recvfrom_into 读入；还有 select 和 SO_REUSEPORT
"""One buffer is used again and again, and each datagram is copied out of it."""

from __future__ import annotations

import select
import socket
import time
from contextlib import ExitStack


class Ear:
    """A socket's datagrams until a deadline, read into one buffer."""

    def __init__(self, sock: socket.socket, timeout: float) -> None:
        self.sock = sock
        self.end = time.perf_counter() + timeout
        self.view = memoryview(bytearray(1 << 16))

    def __iter__(self) -> Ear:
        return self

    def __next__(self) -> tuple[bytes, str]:
        left = self.end - time.perf_counter()
        if left <= 0:
            raise StopIteration
        readable, _, _ = select.select([self.sock], [], [], left)
        if not readable:
            raise StopIteration
        size, sender = self.sock.recvfrom_into(self.view)
        return bytes(self.view[:size]), sender[0]


def announce(message: bytes, address: str, port: int) -> None:
    with ExitStack() as stack:
        sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sent = sock.sendto(memoryview(message), (address, port))
        print(f"{sent} bytes announced")


def listen(port: int, timeout: float, address: str = "") -> list[tuple[bytes, str]]:
    with ExitStack() as stack:
        sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((address, port))
        return list(Ear(sock, timeout))


def discover(address: str, port: int, timeout: float) -> dict[str, bytes]:
    answers: dict[str, bytes] = {}
    with ExitStack() as stack:
        sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.bind(("", 0))
        sock.sendto(b"DISCOVER", (address, port))
        for data, ip in Ear(sock, timeout):
            answers = {ip: data} | answers
    return answers
