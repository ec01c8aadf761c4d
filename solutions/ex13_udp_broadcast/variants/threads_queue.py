# variant: a thread reads into a queue, the caller's thread watches the clock
# 变体：一个线程把收到的数据报放进队列，调用者的线程看着时间
"""A reader thread with short ticks; the function takes from its queue until the deadline."""

from __future__ import annotations

import queue
import socket
import threading
import time

Datagram = tuple[bytes, str]


def reader(sock: socket.socket, inbox: queue.Queue[Datagram], stop: threading.Event) -> None:
    sock.settimeout(0.05)
    while not stop.is_set():
        try:
            data, sender = sock.recvfrom(65_536)
        except TimeoutError:
            continue
        inbox.put((data, sender[0]))


def collect(sock: socket.socket, timeout: float) -> list[Datagram]:
    inbox: queue.Queue[Datagram] = queue.Queue()
    stop = threading.Event()
    thread = threading.Thread(target=reader, args=(sock, inbox, stop), daemon=True)
    thread.start()
    end = time.monotonic() + timeout
    heard: list[Datagram] = []
    try:
        while True:
            heard.append(inbox.get(timeout=max(0.0, end - time.monotonic())))
            if time.monotonic() >= end:
                break
    except queue.Empty:
        pass
    finally:
        stop.set()
        thread.join()
    return heard


def announce(message: bytes, address: str, port: int) -> None:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.sendto(message, (address, port))
    finally:
        sock.close()


def listen(port: int, timeout: float, address: str = "") -> list[Datagram]:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        return collect(sock, timeout)
    finally:
        sock.close()


def discover(address: str, port: int, timeout: float) -> dict[str, bytes]:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.sendto(b"DISCOVER", (address, port))
        answers: dict[str, bytes] = {}
        for data, ip in collect(sock, timeout):
            answers.setdefault(ip, data)
        return answers
    finally:
        sock.close()
