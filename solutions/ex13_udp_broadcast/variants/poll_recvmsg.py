# variant: poll with milliseconds, recvmsg and sendmsg, both reuse options
# 变体：以毫秒计时的 poll，recvmsg 和 sendmsg，SO_REUSEADDR 和 SO_REUSEPORT 都打开
"""The system calls of a C programmer: poll() and recvmsg() on a blocking socket."""

from __future__ import annotations

import contextlib
import math
import select
import socket
import time
from collections.abc import Iterator


@contextlib.contextmanager
def datagram_socket(*options: int) -> Iterator[socket.socket]:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_UDP)
    try:
        for option in options:
            sock.setsockopt(socket.SOL_SOCKET, option, 1)
        yield sock
    finally:
        sock.close()


def wait_and_read(sock: socket.socket, ends: float) -> Iterator[tuple[bytes, str]]:
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    while True:
        left = ends - time.monotonic()
        if left <= 0:
            return
        for _fd, events in poller.poll(math.ceil(left * 1000)):
            if events & select.POLLIN:
                data, _ancillary, _flags, sender = sock.recvmsg(65_507)
                yield data, sender[0]


def announce(message: bytes, address: str, port: int) -> None:
    with datagram_socket(socket.SO_BROADCAST) as sock:
        sock.sendmsg([message], [], 0, (address, port))


def listen(port: int, timeout: float, address: str = "") -> list[tuple[bytes, str]]:
    ends = time.monotonic() + timeout
    with datagram_socket(socket.SO_REUSEADDR, socket.SO_REUSEPORT) as sock:
        sock.bind((address, port))
        return [*wait_and_read(sock, ends)]


def discover(address: str, port: int, timeout: float) -> dict[str, bytes]:
    ends = time.monotonic() + timeout
    first: dict[str, bytes] = {}
    with datagram_socket(socket.SO_BROADCAST) as sock:
        sock.sendmsg([b"DISC", b"OVER"], [], 0, (address, port))
        for data, ip in wait_and_read(sock, ends):
            if ip not in first:
                first[ip] = data
    return first
