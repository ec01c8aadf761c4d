# mistake: takes one recv() for the whole answer
# caught_by:
#   puts_the_answer_together: one_recv_assumed
#   reports_early_close: partial_returned
"""The client that asks how long its line is."""

import socket


def ask_length(host: str, port: int, line: str) -> int:
    """Send a line and return the number that comes back."""
    with socket.create_connection((host, port)) as sock:
        sock.sendall(line.encode() + b"\n")
        answer = sock.recv(4096)
        if not answer:
            raise ConnectionError("the server has closed")
        return int(answer)
