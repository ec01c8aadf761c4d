"""Bytes with descriptors beside them, over a UNIX socket (SCM_RIGHTS, unix(7)).

Both ends of the zygote's socket use this: standard library only.
"""

from __future__ import annotations

import array
import errno
import os
import socket
from collections.abc import Sequence

MAX_FDS = 8
_PIECE = 1 << 18


def receive_exactly(sock: socket.socket, size: int, fds: list[int]) -> bytes:
    """Return the next ``size`` bytes, and add the descriptors that come with them to ``fds``.

    Raises EOFError where the stream ends first, OSError as ``recvmsg`` does and where more
    descriptors come than ``MAX_FDS``, or than this process may have open: which of them are
    missing can't be told.  Then those in ``fds`` are closed, and the list is empty.
    """
    data = bytearray()
    item = array.array("i").itemsize
    try:
        while len(data) < size:
            piece, ancillary, flags, _ = sock.recvmsg(
                min(size - len(data), _PIECE), socket.CMSG_SPACE(MAX_FDS * item)
            )
            for level, kind, payload in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    received = array.array("i")
                    received.frombytes(payload[: len(payload) - len(payload) % item])
                    fds.extend(received)
            if len(fds) > MAX_FDS or flags & socket.MSG_CTRUNC:
                raise OSError(errno.EMFILE, "more descriptors than are due, or than fit")
            if not piece:
                raise EOFError("end of stream")
            data += piece
    except (OSError, EOFError):
        while fds:
            os.close(fds.pop())
        raise
    return bytes(data)


def send_all(sock: socket.socket, data: bytes, fds: Sequence[int] = ()) -> None:
    """Send all of ``data``, with descriptors beside its first bytes."""
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    sent = sock.sendmsg([data], rights)
    sock.sendall(data[sent:])
