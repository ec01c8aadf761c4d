# attack: connects to every port on which a judge might listen, and sends forged results there
# covers: scanning ports for the judge
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full
# verdict: passed
# proves: world
# holds: the judge listens nowhere that a submission gets to
import socket

won = []
for port in (*range(1, 1024), *range(32768, 61000, 7), int("@WORLD_PORT@")):
    with socket.socket() as sock:
        sock.settimeout(0.5)
        if sock.connect_ex(("127.0.0.1", port)) == 0:
            if sock.getsockname() != sock.getpeername():  # it may meet itself
                won.append(port)
            sock.sendall(b'{"status": "passed"}')


def encode_text(text, encoding="utf-8"):
    return repr(won).encode() if won else text.encode(encoding)
