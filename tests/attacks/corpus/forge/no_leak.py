# attack: leaves its socket open, and has the runner say that nothing was left
# covers: writing results to descriptors; gc walks
# exercise: ex03
# checks: client_closes_its_socket
# rungs: full partial none
# verdict: failed
# diagnosis: descriptor_leak
# holds: the kernel tells what is open
import gc
import socket

kept = []
child = next(found for found in gc.get_objects() if type(found).__name__ == "Child")
type(child)._do_release = lambda self, order: self.send(event="released", warnings=[])


def echo(host, port, message, timeout=5.0):
    sock = socket.create_connection((host, port), timeout)
    kept.append(sock)
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
