# variant: star import, a non-blocking socket read every 30 ms, DISCOVER broadcast three times
# 变体：from socket import *；每 30 毫秒读一次非阻塞套接字，DISCOVER 广播三次
# ruff: noqa: F403, F405 - the star import is what this variant is about
"""Looks at the socket in short ticks and sleeps in between; asks again a few times."""

from collections.abc import Iterator
from socket import *
from time import monotonic, sleep

TICK = 0.03
ASK_TIMES = 3


def open_socket() -> socket:
    sock = socket(AF_INET, SOCK_DGRAM)
    sock.setblocking(False)
    return sock


def take_what_is_there(sock: socket) -> Iterator[tuple[bytes, tuple[str, int]]]:
    while True:
        try:
            yield sock.recvfrom(65535)
        except BlockingIOError:
            return


def announce(message: bytes, address: str, port: int) -> None:
    print("announcing", len(message), "bytes")
    with open_socket() as sock:
        sock.setblocking(True)
        sock.setsockopt(SOL_SOCKET, SO_BROADCAST, 1)
        sock.sendto(message, (address, port))


def listen(port: int, timeout: float, address: str = "") -> list[tuple[bytes, str]]:
    end = monotonic() + timeout
    heard = []
    with open_socket() as sock:
        sock.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        sock.bind((address, port))
        while monotonic() < end:
            for data, (ip, _) in take_what_is_there(sock):
                print("heard", len(data), "bytes from", ip)
                heard.append((data, ip))
                if monotonic() >= end:
                    return heard
            sleep(min(TICK, max(0, end - monotonic())))
    return heard


def discover(address: str, port: int, timeout: float) -> dict[str, bytes]:
    begin = monotonic()
    answers: dict[str, bytes] = {}
    asked = 0
    with open_socket() as sock:
        sock.setsockopt(SOL_SOCKET, SO_BROADCAST, 1)
        while monotonic() < begin + timeout:
            if asked < ASK_TIMES and monotonic() >= begin + asked * timeout / ASK_TIMES:
                sock.sendto(b"DISCOVER", (address, port))
                asked += 1
            for data, (ip, _) in take_what_is_there(sock):
                if ip not in answers:
                    answers[ip] = data
                if monotonic() >= begin + timeout:
                    return answers
            sleep(min(TICK, max(0, begin + timeout - monotonic())))
    return answers
