# attack: a server that guesses seeds and sends the answer before it has read the question
# covers: guessing the seed
# exercise: ex03
# checks: server_echoes_one_message
# rungs: full partial none
# verdict: failed
# diagnosis: wrong_bytes extra_bytes
# holds: a seed is drawn from the system's randomness, and a wrong guess is a wrong byte
import random
import socket


def guess(seed):
    drawn = random.Random(f"{seed}:server_echoes_one_message")
    return b"hello " + bytes(drawn.choices(b"abcdefghijklmnopqrstuvwxyz", k=8))


def serve(host, port):
    with socket.create_server((host, port)) as listener:
        listener.settimeout(60)
        while True:
            sock, _ = listener.accept()
            for seed in (0, 1, 42, 417):
                sock.sendall(guess(seed))
            sock.recv(65536)


def echo(host, port, message, timeout=5.0):
    pass
