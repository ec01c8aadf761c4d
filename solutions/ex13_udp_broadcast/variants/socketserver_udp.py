# variant: socketserver.UDPServer takes the datagrams, one handle_request at a time
# 变体：由 socketserver.UDPServer 接收数据报，一次 handle_request 收一个
"""A server that only listens; its handler does nothing but remember."""

from __future__ import annotations

import socket
import socketserver
import time


class Remember(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Listener)
        self.server.heard.append((self.request[0], self.client_address[0]))


class Listener(socketserver.UDPServer):
    max_packet_size = 65_535

    def __init__(self, address: str, port: int, shared: bool) -> None:
        self.allow_reuse_address = shared
        self.heard: list[tuple[bytes, str]] = []
        super().__init__((address, port), Remember)

    def run_for(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.timeout = left
            self.handle_request()


def announce(message: bytes, address: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.sendto(message, (address, port))


def listen(port: int, timeout: float, address: str = "") -> list[tuple[bytes, str]]:
    with Listener(address, port, shared=True) as server:
        server.run_for(timeout)
    return server.heard


def discover(address: str, port: int, timeout: float) -> dict[str, bytes]:
    with Listener("", 0, shared=False) as server:
        server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        server.socket.sendto(b"DISCOVER", (address, port))
        server.run_for(timeout)
    answers: dict[str, bytes] = {}
    for data, ip in server.heard:
        answers.setdefault(ip, data)
    return answers
