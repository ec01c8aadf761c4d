# variant: SO_RCVTIMEO as in C, so recvfrom looks as if it waited without a time limit
# 变体：像 C 那样设置 SO_RCVTIMEO，所以 recvfrom 看上去像在没有时限地等
"""The kernel itself ends a recvfrom that waits too long; Python's timeout is not used."""

from __future__ import annotations

import math
import socket
import struct
import time
from collections.abc import Iterator


def hear(sock: socket.socket, end: float) -> Iterator[tuple[bytes, str]]:
    while (left := end - time.monotonic()) > 0:
        # Never 0 microseconds: to the kernel that would mean "no limit".
        seconds, micros = divmod(math.ceil(left * 1_000_000), 1_000_000)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", seconds, micros))
        try:
            data, sender = sock.recvfrom(65_507)
        except BlockingIOError:
            return
        yield data, sender[0]


def announce(message: bytes, address: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.sendto(message, (address, port))


def listen(port: int, timeout: float, address: str = "") -> list[tuple[bytes, str]]:
    end = time.monotonic() + timeout
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        return list(hear(sock, end))


def discover(address: str, port: int, timeout: float) -> dict[str, bytes]:
    end = time.monotonic() + timeout
    answers: dict[str, bytes] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.sendto(b"DISCOVER", (address, port))
        for data, ip in hear(sock, end):
            answers.setdefault(ip, data)
    return answers
