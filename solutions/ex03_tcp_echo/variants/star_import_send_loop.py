# variant: from socket import *; an odd buffer size; send() in a loop that counts its result
# 变体：from socket import *；少见的缓冲区大小；循环 send()，按返回值计数
"""Echo with everything from socket."""

from socket import *  # noqa: F403  # many lecture notes begin like this
from time import monotonic

BUFSIZ = 1021


def serve(host: str, port: int) -> None:
    """Serve one client after the other."""
    tcp_server = socket(AF_INET, SOCK_STREAM)  # noqa: F405
    tcp_server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)  # noqa: F405
    tcp_server.bind((host, port))
    tcp_server.listen(5)
    while True:
        print("waiting for connection...")
        tcp_client, addr = tcp_server.accept()
        print("...connected from:", addr)
        try:
            while True:
                data = tcp_client.recv(BUFSIZ)
                if not data:
                    break
                sent = 0
                while sent < len(data):
                    sent += tcp_client.send(data[sent:])
        except OSError as e:
            print("lost:", e)
        finally:
            tcp_client.close()


def echo(host: str, port: int, message: bytes, timeout: float = 5.0) -> bytes:
    """Count what send() takes, and watch the clock for all of it together."""
    tcp_client = create_connection((host, port), timeout)  # noqa: F405
    try:
        deadline = monotonic() + timeout
        rest = memoryview(message)
        while rest:
            left = deadline - monotonic()
            if left <= 0:
                raise TimeoutError("the server does not read")
            tcp_client.settimeout(left)
            rest = rest[tcp_client.send(rest) :]
        tcp_client.settimeout(timeout)
        reply = bytearray()
        while len(reply) < len(message):
            data = tcp_client.recv(BUFSIZ)
            if not data:
                raise ConnectionError("the server is gone")
            reply += data
        return bytes(reply[: len(message)])
    finally:
        tcp_client.close()
