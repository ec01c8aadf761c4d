"""Bytes with descriptors beside them, over a UNIX socket (SCM_RIGHTS, unix(7)).

Both ends of the zygote's socket use this: standard library only.
"""

from __future__ import annotations

import array
import socket
from collections.abc import Sequence

_MAX_FDS = 8


def receive_exactly(sock: socket.socket, size: int, fds: list[int]) -> bytes:
    """Return the next ``size`` bytes, and add the descriptors that come with them to ``fds``.

    Raises EOFError where the stream ends first, OSError as ``recvmsg`` does.
    """
    data = b""
    space = socket.CMSG_SPACE(_MAX_FDS * array.array("i").itemsize)
    while len(data) < size:
        piece, ancillary, _, _ = sock.recvmsg(size - len(data), space)
        if not piece:
            raise EOFError("end of stream")
        data += piece
        for level, kind, payload in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                received = array.array("i")
                received.frombytes(payload[: len(payload) - len(payload) % received.itemsize])
                fds.extend(received)
    return data


def send_all(sock: socket.socket, data: bytes, fds: Sequence[int] = ()) -> None:
    """Send all of ``data``, with descriptors beside its first bytes."""
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    sent = sock.sendmsg([data], rights)
    sock.sendall(data[sent:])
