# mistake: takes what the first recv() returns for the whole reply
# caught_by:
#   client_returns_whole_reply: one_recv_assumed
#   client_sends_big_message: one_recv_assumed
#   client_reports_early_close: partial_returned
#   client_times_out_on_silence: partial_returned
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
    """Send message and return its echo."""
    with socket.create_connection((host, port), timeout) as sock:
        sock.sendall(message)
        return sock.recv(len(message))
