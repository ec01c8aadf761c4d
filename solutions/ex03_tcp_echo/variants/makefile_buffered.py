# variant: sockets wrapped into buffered files with makefile()
# 变体：用 makefile() 把套接字包装成带缓冲的文件
"""Echo through file objects."""

import socket


def serve(host: str, port: int) -> None:
    """Read from and write to a buffered file."""
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(50)
        while True:
            connection, _ = listener.accept()
            try:
                with connection, connection.makefile("rwb") as stream:
                    while data := stream.read1():
                        stream.write(data)
                        stream.flush()
            except OSError as error:
                print("conversation broken off:", error)
    finally:
        listener.close()


def echo(host: str, port: int, message: bytes, timeout: float = 5.0) -> bytes:
    """Send on the socket, so that the timeout bounds the send as a whole; read from a file."""
    with (
        socket.create_connection((host, port), timeout) as sock,
        sock.makefile("rb") as stream,
    ):
        sock.sendall(message)
        reply = stream.read(len(message))
        if len(reply) < len(message):
            raise ConnectionError(f"only {len(reply)} bytes came back")
        return reply
