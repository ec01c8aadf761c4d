# variant: a process for each client, by os.fork(); the client makes, connects and closes by hand
# 变体：服务器用 os.fork() 为每个客户端创建子进程；客户端自己创建套接字、连接、关闭
"""Echo with processes."""

import os
import socket
from collections.abc import Iterator


def serve(host: str, port: int) -> None:
    """Fork once for each client."""
    listener = socket.create_server((host, port))
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            work(listener, connection)
        connection.close()
        reap()


def work(listener: socket.socket, connection: socket.socket) -> None:
    """Echo in the child, which never comes back from here."""
    try:
        listener.close()
        while data := connection.recv(16384):
            connection.sendall(data)
        connection.close()
    finally:
        os._exit(0)


def reap() -> None:
    """Collect the children that have ended, without waiting for the others."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def echo(host: str, port: int, message: bytes, timeout: float = 5.0) -> bytes:
    """Every step by hand."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout)
        sock.connect((host, port))
        sock.sendall(message)
        return b"".join(pieces(sock, len(message)))
    finally:
        sock.close()


def pieces(sock: socket.socket, missing: int) -> Iterator[bytes]:
    """Yield the reply piece by piece until nothing is missing."""
    while missing > 0:
        piece = sock.recv(missing)
        if not piece:
            raise ConnectionError(f"{missing} bytes are missing")
        missing -= len(piece)
        yield piece
