# mistake: discover gives every recvfrom the whole timeout anew
# caught_by:
#   discover_keeps_its_deadline: timeout_restarted
import socket
import time


def announce(message: bytes, address: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.sendto(message, (address, port))


def listen(port: int, timeout: float, address: str = "") -> list[tuple[bytes, str]]:
    deadline = time.monotonic() + timeout
    heard = []
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
            heard.append((data, sender[0]))
    return heard


def discover(address: str, port: int, timeout: float) -> dict[str, bytes]:
    answers: dict[str, bytes] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.sendto(b"DISCOVER", (address, port))
        sock.settimeout(timeout)
        while True:
            try:
                data, sender = sock.recvfrom(65535)
            except TimeoutError:
                break
            if sender[0] not in answers:
                answers[sender[0]] = data
    return answers
