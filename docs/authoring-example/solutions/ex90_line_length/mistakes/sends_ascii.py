# mistake: leaves out whatever is not ASCII
# caught_by:
#   sends_the_line_as_it_is: wrong_bytes
"""The client that asks how long its line is."""

import socket


def ask_length(host: str, port: int, line: str) -> int:
    """Send a line and return the number that comes back."""
    with socket.create_connection((host, port)) as sock:
        sock.sendall(line.encode("ascii", "ignore") + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            data = sock.recv(4096)
            if not data:
                raise ConnectionError("the server closed before its answer was whole")
            answer += data
        return int(answer)
