# variant: os.fork for each client; the kernel reaps the children (SIGCHLD ignored)
# 变体：每个客户端一次 os.fork；忽略 SIGCHLD，子进程由内核回收
"""Multi-client server, the way it was done on Unix long before threads."""

from __future__ import annotations

import os
import signal
import socket


def talk(connection: socket.socket) -> None:
    buffer = bytearray()
    while True:
        chunk = connection.recv(8192)
        if not chunk:
            break
        buffer.extend(chunk)
        while (end := buffer.find(b"\n")) >= 0:
            line = bytes(buffer[: end + 1])
            del buffer[: end + 1]
            connection.sendall(line.upper())


def serve(host: str, port: int) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(50)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            try:
                listener.close()
                talk(connection)
            except OSError:
                pass
            finally:
                os._exit(0)
        connection.close()
