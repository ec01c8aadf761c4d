# mistake: does not look whether recv() has returned nothing
# caught_by:
#   reports_early_close: empty_recv_ignored
"""The client that asks how long its line is."""

import socket


def ask_length(host: str, port: int, line: str) -> int:
    """Send a line and return the number that comes back."""
    with socket.create_connection((host, port)) as sock:
        sock.sendall(line.encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            answer += sock.recv(4096)
        return int(answer)
