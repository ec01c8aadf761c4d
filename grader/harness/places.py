"""Where a learner's code is told to be: addresses and ports that nothing else will take."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack

from grader.harness.calls import Calling
from grader.learner import network
from grader.learner.process import LearnerProcess

_FIRST_PORT = 20_000
_LAST_PORT = 32_000
_PORT_STEP = 4  # what a learner takes for "the next port" is nobody's


class Ports:
    """Hands out addresses for learners' servers that nothing else will take."""

    def __init__(self, private: bool, among: range | None = None) -> None:
        self._private = private
        self._among = among or range(_FIRST_PORT, _LAST_PORT, _PORT_STEP)
        self._next = _FIRST_PORT + random.SystemRandom().randrange(4000)
        self._given: set[int] = set()
        self._lock = threading.Lock()

    def take(self, make: Callable[[int, int], socket.socket], host: str | None) -> tuple[str, int]:
        """Return a host and a port.

        In a network of its own ports are counted up below the ephemeral range.  Elsewhere a
        loopback address is drawn that nobody else will use (Linux has 127.0.0.0/8).
        """
        if self._private:
            with self._lock:
                self._next += _PORT_STEP
                if self._next >= _LAST_PORT:
                    self._next = _FIRST_PORT
                return host or "127.0.0.1", self._next
        drawn = random.SystemRandom()
        if host is None:
            parts = [drawn.randrange(1, 250) for _ in range(3)]
            host = "127.{}.{}.{}".format(*parts) if network.supported else "127.0.0.1"
        with make(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((host, 0))
            port: int = probe.getsockname()[1]
        return host, port

    def free(self, make: Callable[[int, int], socket.socket]) -> int:
        """Return a port that nothing is bound to, TCP or UDP.

        It is below the ephemeral range, but where a learner may use some ports only.
        """
        while not self._private:
            port = random.SystemRandom().choice(self._among)
            with self._lock, contextlib.suppress(OSError), ExitStack() as stack:
                if port in self._given:
                    continue
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    probe = stack.enter_context(make(socket.AF_INET, kind))
                    probe.bind(("", port))
                self._given.add(port)
                return port
        return self.take(make, None)[1]


class Server:
    """A learner's server: where it should be, and the call that runs it."""

    def __init__(self, host: str, port: int, process: LearnerProcess, calling: Calling) -> None:
        self.host = host
        self.port = port
        self.process = process
        self.calling = calling
        self.reached = False


class Handed:
    """An argument that the runner turns into a connected socket."""

    def __init__(self, spec: tuple[object, ...]) -> None:
        self.spec = spec
