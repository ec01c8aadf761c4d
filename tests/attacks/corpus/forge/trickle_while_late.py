# attack: takes four times the time that it has, and keeps the judge busy with idle frames meanwhile
# covers: writing results to descriptors; patching time
# exercise: ex03
# checks: client_times_out_on_connect
# rungs: full partial none
# verdict: failed
# diagnosis: timeout_ignored returns_too_late control_broken crashed
# holds: who speaks has not answered yet
import gc
import socket
import time

child = next(found for found in gc.get_objects() if type(found).__name__ == "Child")


def echo(host, port, message, timeout=5.0):
    with socket.socket() as sock:
        sock.setblocking(False)
        sock.connect_ex((host, port))
        end = time.monotonic() + timeout + 3
        while time.monotonic() < end:
            child.send(event="calling", at=time.monotonic())
            time.sleep(0.002)
        raise TimeoutError


def serve(host, port):
    pass
