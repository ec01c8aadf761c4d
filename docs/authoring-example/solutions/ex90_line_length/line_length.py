"""The client that asks how long its line is."""

import socket


def ask_length(host: str, port: int, line: str) -> int:
    """Send a line and return the number that comes back."""
    with socket.create_connection((host, port)) as sock:
        sock.sendall(line.encode() + b"\n")
        answer = b""
        # One recv() is not one message: the line end is what says that it is whole.
        while not answer.endswith(b"\n"):
            data = sock.recv(4096)
            if not data:
                raise ConnectionError("the server closed before its answer was whole")
            answer += data
        return int(answer)
