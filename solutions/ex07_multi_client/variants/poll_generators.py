# variant: poll() by hand, each client a generator that says what it is waiting for
# 变体：直接使用 poll()；每个客户端是一个生成器，由它说出自己在等什么
"""Multi-client server: a small scheduler for generators, in one thread."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator


def conversation(connection: socket.socket) -> Iterator[int]:
    """Talk to one client; yield POLLIN or POLLOUT and go on when the socket is ready."""
    unfinished = b""
    with connection:
        while True:
            yield select.POLLIN
            try:
                data = connection.recv(50_000)
            except BlockingIOError:
                continue
            if not data:
                return
            before, newline, after = data.rpartition(b"\n")
            if not newline:
                unfinished += data
                continue
            answer = memoryview((unfinished + before + newline).upper())
            unfinished = after
            while answer:
                yield select.POLLOUT
                try:
                    answer = answer[connection.send(answer) :]
                except BlockingIOError:
                    continue


class Scheduler:
    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.poller = select.poll()
        self.poller.register(listener, select.POLLIN)
        self.talks: dict[int, Iterator[int]] = {}

    def welcome(self) -> None:
        try:
            connection, _ = self.listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        connection.setblocking(False)
        number = connection.fileno()
        self.talks[number] = conversation(connection)
        self.poller.register(number, next(self.talks[number]))

    def resume(self, number: int) -> None:
        try:
            wanted = next(self.talks[number])
        except (StopIteration, OSError):
            # The generator's with statement has closed the socket already.
            self.poller.unregister(number)
            del self.talks[number]
        else:
            self.poller.modify(number, wanted)

    def run(self) -> None:
        while True:
            for number, _ in self.poller.poll():
                if number == self.listener.fileno():
                    self.welcome()
                else:
                    self.resume(number)


def serve(host: str, port: int) -> None:
    with socket.create_server((host, port), backlog=200) as listener:
        listener.setblocking(False)
        Scheduler(listener).run()
