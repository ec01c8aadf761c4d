# variant: from socket import *, _thread, odd buffer sizes, and send() in a loop of its own
# 变体：from socket import *、_thread、少见的缓冲区大小，自己写循环来 send()
# ruff: noqa: F403, F405  (the star import is what this variant is about)
"""Multi-client server in the style of old tutorials."""

import _thread
from socket import *

clients = 0


def send_everything(conn: socket, data: bytes) -> None:
    done = 0
    while done < len(data):
        done += conn.send(data[done:])


def client_thread(conn: socket, addr: tuple[str, int]) -> None:
    global clients
    clients += 1
    line = b""
    try:
        while True:
            piece = conn.recv(1021)
            if len(piece) == 0:
                break
            pieces = piece.split(b"\n")
            for end_of_line in pieces[:-1]:
                send_everything(conn, (line + end_of_line + b"\n").upper())
                line = b""
            line += pieces[-1]
    except OSError as e:
        print("client", addr, "said goodbye in a rude way:", e)
    conn.close()
    clients -= 1


def serve(host: str, port: int) -> None:
    s = socket(AF_INET, SOCK_STREAM)
    s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    s.bind((host, port))
    s.listen(10)
    print("waiting for clients on port", port)
    while True:
        conn, addr = s.accept()
        _thread.start_new_thread(client_thread, (conn, addr))
