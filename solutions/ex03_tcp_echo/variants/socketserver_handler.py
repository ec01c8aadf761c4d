# variant: socketserver with a handler class; the client is an object behind the function
# 变体：用 socketserver 和一个处理器类；客户端是函数背后的一个对象
"""Echo with socketserver."""

import socket
import socketserver
from types import TracebackType


class EchoHandler(socketserver.StreamRequestHandler):
    """One client."""

    def handle(self) -> None:
        """Echo until the client closes or breaks off."""
        try:
            while data := self.rfile.read1(8192):
                self.wfile.write(data)
        except OSError:
            pass


class EchoServer(socketserver.ThreadingTCPServer):
    """A thread for each client."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64


def serve(host: str, port: int) -> None:
    """Serve for ever."""
    with EchoServer((host, port), EchoHandler) as server:
        server.serve_forever()


class EchoClient:
    """A connection to an echo server."""

    def __init__(self, host: str, port: int, timeout: float) -> None:
        """Connect."""
        self.sock = socket.create_connection((host, port), timeout)

    def __enter__(self) -> "EchoClient":
        """Hand out the connected client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close, whatever happened."""
        self.sock.close()

    def ask(self, message: bytes) -> bytes:
        """Send message and return as many bytes."""
        self.sock.sendall(message)
        reply = bytearray()
        while len(reply) < len(message):
            chunk = self.sock.recv(4096)
            if not chunk:
                raise ConnectionError("closed too early")
            reply.extend(chunk)
        return bytes(reply[: len(message)])


def echo(host: str, port: int, message: bytes, timeout: float = 5.0) -> bytes:
    """One question, one answer."""
    with EchoClient(host, port, timeout) as client:
        return client.ask(message)
