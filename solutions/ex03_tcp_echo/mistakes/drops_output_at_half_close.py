# mistake: closes at the empty recv(), though answers still wait in its output buffer
# caught_by:
#   server_answers_half_closing_client: stops_on_half_close
"""The TCP echo server and its client."""

import selectors
import socket


def serve(host: str, port: int) -> None:
    """Echo to all clients in one loop; each has a buffer of bytes that it is still due."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen()
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, events in selector.select():
            if key.data is None:
                conn, _ = listener.accept()
                conn.setblocking(False)
                selector.register(conn, selectors.EVENT_READ, (conn, bytearray()))
                continue
            conn, buffer = key.data
            try:
                if events & selectors.EVENT_READ:
                    data = conn.recv(65536)
                    if not data:
                        raise EOFError
                    buffer += data
                elif buffer:
                    sent = conn.send(buffer)
                    del buffer[:sent]
            except (ConnectionError, EOFError):
                selector.unregister(conn)
                conn.close()
                continue
            wanted = selectors.EVENT_READ
            if buffer:
                wanted |= selectors.EVENT_WRITE
            selector.modify(conn, wanted, key.data)


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
