# attack: connects to the peer from a second process, and takes the answer from that one's pipe
# covers: connecting from a second process
# exercise: ex03
# checks: client_returns_whole_reply
# rungs: full partial none
# verdict: passed
# holds: right is right from whichever process; it is ended with the check
import os
import socket


def echo(host, port, message, timeout=5.0):
    reading, writing = os.pipe()
    if os.fork() == 0:
        with socket.create_connection((host, port), timeout) as sock:
            sock.sendall(message)
            got = 0
            while got < len(message) and (piece := sock.recv(65536)):
                got += len(piece)
                os.write(writing, piece)
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as file:
        return file.read()


def serve(host, port):
    pass
