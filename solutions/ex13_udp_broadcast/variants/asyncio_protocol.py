# variant: asyncio datagram endpoints on sockets made by hand, one sleep as the deadline
# 变体：自己创建套接字，交给 asyncio 的数据报端点；截止时间就是一次 sleep
"""The event loop collects the datagrams while the coroutine sleeps until the deadline."""

from __future__ import annotations

import asyncio
import socket


class Collector(asyncio.DatagramProtocol):
    """Keeps every datagram with its sender's IP address."""

    def __init__(self) -> None:
        self.heard: list[tuple[bytes, str]] = []
        self.closed = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard.append((data, addr[0]))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)


async def collect(sock: socket.socket, timeout: float) -> list[tuple[bytes, str]]:
    """Hand ``sock`` to the event loop for ``timeout`` seconds."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    transport, protocol = await loop.create_datagram_endpoint(Collector, sock=sock)
    try:
        await asyncio.sleep(timeout - (loop.time() - started))
    finally:
        transport.close()
        await protocol.closed
    return protocol.heard


def make_socket(option: int) -> socket.socket:
    """Return a non-blocking UDP socket with ``option`` switched on."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, option, 1)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock


def announce(message: bytes, address: str, port: int) -> None:
    with make_socket(socket.SO_BROADCAST) as sock:
        sock.setblocking(True)
        sock.sendto(message, (address, port))


def listen(port: int, timeout: float, address: str = "") -> list[tuple[bytes, str]]:
    with make_socket(socket.SO_REUSEPORT) as sock:
        sock.bind((address, port))
        return asyncio.run(collect(sock, timeout))


def discover(address: str, port: int, timeout: float) -> dict[str, bytes]:
    with make_socket(socket.SO_BROADCAST) as sock:
        sock.bind(("0.0.0.0", 0))
        sock.sendto(b"DISCOVER", (address, port))
        heard = asyncio.run(collect(sock, timeout))
    # Backwards, so that the earliest answer of each address is the one that stays.
    return {sender: data for data, sender in reversed(heard)}
