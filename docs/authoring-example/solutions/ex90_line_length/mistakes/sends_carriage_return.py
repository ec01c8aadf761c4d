# mistake: ends the line with CR LF
# caught_by:
#   returns_the_answer: wrong_bytes
#   sends_the_line_as_it_is: wrong_bytes
"""The client that asks how long its line is."""

import socket


def ask_length(host: str, port: int, line: str) -> int:
    """Send a line and return the number that comes back."""
    with socket.create_connection((host, port)) as sock:
        sock.sendall(line.encode() + b"\r\n")
        answer = b""
        while not answer.endswith(b"\n"):
            data = sock.recv(4096)
            if not data:
                raise ConnectionError("the server closed before its answer was whole")
            answer += data
        return int(answer)
