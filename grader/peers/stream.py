"""A scripted TCP peer: one connection, driven step by step; the steps are the transcript."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from grader.learner import network
from grader.learner.failure import CheckFailed
from grader.learner.waiting import Waiter
from grader.peers.words import Data, Words, first_difference

_CHUNK, _MUCH = 1 << 16, 1 << 18
_GATE_BOUND = 5.0
_GATE_FAST = 0.03
_FILL_BOUND = 0.6


def pieces_of(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    """Cut ``data`` into pieces of the given sizes, again and again, until it is used up."""
    pieces, at, turn = [], 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        pieces.append(data[at : at + size])
        at, turn = at + size, turn + 1
    return pieces


class StreamPeer:
    """One end of a TCP connection; the learner's code has the other.

    Steps that wait raise CheckFailed where the learner's code makes them impossible:
    ``short`` (the end came too early), ``mismatch`` (other bytes), ``extra`` (more bytes),
    ``closed`` (the connection was closed while sending), and those of ``Waiter.until``.
    """

    def __init__(self, sock: socket.socket, waiter: Waiter, words: Words, who: str) -> None:
        sock.setblocking(False)
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.who = who
        self.closed = False
        self._hung_up = False
        self._waiter = waiter
        self._words = words
        self._gated = network.supported
        self._ahead = b""
        waiter.peers.append(sock)

    def note(self, event: str, data: Data = b"", note: str = "") -> None:
        """Write one line of the transcript."""
        self._waiter.transcript.add(self.who, event, data, note)

    def send(self, data: Data) -> None:
        """Send all of ``data``, glued into as few segments as the system likes.

        Where the learner's side has hung up, the rest is not sent, and nothing is raised: what
        the call came to, or what can still be read, says more than this does.
        """
        if not data or self._hung_up:
            return
        self.note("send", data)
        at = 0
        while at < len(data):
            try:
                at += self.sock.send(data[at : at + _MUCH])
            except BlockingIOError:
                self._waiter.until(write=[self.sock])
            except OSError:
                self.note("reset_received")
                self._hung_up = True
                return

    def _broken(self, kind: str, expected: str = "", received: str = "") -> CheckFailed:
        return self._waiter.explained(CheckFailed(kind, expected=expected, received=received))

    def send_pieces(self, pieces: Iterable[bytes]) -> None:
        """Send each piece when the learner's receive queue is empty again (the drain gate)."""
        for piece in pieces:
            self.send(piece)
            if self._hung_up:
                return
            self.drained()

    def send_split(self, data: bytes, *offsets: int) -> None:
        """Send ``data`` cut at the given offsets."""
        edges = [0, *offsets, len(data)]
        self.send_pieces([data[a:b] for a, b in pairwise(edges) if b > a])

    def drained(self) -> bool:
        """Wait until the learner has read everything; False where it won't (it need not)."""
        if not self._gated:
            return False
        until = time.monotonic() + _GATE_FAST
        while time.monotonic() < until:
            if self._empty():
                return True
            select.select([], [], [], 0.0003)
        try:
            self._waiter.until(done=self._empty, bound=_GATE_BOUND, locate=False)
        except CheckFailed:
            self._gated = False
            return False
        return True

    def _empty(self) -> bool:
        try:
            local, remote = self.sock.getpeername(), self.sock.getsockname()
        except OSError:
            return True
        return not self._waiter.queues.waiting(local, remote)

    def read(self, limit: int = _CHUNK, bound: float | None = None) -> bytes:
        """Return the next bytes, at most ``limit``; b"" at the end (a reset counts as one)."""
        if self._ahead:
            data, self._ahead = self._ahead[:limit], self._ahead[limit:]
            return data
        while True:
            if self._waiter.overdue():  # until() never runs where there is always one more byte
                raise CheckFailed("silent", stuck=True)
            try:
                data = self.sock.recv(limit)
            except BlockingIOError:
                self._waiter.until(read=[self.sock], bound=bound)
                continue
            except OSError:
                self.note("reset_received")
                return b""
            if data:
                self.note("receive", data)
            else:
                self.note("end")
            return data

    def read_exactly(self, count: int) -> bytes:
        """Return ``count`` bytes; ``short`` where the end comes first."""
        data = bytearray()
        try:
            while len(data) < count:
                piece = self.read(min(_MUCH, count - len(data)))
                if not piece:
                    raise self._broken("short")
                data += piece
        except CheckFailed as failure:
            failure.received = failure.received or self._words.data(bytes(data))
            failure.expected = failure.expected or self._words.say("count", count=f"{count:,}")
            raise
        return bytes(data)

    def read_until(self, mark: bytes, limit: int = 1 << 20) -> bytes:
        """Return bytes up to and including ``mark``; what follows is kept for the next read."""
        data, at = bytearray(), -1
        while at < 0:
            if len(data) > limit:
                raise CheckFailed("extra", received=self._words.data(bytes(data)))
            try:
                piece = self.read()
            except CheckFailed as failure:
                failure.received = failure.received or self._words.data(bytes(data))
                raise
            if not piece:
                raise self._broken("short", received=self._words.data(bytes(data)))
            start = max(0, len(data) - len(mark) + 1)
            data += piece
            at = data.find(mark, start)  # each byte is looked at once, however they trickle in
        end = at + len(mark)
        self._ahead = bytes(data[end:]) + self._ahead
        return bytes(data[:end])

    def expect(self, expected: Data) -> None:
        """Read exactly the bytes ``expected``, and say at once where they begin to differ."""
        at = 0  # what has come so far is what was expected so far: nothing is kept of it
        while at < len(expected):
            try:
                piece = self.read(min(_MUCH, len(expected) - at))
            except CheckFailed as failure:
                shown, got = self._words.difference(expected, expected[:at])
                failure.expected = failure.expected or shown
                failure.received = failure.received or got
                raise
            if not piece:
                shown, got = self._words.cut_short(expected, expected[:at])
                raise self._broken("short", shown, got)
            if not expected.startswith(piece, at):
                shown, got = self._words.difference(expected, expected[:at] + piece)
                raise CheckFailed("mismatch", expected=shown, received=got)
            at += len(piece)

    def expect_end(self, bound: float | None = None) -> None:
        """Wait until the learner's side closes, without one more byte (a reset counts)."""
        try:
            piece = self.read(bound=bound)
        except CheckFailed as failure:
            failure.expected = failure.expected or self._words.say("an_end")
            raise
        if piece:
            raise CheckFailed(
                "extra", expected=self._words.say("an_end"), received=self._words.data(piece)
            )

    def expect_nothing_waiting(self) -> None:
        """Make sure that no byte has come that nobody asked for (use it behind a fence)."""
        try:
            data = self._ahead or self.sock.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self.note("receive" if data else "end", data)
        kind = "extra" if data else "closed"
        came = self._words.data(data) if data else self._words.say("closed_early")
        wanted = self._words.say("no_bytes" if data else "stays_open")
        raise self._broken(kind, wanted, came)

    def exchange(self, data: Data, expected: Data, sent: int = 0) -> None:
        """Send and read at once, but read slowly: not before sending can't go on at all.

        Of ``data`` the first ``sent`` bytes are on their way already.
        """
        sent, at = self.fill(data, sent), 0
        while at < len(expected):
            writable = True
            while sent < len(data) and writable:
                try:
                    sent += self._send_some(data, sent)
                except BlockingIOError:
                    writable = False
                except OSError:
                    raise self._broken("closed", "", self._words.say("closed_early")) from None
            try:
                piece = self.sock.recv(_MUCH)
            except BlockingIOError:
                more = [self.sock] if sent < len(data) else []
                self._waiter.until(read=[self.sock], write=more)
                continue
            except OSError:
                piece = b""
            if not piece:
                self.note("end")
                shown, got = self._words.cut_short(expected, expected[:at])
                raise self._broken("short", shown, got)
            self.note("receive", piece)
            if not expected.startswith(piece, at):
                received = expected[:at] + piece
                shown, got = self._words.difference(expected, received)
                where = {"at": str(first_difference(bytes(expected), received))}
                raise CheckFailed("mismatch", expected=shown, received=got, values=where)
            at += len(piece)

    def fill(self, data: Data, sent: int = 0) -> int:
        """Send without reading until all buffers on the way are full and the learner waits.

        Return how much of ``data`` has been sent then; the first ``sent`` bytes were before.
        """
        while sent < len(data):
            try:
                sent += self._send_some(data, sent)
            except BlockingIOError:
                try:
                    self._waiter.until(write=[self.sock], bound=_FILL_BOUND, locate=False)
                except CheckFailed:
                    break
            except OSError:
                break
        return sent

    def _send_some(self, data: Data, at: int) -> int:
        """Send what can be sent of ``data`` from ``at`` on; return how much that was."""
        piece = data[at : at + _MUCH]
        sent = self.sock.send(piece)
        self.note("send", piece[:sent])
        return sent

    def drip(self, data: bytes, every: float, until: Callable[[], bool]) -> int:
        """Send a byte each ``every`` seconds until ``until()``; return how many were sent."""
        for count, number in enumerate(data, 1):
            self.send(bytes([number]))
            if self._hung_up or self.pause(every, until):
                return count
        return len(data)

    def pause(self, seconds: float, until: Callable[[], bool]) -> bool:
        """Wait for ``until()``, at most so many seconds; say whether it came true."""
        try:
            self._waiter.until(done=until, bound=seconds, watch_learner=False)
        except CheckFailed:
            return until()
        return True

    def half_close(self) -> None:
        """Send the end of data, and go on reading (shutdown(2))."""
        self.note("half_close")
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close both directions."""
        if not self.closed:
            self.closed = True
            self.note("close")
            self._forget()

    def reset(self) -> None:
        """Close with a reset (RST): SO_LINGER with a time of zero, socket(7)."""
        self.closed = True
        self.note("reset")
        with contextlib.suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._forget()

    def _forget(self) -> None:
        if self.sock in self._waiter.peers:
            self._waiter.peers.remove(self.sock)
        self.sock.close()
