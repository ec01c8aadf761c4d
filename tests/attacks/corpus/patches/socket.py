# attack: replaces the socket module's parts by ones that echo without a network
# covers: patching socket
# exercise: ex03
# checks: client_returns_whole_reply
# rungs: full partial none
# verdict: failed
# holds: the peer has seen no byte
import socket


class Fake:
    def __init__(self, *_, **__):
        self.sent = b""

    def sendall(self, data):
        self.sent += data

    def recv(self, size):
        data, self.sent = self.sent[:size], self.sent[size:]
        return data

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


socket.socket = socket.SocketType = Fake
socket.create_connection = Fake


def echo(host, port, message, timeout=5.0):
    with socket.create_connection((host, port), timeout) as sock:
        sock.sendall(message)
        return sock.recv(len(message))


def serve(host, port):
    pass
