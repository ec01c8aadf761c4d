# variant: a multiprocessing.Process per client, joined when its sentinel becomes ready
# 变体：每个客户端一个 multiprocessing.Process，等它的 sentinel 就绪再 join
"""Multi-client server: the parent waits for new clients and for finished children at once."""

from __future__ import annotations

import multiprocessing
import socket
from multiprocessing.connection import wait

# Forking hands the open connection to the child; the other start methods would have to pickle it.
context = multiprocessing.get_context("fork")


def talk(listener: socket.socket, connection: socket.socket) -> None:
    listener.close()
    rest = b""
    with connection:
        try:
            for data in iter(lambda: connection.recv(65536), b""):
                whole, newline, rest = (rest + data).rpartition(b"\n")
                connection.sendall(whole.upper() + newline)
        except OSError:
            return


def serve(host: str, port: int) -> None:
    children: dict[int, multiprocessing.process.BaseProcess] = {}
    with socket.create_server((host, port), backlog=50) as listener:
        while True:
            for ready in wait([listener, *children]):
                if isinstance(ready, int):
                    child = children.pop(ready)
                    child.join()
                    child.close()
                    continue
                connection, _ = listener.accept()
                process = context.Process(target=talk, args=(listener, connection), daemon=True)
                process.start()
                connection.close()
                children[process.sentinel] = process
