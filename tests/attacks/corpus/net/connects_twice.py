# attack: connects to the peer twice, and talks on the second connection
# covers: connecting twice
# exercise: ex03
# checks: client_returns_whole_reply
# rungs: full partial none
# verdict: failed
# diagnosis: stuck no_answer waits_for_more sleeps_too_long
# limits: check_s=3
# holds: the peer talks with whom it has accepted
import socket


def echo(host, port, message, timeout=5.0):
    with socket.create_connection((host, port), timeout) as first:
        with socket.create_connection((host, port), timeout) as second:
            second.sendall(message)
            return second.recv(65536)


def serve(host, port):
    pass
