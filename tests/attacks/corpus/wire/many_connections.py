# attack: a client that opens connections to the peer until there are no more
# covers: connecting twice; limits
# exercise: ex03
# checks: client_returns_whole_reply
# rungs: full partial none
# verdict: failed
# limits: check_s=5
# holds: the peer accepts as many as its check needs, and the judge's descriptors are its own
import socket
import time

held = []


def echo(host, port, message, timeout=5.0):
    for _ in range(500):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex((host, port))
        held.append(sock)
    time.sleep(60)


def serve(host, port):
    pass
