"""Listening peers: one that accepts, one that refuses, one that nobody answers at."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

from grader.learner.waiting import Waiter
from grader.peers.stream import StreamPeer
from grader.peers.words import Words

MakeSocket = Callable[[int, int], socket.socket]
_BACKLOG = 128
_FILLERS = 16


class Listener:
    """A TCP listener on an ephemeral port that stays bound until it is closed."""

    def __init__(
        self, make: MakeSocket, waiter: Waiter, words: Words, host: str = "127.0.0.1"
    ) -> None:
        self.sock = make(socket.AF_INET, socket.SOCK_STREAM)
        self.sock.setblocking(False)
        self.sock.bind((host, 0))
        self.host, self.port = self.sock.getsockname()
        self._waiter = waiter
        self._words = words
        self._count = 0
        self.handed = False
        self._fillers: list[socket.socket] = []
        self._accepted: list[socket.socket] = []
        self._make = make

    def listen(self, backlog: int = _BACKLOG) -> Listener:
        """Begin to listen."""
        self.sock.listen(backlog)
        return self

    def accept(self, bound: float | None = None) -> StreamPeer:
        """Wait for the learner's next connection."""
        if self.handed:
            # For the kernel there is a connection before connect(2) is back: one that the peer
            # resets until then was never made, and the runner has nothing to hand over.
            self._waiter.until(done=self._entered, bound=bound)
        self._waiter.until(read=[self.sock], bound=bound)
        sock, _ = self.sock.accept()
        self._accepted.append(sock)
        self._count += 1
        who = "peer" if self._count == 1 else f"peer {self._count}"
        peer = StreamPeer(sock, self._waiter, self._words, who)
        if self.handed:
            self._waiter.transcript.add("you", "handed")  # the runner has connected it
        else:
            peer.note("accept")
        return peer

    def _entered(self) -> bool:
        """Say whether the learner's functions have their arguments, or never will."""
        calls = [process.call for process in self._waiter.learners if process.call is not None]
        return all(call.entered or call.finished for call in calls)

    def waiting(self) -> bool:
        """Say whether a connection is waiting to be accepted."""
        try:
            sock, _ = self.sock.accept()
        except OSError:
            return False
        sock.close()
        return True

    def fill_backlog(self) -> None:
        """Make every further connect go unanswered (a full backlog drops SYN, listen(2))."""
        self.sock.listen(0)
        for _ in range(_FILLERS):
            filler = self._make(socket.AF_INET, socket.SOCK_STREAM)
            filler.setblocking(False)
            filler.connect_ex((self.host, self.port))
            self._fillers.append(filler)

    def close(self) -> None:
        """Close the listener, what it has accepted, and what fills its backlog."""
        for sock in (*self._accepted, *self._fillers, self.sock):
            with contextlib.suppress(OSError):
                sock.close()
