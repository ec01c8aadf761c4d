# variant: a subclass of Thread reads lines from makefile("rb") and writes through makefile("wb")
# 变体：Thread 的子类，从 makefile("rb") 按行读，往 makefile("wb") 里写
"""Multi-client server that treats each connection as two binary files."""

from __future__ import annotations

import socket
import threading


class ClientThread(threading.Thread):
    def __init__(self, connection: socket.socket) -> None:
        super().__init__(daemon=True)
        self.connection = connection

    def run(self) -> None:
        try:
            with (
                self.connection,
                self.connection.makefile("rb") as reader,
                self.connection.makefile("wb") as writer,
            ):
                while True:
                    line = reader.readline()
                    if line[-1:] != b"\n":
                        break
                    writer.write(line.upper())
                    writer.flush()
        except OSError:
            # Closing the file tries to flush once more, so a reset may be seen here as well.
            print(self.name, "was cut off")


def serve(host: str, port: int) -> None:
    listener = socket.create_server((host, port))
    while True:
        connection, address = listener.accept()
        print("new client", address)
        ClientThread(connection).start()
