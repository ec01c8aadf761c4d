# attack: closes the socket that it was handed, and has the runner say that it is open
# covers: writing results to descriptors; lying results
# exercise: ex01
# checks: handed_socket_is_left_as_it_was
# rungs: full partial none
# verdict: failed
# diagnosis: socket_not_restored
# holds: the kernel tells what is open
import gc

child = next(found for found in gc.get_objects() if type(found).__name__ == "Child")
spaces = type(child).send.__globals__
timeouts = []


def states(socks):
    return [{"open": True, "timeout": timeout} for timeout in timeouts[-len(socks):]]


spaces["_states"] = states


def receive_text(sock, encoding="utf-8"):
    timeouts.append(sock.gettimeout())
    with sock:
        return b"".join(iter(lambda: sock.recv(65536), b"")).decode(encoding)


def receive_text_stream(sock, encoding="utf-8"):
    yield receive_text(sock, encoding)
