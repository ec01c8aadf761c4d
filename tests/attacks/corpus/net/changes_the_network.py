# attack: takes the loopback down, adds addresses and devices, by netlink and ioctl
# covers: odd socket families; forbidden system calls
# exercise: ex03
# checks: client_returns_whole_reply
# rungs: full partial
# verdict: passed
# holds: the network is not its own to change
import fcntl
import socket
import struct

SIOCSIFFLAGS, SIOCSIFADDR, RTM_NEWLINK, RTM_DELLINK = 0x8914, 0x8916, 16, 17
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    for number in (SIOCSIFFLAGS, SIOCSIFADDR):
        try:
            fcntl.ioctl(sock, number, struct.pack("16sH22x", b"lo", 0))
        except OSError:
            continue
try:
    with socket.socket(16, socket.SOCK_RAW, 0) as sock:
        for kind in (RTM_NEWLINK, RTM_DELLINK):
            body = struct.pack("=BxHiII", 0, 0, 1, 0, 1)
            sock.send(struct.pack("=IHHII", 16 + len(body), kind, 1, 1, 0) + body)
except OSError:
    pass


def echo(host, port, message, timeout=5.0):
    with socket.create_connection((host, port), timeout) as sock:
        sock.sendall(message)
        answer = b""
        while len(answer) < len(message):
            piece = sock.recv(len(message) - len(answer))
            if not piece:
                raise ConnectionError
            answer += piece
        return answer


def serve(host, port):
    pass
