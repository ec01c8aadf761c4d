# attack: a server that answers one message with bytes without end
# covers: 100 MB of output; giant results
# exercise: ex03
# checks: server_echoes_one_message server_lets_next_client_in
# rungs: full partial none
# verdict: failed
# proves: memory
# limits: check_s=10
# holds: a peer reads what it is due, and what comes after that is neither kept nor waited out
import socket
import time


def serve(host, port):
    with socket.create_server((host, port)) as listener:
        listener.settimeout(60)
        while True:
            sock, _ = listener.accept()
            end = time.monotonic() + 30
            try:
                while time.monotonic() < end:
                    sock.sendall(b"x" * 65536)
            except OSError:
                pass


def echo(host, port, message, timeout=5.0):
    pass
