# mistake: hangs up on a client that has said nothing for five seconds
# caught_by:
#   server_keeps_idle: silent_client_dropped
"""The TCP echo server and its client."""

import socket


def serve(host: str, port: int) -> None:
    """Echo to one client after the other."""
    with socket.create_server((host, port)) as listener:
        while True:
            conn, _ = listener.accept()
            with conn:
                conn.settimeout(5)
                try:
                    while data := conn.recv(4096):
                        conn.sendall(data)
                except OSError as error:
                    print("lost:", error)


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
