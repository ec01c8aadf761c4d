# variant: one thread and a selector; stops reading from a client while its answers pile up
# 变体：单线程加一个 selector；某个客户端的应答积压时，就暂时不读它的数据
"""Multi-client server with selectors: non-blocking sockets, bounded buffers for output."""

from __future__ import annotations

import selectors
import socket

LIMIT = 256 * 1024


class Client:
    """One connection, the start of its next line, and the answers it has not taken yet."""

    def __init__(self, sock: socket.socket, selector: selectors.BaseSelector) -> None:
        self.sock = sock
        self.selector = selector
        self.inbox = bytearray()
        self.outbox = bytearray()
        self.finished = False
        self.mask = selectors.EVENT_READ
        selector.register(sock, self.mask, self)

    def on_ready(self, mask: int) -> None:
        try:
            if mask & selectors.EVENT_READ:
                self._read()
            if mask & selectors.EVENT_WRITE:
                self._write()
        except BlockingIOError:
            pass
        except OSError:
            self._close()
            return
        self._choose_events()

    def _read(self) -> None:
        data = self.sock.recv(64 * 1024)
        if not data:
            self.finished = True
            return
        self.inbox += data
        end = self.inbox.rfind(b"\n") + 1
        self.outbox += self.inbox[:end].upper()
        del self.inbox[:end]

    def _write(self) -> None:
        sent = self.sock.send(self.outbox)
        del self.outbox[:sent]

    def _choose_events(self) -> None:
        wanted = 0
        if not self.finished and len(self.outbox) < LIMIT:
            wanted |= selectors.EVENT_READ
        if self.outbox:
            wanted |= selectors.EVENT_WRITE
        if not wanted:
            self._close()
        elif wanted != self.mask:
            self.mask = wanted
            self.selector.modify(self.sock, wanted, self)

    def _close(self) -> None:
        self.selector.unregister(self.sock)
        self.sock.close()


def serve(host: str, port: int) -> None:
    with selectors.DefaultSelector() as selector, socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(100)
        listener.setblocking(False)
        selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, mask in selector.select():
                if key.data is not None:
                    key.data.on_ready(mask)
                    continue
                try:
                    sock, _ = listener.accept()
                except (BlockingIOError, ConnectionAbortedError):
                    continue
                sock.setblocking(False)
                Client(sock, selector)
