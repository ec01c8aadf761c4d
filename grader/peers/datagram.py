"""A scripted UDP peer: one socket, datagram by datagram."""

from __future__ import annotations

import contextlib
import select
import socket
import time

from grader.learner import network
from grader.learner.failure import CheckFailed
from grader.learner.waiting import Waiter
from grader.peers.listener import MakeSocket
from grader.peers.words import Words

MAX_DATAGRAM = 65_507
_DRAIN_BOUND = 0.5
# Some times what a receive queue holds: who sends as fast as this reads would be read for ever.
_MOST_WAITING = 4096
Address = tuple[str, int]


class DatagramPeer:
    """One UDP socket of the judge, bound to ``host`` and an ephemeral (or given) port."""

    def __init__(
        self,
        make: MakeSocket,
        waiter: Waiter,
        words: Words,
        host: str = "127.0.0.1",
        port: int = 0,
        who: str = "peer",
        shared: bool = False,
    ) -> None:
        self.sock = make(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if shared:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((host, port))
        self.host, self.port = self.sock.getsockname()
        self.who = who
        self._waiter = waiter
        self._words = words

    def send(self, data: bytes, address: Address) -> None:
        """Send one datagram."""
        self._waiter.transcript.add(self.who, "send", data, apart=True)
        while True:
            try:
                self.sock.sendto(data, address)
                return
            except BlockingIOError:
                select.select([], [self.sock], [], 1.0)
            except ConnectionRefusedError:
                continue

    def receive(self, bound: float | None = None) -> tuple[bytes, Address]:
        """Wait for the next datagram and return it with its sender's address."""
        while True:
            if self._waiter.overdue():
                raise CheckFailed("silent", stuck=True)
            try:
                data, address = self.sock.recvfrom(65_536)
            except BlockingIOError:
                self._waiter.until(read=[self.sock], bound=bound)
                continue
            except ConnectionRefusedError:
                continue
            self._waiter.transcript.add(self.who, "receive", data, apart=True)
            return data, address

    def waiting(self) -> list[tuple[bytes, Address]]:
        """Return the datagrams that have come already (the first 4096), without waiting."""
        found: list[tuple[bytes, Address]] = []
        while len(found) < _MOST_WAITING:
            try:
                data, address = self.sock.recvfrom(65_536)
            except BlockingIOError:
                return found
            except ConnectionRefusedError:
                continue
            self._waiter.transcript.add(self.who, "receive", data, apart=True)
            found.append((data, address))
        return found

    def drained(self, port: int) -> bool:
        """Wait until the learner's sockets on ``port`` hold no datagram; False: they still do."""
        if not network.supported:
            return False
        began, lost = time.monotonic(), self._waiter.meter.total()
        pid = self._waiter.network_pid
        while network.datagram_queue(pid, port):
            if time.monotonic() - began - (self._waiter.meter.total() - lost) > _DRAIN_BOUND:
                return False
            select.select([], [], [], 0.0005)
        return True

    def pause(self, seconds: float) -> None:
        """Let the time go by that a script asks for, while the learner's code is at work."""
        with contextlib.suppress(CheckFailed):
            self._waiter.until(done=lambda: False, bound=seconds, watch_learner=False)

    def close(self) -> None:
        """Close the socket."""
        self.sock.close()
