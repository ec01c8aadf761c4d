# mistake: the client asks a non-blocking socket for its reply over and over, without a pause
# caught_by:
#   client_times_out_on_silence: busy_loop
"""The TCP echo server and its client."""

import socket
import time


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
        except OSError as error:
            print("lost:", error)
        finally:
            conn.close()


def echo(host: str, port: int, message: bytes, timeout: float = 5.0) -> bytes:
    """Send message and return its echo."""
    with socket.create_connection((host, port), timeout) as sock:
        sock.sendall(message)
        sock.setblocking(False)
        reply = bytearray()
        deadline = time.monotonic() + timeout
        while len(reply) < len(message):
            try:
                data = sock.recv(min(65536, len(message) - len(reply)))
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError("the server is silent") from None
                continue
            if not data:
                raise ConnectionError("the server closed too early")
            reply += data
            deadline = time.monotonic() + timeout
        return bytes(reply)
