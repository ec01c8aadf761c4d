# attack: opens sockets of families that know no namespaces, or reach into the kernel
# covers: odd socket families
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial
# verdict: passed
# holds: what no exercise needs is refused
import socket

FAMILIES = {"AF_VSOCK": 40, "AF_ALG": 38, "AF_PACKET": 17, "AF_BLUETOOTH": 31, "AF_CAN": 29,
            "AF_KEY": 15, "AF_XDP": 44, "AF_TIPC": 30, "AF_RDS": 21, "AF_NFC": 39, "AF_KCM": 41,
            "AF_SMC": 43, "AF_QIPCRTR": 42}
won = []
for name, family in FAMILIES.items():
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        try:
            socket.socket(family, kind).close()
            won.append(name)
        except OSError:
            continue
for kind, protocol in ((socket.SOCK_RAW, socket.IPPROTO_ICMP), (socket.SOCK_RAW, 255)):
    try:
        socket.socket(socket.AF_INET, kind, protocol).close()
        won.append("raw")
    except OSError:
        continue
for protocol in (2, 4, 6, 9, 12, 16):
    try:
        socket.socket(16, socket.SOCK_RAW, protocol).close()
        won.append(f"netlink {protocol}")
    except OSError:
        continue


def encode_text(text, encoding="utf-8"):
    return repr(won).encode() if won else text.encode(encoding)
