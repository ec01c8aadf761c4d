"""Receive queues and tables of a network, as the kernel shows them: the drain gate."""

from __future__ import annotations

import errno
import socket
import struct
import sys
from collections.abc import Callable, Iterator

_TIME_WAIT, _LISTEN = 0x06, 0x0A
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLMSG_ERROR = 2
_NO_COOKIE = 0xFFFFFFFF
_DIAG_PATIENCE = 5.0
# struct nlmsghdr, struct inet_diag_req_v2; in the answer idiag_rqueue stands behind the
# header (16), four bytes, the socket's id (48) and idiag_expires (4).
_REQUEST = struct.Struct("=IHHIIBBBBI2s2s4s12x4s12xIII")
_STATE_AT, _LISTEN = 17, 10
_RQUEUE_AT = 16 + 4 + 48 + 4
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


class Queues:
    """Looks into the receive queues of TCP connections, by way of sock_diag(7).

    ``make`` makes a netlink socket in the network in question.  One exact question takes
    some microseconds; ``/proc/PID/net/tcp`` (two milliseconds, for the kernel walks through
    all its hash table) is read where the kernel has no inet_diag.
    """

    def __init__(self, make: Callable[[int, int, int], socket.socket], pid: int) -> None:
        self._make = make
        self._pid = pid
        self._sock: socket.socket | None = None
        self._broken = not hasattr(socket, "AF_NETLINK")

    def waiting(self, local: Address, remote: Address) -> int | None:
        """Return how many bytes wait at a connection's ``local`` end; None: there is none."""
        if not self._broken:
            try:
                return self._ask(local, remote)
            except (OSError, struct.error, IndexError):
                self._broken = True
        return receive_queue(self._pid, local, remote)

    def _ask(self, local: Address, remote: Address) -> int | None:
        if self._sock is None:
            self._sock = self._make(socket.AF_NETLINK, socket.SOCK_DGRAM, _NETLINK_SOCK_DIAG)
            self._sock.settimeout(_DIAG_PATIENCE)
        ports = [address[1].to_bytes(2, "big") for address in (local, remote)]
        hosts = [socket.inet_aton(address[0]) for address in (local, remote)]
        request = _REQUEST.pack(
            _REQUEST.size, _SOCK_DIAG_BY_FAMILY, 1, 1, 0,
            socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF,
            *ports, *hosts, 0, _NO_COOKIE, _NO_COOKIE,
        )  # fmt: skip
        self._sock.sendto(request, (0, 0))
        answer = self._sock.recv(4096)
        kind = struct.unpack_from("=H", answer, 4)[0]
        if kind == _NLMSG_ERROR:
            error = struct.unpack_from("=i", answer, 16)[0]
            if error == -errno.ENOENT:
                return None
            raise OSError(-error, "sock_diag")
        if answer[_STATE_AT] == _LISTEN:
            return None  # of a connection that is gone the kernel shows its port's listener
        queue: int = struct.unpack_from("=I", answer, _RQUEUE_AT)[0]
        return queue

    def close(self) -> None:
        """Close the netlink socket."""
        if self._sock is not None:
            self._sock.close()


def receive_queue(pid: int, local: Address, remote: Address) -> int | None:
    """Return what ``Queues.waiting`` does, from ``/proc/PID/net/tcp``."""
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
    for words in _listeners(pid, "tcp", port):
        address = int(words[1].partition(":")[0], 16)
        found.append(socket.inet_ntoa(struct.pack("=I", address)))
    return found


def listening_sockets(pid: int, port: int, host: str = "") -> set[str]:
    """Return what listens at a TCP port, IPv6 too, as /proc/PID/fd names it ("socket:[…]").

    ``host``: only what listens at exactly that IPv4 address.
    """
    found = [words for table in ("tcp", "tcp6") for words in _listeners(pid, table, port)]
    if host:
        here = encode_address((host, port))
        found = [words for words in found if words[1] == here]
    return {f"socket:[{words[9]}]" for words in found if len(words) > 9}


def _listeners(pid: int, table: str, port: int) -> Iterator[list[str]]:
    for words in _rows(pid, table):
        number = words[1].rpartition(":")[2]
        if int(words[3], 16) == _LISTEN and int(number, 16) == port:
            yield words


def time_waiting(pid: int) -> set[int]:
    """Return the local ports of connections in TIME_WAIT (RFC 9293, section 3.6.1)."""
    return {
        int(words[1].partition(":")[2], 16)
        for words in _rows(pid, "tcp")
        if int(words[3], 16) == _TIME_WAIT
    }
