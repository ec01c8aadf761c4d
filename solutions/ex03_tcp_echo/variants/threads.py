# variant: a thread for each client; the client sends in a second thread while it reads
# 变体：每个客户端一个线程；客户端用另一个线程发送，同时自己接收
"""Echo with threads on both sides."""

import contextlib
import socket
import threading


def serve(host: str, port: int) -> None:
    """Give each client a thread of its own."""
    with socket.create_server((host, port)) as listener:
        while True:
            connection, address = listener.accept()
            print("connected:", address)
            threading.Thread(target=talk, args=(connection,), daemon=True).start()


def talk(connection: socket.socket) -> None:
    """Echo until the client closes or breaks off."""
    with connection:
        try:
            while True:
                data = connection.recv(4096)
                if len(data) == 0:
                    return
                connection.sendall(data)
        except OSError as error:
            print("gone:", error)


def echo(host: str, port: int, message: bytes, timeout: float = 5.0) -> bytes:
    """Read the reply while another thread is still sending."""
    sock = socket.create_connection((host, port), timeout=timeout)
    sender = threading.Thread(target=send_quietly, args=(sock, message))
    try:
        sender.start()
        pieces: list[bytes] = []
        missing = len(message)
        while missing:
            piece = sock.recv(min(missing, 1 << 20))
            if piece == b"":
                raise ConnectionAbortedError(f"{missing} bytes never came")
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)
    finally:
        # Closing a socket does not wake a thread that is sending on it; shutting it down does.
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        sender.join()
        sock.close()


def send_quietly(sock: socket.socket, message: bytes) -> None:
    """Send all of it; a failure shows in the reading thread, too."""
    with contextlib.suppress(OSError):
        sock.sendall(message)
