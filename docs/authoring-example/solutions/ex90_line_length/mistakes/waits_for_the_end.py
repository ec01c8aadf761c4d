# mistake: reads until the server closes its side
# caught_by:
#   returns_the_answer: waits_for_more
#   sends_the_line_as_it_is: waits_for_more
#   reports_early_close: partial_returned
"""The client that asks how long its line is."""

import socket


def ask_length(host: str, port: int, line: str) -> int:
    """Send a line and return the number that comes back."""
    with socket.create_connection((host, port)) as sock:
        sock.sendall(line.encode() + b"\n")
        answer = b""
        while data := sock.recv(4096):
            answer += data
        if not answer:
            raise ConnectionError("the server has said nothing")
        return int(answer)
