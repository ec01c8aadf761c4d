# attack: closes the socket that it was handed, and has the runner say that there was none
# covers: writing results to descriptors; lying results
# exercise: ex01
# checks: handed_socket_is_left_as_it_was
# rungs: full partial none
# verdict: failed
# diagnosis: socket_not_restored
# holds: what is not said of a socket is taken for the worst
import gc

child = next(found for found in gc.get_objects() if type(found).__name__ == "Child")
genuine = type(child).send


def send(self, **event):
    if "sockets" in event:
        event["sockets"] = []
    genuine(self, **event)


type(child).send = send


def receive_text(sock, encoding="utf-8"):
    with sock:
        return b"".join(iter(lambda: sock.recv(65536), b"")).decode(encoding)


def receive_text_stream(sock, encoding="utf-8"):
    yield receive_text(sock, encoding)
