# attack: leaves its server to a daemon and returns
# covers: connecting from a second process; daemons
# exercise: ex03
# checks: server_echoes_one_message
# rungs: full partial none
# verdict: failed
# diagnosis: ended_by_itself
# holds: serve must not return, and the daemon is ended with the check
import os
import socket
import time


def serve(host, port):
    if os.fork():
        return
    os.setsid()
    time.sleep(1)
    with socket.create_server((host, port)) as listener:
        listener.settimeout(60)
        while True:
            sock, _ = listener.accept()
            while data := sock.recv(65536):
                sock.sendall(data)


def echo(host, port, message, timeout=5.0):
    pass
