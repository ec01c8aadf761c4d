# mistake: leaves the conversation at the empty recv(), but never closes the connection
# caught_by:
#   server_lets_next_client_in: connection_left_open
#   server_answers_half_closing_client: connection_left_open
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
                if not data:
                    break
                conn.sendall(data)
        except ConnectionError as error:
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
