"""One server, many clients: every line comes back in upper case, to everybody at once."""

from __future__ import annotations

import contextlib
import socket
import threading

CHUNK = 64 * 1024


def serve(host: str, port: int) -> None:
    """Answer each client's lines in upper case, every client in a thread of its own."""
    # create_server sets SO_REUSEADDR before it binds, so a restart finds the port free.
    # The backlog is the waiting room for connections that nobody has accepted yet.
    with socket.create_server((host, port), backlog=128) as listener:
        while True:
            try:
                connection, _ = listener.accept()
            except ConnectionAbortedError:
                continue  # Some systems say so when a client left while it was waiting.
            # This thread does nothing but accept: whatever a client does or does not do,
            # only the thread that belongs to it has to wait.
            threading.Thread(target=talk, args=(connection,), daemon=True).start()


def talk(connection: socket.socket) -> None:
    """Serve one client until it closes its side, then close ours."""
    # Reset or gone: nobody is left to be told, and nobody else is concerned.
    with connection, contextlib.suppress(OSError):
        answer_lines(connection)


def answer_lines(connection: socket.socket) -> None:
    """Answer every whole line that arrives; what is left at the end is no line."""
    rest = b""  # Belongs to this connection: the start of a line that is not whole yet.
    while data := connection.recv(CHUNK):
        # Up to the last newline there are only whole lines, and upper() leaves newlines alone,
        # so one call answers them all. Without any newline, lines is empty and nothing is sent.
        head, newline, rest = (rest + data).rpartition(b"\n")
        lines = head + newline
        # bytes.upper() changes a-z alone; a client that does not read makes sendall() wait here.
        connection.sendall(lines.upper())
