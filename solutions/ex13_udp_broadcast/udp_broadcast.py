"""Broadcast over UDP: announce to everybody, listen for a while, discover who is there."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator

# More than any UDP payload over IPv4 (65,507 bytes). A smaller number would cut long datagrams,
# and the rest of a cut datagram is gone.
MAX_DATAGRAM = 65_535

# Datagrams wait here while the code does something else. Linux's usual queue is full after
# some 250 short ones; the system grants as much of this wish as its administrator allows.
QUEUE_BYTES = 1 << 20


def announce(message: bytes, address: str, port: int) -> None:
    """Broadcast ``message`` as one datagram to ``address`` and ``port``."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.sendto(message, (address, port))


def listen(port: int, timeout: float, address: str = "") -> list[tuple[bytes, str]]:
    """Return every datagram that arrives within ``timeout`` seconds, with its sender's IP."""
    deadline = time.monotonic() + timeout
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        # Options that rule a bind have to stand before it.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, QUEUE_BYTES)
        sock.bind((address, port))
        return list(datagrams_until(sock, deadline))


def discover(address: str, port: int, timeout: float) -> dict[str, bytes]:
    """Broadcast ``b"DISCOVER"`` and return each responder's first answer by its IP."""
    deadline = time.monotonic() + timeout
    answers: dict[str, bytes] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        # Not bound by hand: the first sendto binds it to an ephemeral port of its own. Not
        # connected either: a connected socket hears only the address that it is connected to,
        # and nobody answers from a broadcast address.
        sock.sendto(b"DISCOVER", (address, port))
        for answer, sender in datagrams_until(sock, deadline):
            answers.setdefault(sender, answer)
    return answers


def datagrams_until(sock: socket.socket, deadline: float) -> Iterator[tuple[bytes, str]]:
    """Yield datagrams and their senders' IP addresses until ``time.monotonic()`` is ``deadline``.

    A socket's timeout begins anew with each call, so each call gets only what is left.
    An empty datagram is a datagram: UDP has no end of data.
    """
    while (remaining := deadline - time.monotonic()) > 0:
        sock.settimeout(remaining)
        try:
            data, (sender, _port) = sock.recvfrom(MAX_DATAGRAM)
        except TimeoutError:
            return
        yield data, sender


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["announce", text, target, number]:
            announce(text.encode(), target, int(number))
        case ["listen", number, seconds]:
            for heard, source in listen(int(number), float(seconds)):
                print(f"{source}: {heard!r}")
        case ["discover", target, number, seconds]:
            for responder, reply in discover(target, int(number), float(seconds)).items():
                print(f"{responder}: {reply!r}")
        case _:
            sys.exit(
                "usage: udp_broadcast.py announce TEXT ADDRESS PORT\n"
                "       udp_broadcast.py listen PORT SECONDS\n"
                "       udp_broadcast.py discover ADDRESS PORT SECONDS"
            )
