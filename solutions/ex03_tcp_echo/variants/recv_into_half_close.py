# variant: recv_into() and memoryview without copies; the client half-closes after its message
# 变体：用 recv_into() 和 memoryview，省去复制；客户端发完消息就半关闭
"""Echo in place."""

import contextlib
import socket


def serve(host: str, port: int) -> None:
    """Receive into one buffer and send from it."""
    store = bytearray(50_000)
    view = memoryview(store)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
        while True:
            connection, _ = listener.accept()
            with connection:
                try:
                    while count := connection.recv_into(view):
                        connection.sendall(view[:count])
                except OSError:
                    continue


def echo(host: str, port: int, message: bytes, timeout: float = 5.0) -> bytes:
    """Fill a buffer that is just as long as the message."""
    reply = bytearray(len(message))
    with socket.create_connection((host, port), timeout) as sock:
        sock.sendall(message)
        # A peer that has reset the connection meanwhile makes shutdown() fail with a plain
        # OSError; the receive below says better what happened.
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_WR)
        filled = 0
        while filled < len(reply):
            count = sock.recv_into(memoryview(reply)[filled:])
            if count == 0:
                raise ConnectionError(f"closed after {filled} bytes")
            filled += count
    return bytes(reply)
