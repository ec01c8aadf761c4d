# mistake: never closes its socket
# caught_by:
#   closes_its_socket: descriptor_leak
"""The client that asks how long its line is."""

import socket

open_sockets = []


def ask_length(host: str, port: int, line: str) -> int:
    """Send a line and return the number that comes back."""
    sock = socket.create_connection((host, port))
    open_sockets.append(sock)
    sock.sendall(line.encode() + b"\n")
    answer = b""
    while not answer.endswith(b"\n"):
        data = sock.recv(4096)
        if not data:
            raise ConnectionError("the server closed before its answer was whole")
        answer += data
    return int(answer)
