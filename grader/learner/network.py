"""Receive queues, as the kernel shows them in ``/proc/PID/net`` (proc(5)): the drain gate."""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Iterator

_TIME_WAIT, _LISTEN = 0x06, 0x0A
Address = tuple[str, int]

supported = sys.platform == "linux"


def _rows(pid: int, table: str) -> Iterator[list[str]]:
    try:
        with open(f"/proc/{pid}/net/{table}", "rb", buffering=0) as file:
            text = b"".join(iter(lambda: file.read(65536), b"")).decode("ascii", "replace")
    except OSError:
        return
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) > 4:
            yield words


def encode_address(address: Address) -> str:
    """Return an IPv4 address as the kernel's tables write it (host order, hexadecimal)."""
    number = struct.unpack("=I", socket.inet_aton(address[0]))[0]
    return f"{number:08X}:{address[1]:04X}"


def receive_queue(pid: int, local: Address, remote: Address) -> int | None:
    """Return how many bytes wait in a TCP connection's receive queue; None: no such connection."""
    here, there = encode_address(local), encode_address(remote)
    for words in _rows(pid, "tcp"):
        if words[1] == here and words[2] == there:
            return int(words[4].partition(":")[2], 16)
    return None


def datagram_queue(pid: int, port: int) -> int | None:
    """Return how many bytes wait in UDP sockets of a port; None where none is bound to it."""
    total: int | None = None
    for words in _rows(pid, "udp"):
        if int(words[1].partition(":")[2], 16) == port:
            total = (total or 0) + int(words[4].partition(":")[2], 16)
    return total


def bound_datagram_sockets(pid: int, port: int) -> list[str]:
    """Return the dotted local addresses of the UDP sockets bound to ``port``."""
    found = []
    for words in _rows(pid, "udp"):
        address, _, number = words[1].partition(":")
        if int(number, 16) == port:
            found.append(socket.inet_ntoa(struct.pack("=I", int(address, 16))))
    return found


def listening(pid: int, port: int) -> list[str]:
    """Return the dotted addresses that something listens on at a TCP port."""
    found = []
    for words in _rows(pid, "tcp"):
        address, _, number = words[1].partition(":")
        if int(words[3], 16) == _LISTEN and int(number, 16) == port:
            found.append(socket.inet_ntoa(struct.pack("=I", int(address, 16))))
    return found


def time_waiting(pid: int) -> set[int]:
    """Return the local ports of connections in TIME_WAIT (RFC 9293, section 3.6.1)."""
    return {
        int(words[1].partition(":")[2], 16)
        for words in _rows(pid, "tcp")
        if int(words[3], 16) == _TIME_WAIT
    }
