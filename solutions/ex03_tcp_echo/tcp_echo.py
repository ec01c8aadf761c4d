"""The TCP echo server and its client, in the plain blocking style."""

import contextlib
import socket
import sys

CHUNK = 65536


def serve(host: str, port: int) -> None:
    """Listen on host:port and send every byte back to the client that sent it."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        # Connections of an earlier run may still be in TIME_WAIT; without this option they
        # would keep the port from us.  It has to be set before bind() asks for the port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
        while True:
            connection, _ = listener.accept()
            # A client can break its connection off in the middle of any call.  That ends this
            # conversation, never the server.
            with connection, contextlib.suppress(OSError):
                _answer(connection)


def _answer(connection: socket.socket) -> None:
    """Send back whatever arrives, until the client has closed its side."""
    while data := connection.recv(CHUNK):
        # sendall, because send may take only a part; and only then the next recv, so that a
        # client which reads slowly slows us down instead of filling our memory.
        connection.sendall(data)


def echo(host: str, port: int, message: bytes, timeout: float = 5.0) -> bytes:
    """Send message to the echo server at host:port and return what comes back."""
    # create_connection sets the timeout before it connects, and leaves it set on the socket.
    with socket.create_connection((host, port), timeout) as sock:
        sock.sendall(message)
        return _receive_exactly(sock, len(message))


def _receive_exactly(sock: socket.socket, size: int) -> bytes:
    """Return the next size bytes of the stream, however it is cut."""
    reply = bytearray()
    while len(reply) < size:
        # Never asking for more than is missing leaves later bytes alone.
        chunk = sock.recv(min(CHUNK, size - len(reply)))
        if not chunk:
            raise ConnectionError(f"the server closed after {len(reply)} of {size} bytes")
        reply += chunk
    return bytes(reply)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve("127.0.0.1", 8888)
    else:
        words = " ".join(sys.argv[1:]) or "hello"
        print(echo("127.0.0.1", 8888, words.encode()).decode())
