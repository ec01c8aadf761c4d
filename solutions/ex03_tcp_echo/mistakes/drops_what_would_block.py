# mistake: throws away what a non-blocking socket cannot take at once
# caught_by:
#   server_echoes_big_data: bytes_lost
"""The TCP echo server and its client."""

import selectors
import socket


def serve(host: str, port: int) -> None:
    """Echo to all clients in one loop."""
    listener = socket.create_server((host, port))
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                conn, _ = listener.accept()
                conn.setblocking(False)
                selector.register(conn, selectors.EVENT_READ, conn)
                continue
            conn = key.data
            try:
                data = conn.recv(4096)
                if data:
                    conn.sendall(data)
                    continue
            except BlockingIOError:
                continue  # the client is busy, so leave it alone for now
            except ConnectionError:
                pass
            selector.unregister(conn)
            conn.close()


def echo(host: str, port: int, message: bytes, timeout: float = 5.0) -> bytes:
    """Send message and return its echo."""
    with socket.create_connection((host, port), timeout) as sock:
        sock.sendall(message)
        reply = bytearray()
        while len(reply) < len(message):
            data = sock.recv(min(65536, len(message) - len(reply)))
            if not data:
                raise ConnectionError("the server closed too early")
            reply += data
        return bytes(reply)
