# variant: one thread, non-blocking sockets, an output buffer for each client; the client sends
#          and reads at once and bounds the whole exchange with one deadline
# 变体：单线程、非阻塞套接字，每个客户端一块输出缓冲区；客户端边发边收，全程共用一个截止时间
"""Echo with selectors on both sides."""

import selectors
import socket
import time

HIGH_WATER = 1 << 18
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Conversation:
    """One client: what still has to be sent to it, and whether it has finished."""

    def __init__(self, connection: socket.socket, selector: selectors.BaseSelector) -> None:
        """Begin by waiting for the client."""
        self.connection = connection
        self.selector = selector
        self.pending = bytearray()
        self.finished = False
        connection.setblocking(False)
        selector.register(connection, READ, self)

    def advance(self, events: int) -> None:
        """Move what can be moved now, then say what to wait for next."""
        try:
            if events & READ:
                self.read()
            if self.pending:
                self.write()
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            return
        if self.finished and not self.pending:
            self.close()
            return
        wanted = WRITE if self.pending else 0
        if not self.finished and len(self.pending) < HIGH_WATER:
            wanted |= READ
        self.selector.modify(self.connection, wanted, self)

    def read(self) -> None:
        """Take one portion from the client."""
        data = self.connection.recv(65536)
        if data:
            self.pending += data
        else:
            self.finished = True

    def write(self) -> None:
        """Hand over as much as the system takes, keep the rest."""
        sent = self.connection.send(self.pending)
        del self.pending[:sent]

    def close(self) -> None:
        """Forget the client."""
        self.selector.unregister(self.connection)
        self.connection.close()


def serve(host: str, port: int) -> None:
    """Wait for all sockets at once."""
    with (
        socket.create_server((host, port), backlog=128) as listener,
        selectors.DefaultSelector() as selector,
    ):
        listener.setblocking(False)
        selector.register(listener, READ)
        while True:
            for key, events in selector.select():
                if key.data is not None:
                    key.data.advance(events)
                    continue
                try:
                    connection, _ = listener.accept()
                except (BlockingIOError, ConnectionError):
                    continue
                Conversation(connection, selector)


def echo(host: str, port: int, message: bytes, timeout: float = 5.0) -> bytes:
    """Send and read at once."""
    with (
        socket.create_connection((host, port), timeout) as sock,
        selectors.DefaultSelector() as selector,
    ):
        deadline = time.monotonic() + timeout
        sock.setblocking(False)
        selector.register(sock, READ | WRITE if message else READ)
        unsent = memoryview(message)
        reply = bytearray()
        while unsent or len(reply) < len(message):
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError(f"{len(reply)} of {len(message)} bytes after {timeout} s")
            events = ready[0][1]
            if events & READ:
                chunk = sock.recv(65536)
                if not chunk:
                    raise ConnectionError("the server has closed")
                reply += chunk
            if events & WRITE and unsent:
                unsent = unsent[sock.send(unsent) :]
                if not unsent:
                    selector.modify(sock, READ)
        return bytes(reply[: len(message)])
