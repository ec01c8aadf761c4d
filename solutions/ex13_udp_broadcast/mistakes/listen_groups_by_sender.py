# mistake: listen collects per sender, so the order among senders is lost
# caught_by:
#   listen_returns_every_datagram_in_order: order_lost
import socket
import time


def announce(message: bytes, address: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.sendto(message, (address, port))


def listen(port: int, timeout: float, address: str = "") -> list[tuple[bytes, str]]:
    deadline = time.monotonic() + timeout
    heard: dict[str, list[bytes]] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                break
            sock.settimeout(remaining)
            try:
                data, sender = sock.recvfrom(65535)
            except TimeoutError:
                break
            heard.setdefault(sender[0], []).append(data)
    return [(data, ip) for ip, messages in heard.items() for data in messages]


def discover(address: str, port: int, timeout: float) -> dict[str, bytes]:
    deadline = time.monotonic() + timeout
    answers: dict[str, bytes] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.sendto(b"DISCOVER", (address, port))
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                break
            sock.settimeout(remaining)
            try:
                data, sender = sock.recvfrom(65535)
            except TimeoutError:
                break
            if sender[0] not in answers:
                answers[sender[0]] = data
    return answers
