# mistake: turns half an answer into a number, which fails in its own way
# caught_by:
#   reports_early_close: wrong_exception
"""The client that asks how long its line is."""

import socket


def ask_length(host: str, port: int, line: str) -> int:
    """Send a line and return the number that comes back."""
    with socket.create_connection((host, port)) as sock:
        sock.sendall(line.encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            data = sock.recv(4096)
            if not data:
                raise ValueError("no number")
            answer += data
        return int(answer)
