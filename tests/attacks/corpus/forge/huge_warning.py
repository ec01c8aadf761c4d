# attack: says of what it left open more than anybody wants to read: one warning of 50 MB
# covers: giant results
# exercise: ex03
# checks: client_closes_its_socket
# rungs: full partial none
# verdict: failed
# diagnosis: descriptor_leak
# proves: memory
# holds: what a verdict shows of a warning is short
import gc
import socket

child = next(found for found in gc.get_objects() if type(found).__name__ == "Child")
type(child)._do_release = lambda self, order: self.send(
    event="released", warnings=["\x1b[2J\n::error::" * 3_000_000]
)


def echo(host, port, message, timeout=5.0):
    with socket.create_connection((host, port), timeout) as sock:
        sock.sendall(message)
        answer = b""
        while len(answer) < len(message):
            piece = sock.recv(65536)
            if not piece:
                raise ConnectionError
            answer += piece
        return answer


def serve(host, port):
    pass
