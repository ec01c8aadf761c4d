# mistake: sends the message in pieces and waits for the echo of each before the next
# caught_by:
#   client_sends_big_message: deadlock
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
        finally:
            conn.close()


def echo(host: str, port: int, message: bytes, timeout: float = 5.0) -> bytes:
    """Send message piece by piece and return its echo."""
    with socket.create_connection((host, port), timeout) as sock:
        reply = bytearray()
        for start in range(0, len(message), 65536):
            piece = message[start : start + 65536]
            sock.sendall(piece)
            due = start + len(piece)
            while len(reply) < due:
                data = sock.recv(due - len(reply))
                if not data:
                    raise ConnectionError("the server closed too early")
                reply += data
        return bytes(reply)
