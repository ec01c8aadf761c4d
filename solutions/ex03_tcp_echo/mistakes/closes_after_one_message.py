# mistake: answers one recv() for each connection, then closes it
# caught_by:
#   server_echoes_many_messages: closes_too_early
#   server_echoes_any_bytes: closes_too_early
#   server_answers_half_closing_client: closes_too_early
#   server_echoes_big_data: closes_too_early
"""The TCP echo server and its client."""

import socket


def serve(host: str, port: int) -> None:
    """Echo to one client after the other."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(5)
    while True:
        conn, addr = listener.accept()
        print("connected:", addr)
        try:
            data = conn.recv(4096)
            conn.sendall(data)
        except ConnectionError as error:
            print("lost:", error)
        finally:
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
