# mistake: goes on receiving after recv() has returned b""
# caught_by:
#   server_lets_next_client_in: empty_recv_ignored
#   server_answers_half_closing_client: empty_recv_ignored
#   server_survives_reset: empty_recv_ignored
#   server_keeps_idle: empty_recv_ignored
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
            while True:
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
