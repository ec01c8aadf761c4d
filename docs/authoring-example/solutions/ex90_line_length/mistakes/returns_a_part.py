# mistake: returns what has come when the server closes early
# caught_by:
#   reports_early_close: partial_returned
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
                break
            answer += data
        return int(answer or b"0")
