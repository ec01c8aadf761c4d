# attack: takes twice the time that it has, and says that it was called only just now
# covers: writing results to descriptors; patching time
# exercise: ex03
# checks: client_times_out_on_connect
# rungs: full partial none
# verdict: failed
# diagnosis: timeout_ignored returns_too_late
# holds: how long an order may be on its way is bounded by the judge
import gc
import socket
import time

child = next(found for found in gc.get_objects() if type(found).__name__ == "Child")
genuine = type(child).send


def send(self, **event):
    if event["event"] != "calling":
        genuine(self, **event)


type(child).send = send


def echo(host, port, message, timeout=5.0):
    with socket.socket() as sock:
        sock.settimeout(timeout + 3)
        try:
            sock.connect((host, port))
        finally:
            genuine(child, event="calling", at=time.monotonic())


def serve(host, port):
    pass
