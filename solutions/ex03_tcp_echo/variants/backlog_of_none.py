# variant: listen(0): whoever comes while one is not yet accepted is let in by TCP's second try
# 变体：listen(0)：有连接还在等 accept 时，后来的要靠 TCP 重发连接请求才进得来
"""Echo by a server that keeps no line of callers, and closes with a linger time."""

import contextlib
import socket
import struct


def serve(host: str, port: int) -> None:
    """Serve one client after the other."""
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(0)
        while True:
            conn, _ = listener.accept()
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 3))
            with conn, contextlib.suppress(OSError):
                while chunk := conn.recv(777):
                    conn.sendall(chunk)
                conn.shutdown(socket.SHUT_RDWR)


def echo(host: str, port: int, message: bytes, timeout: float = 5.0) -> bytes:
    """Half-close after sending, then let the kernel collect the whole reply."""
    with socket.create_connection((host, port), timeout) as sock:
        sock.sendall(message)
        sock.shutdown(socket.SHUT_WR)
        reply = bytearray(len(message))
        view = memoryview(reply)
        while view:
            count = sock.recv_into(view, 0, socket.MSG_WAITALL)
            if count == 0:
                raise ConnectionError("the server closed too early")
            view = view[count:]
        return bytes(reply)
