# mistake: forks a child for each client and never waits for one that has finished
# caught_by:
#   gives_back_what_clients_used: zombies_left
import os
import socket


def handle_client(conn: socket.socket) -> None:
    buffer = b""
    while True:
        data = conn.recv(65536)
        if not data:
            break
        *lines, buffer = (buffer + data).split(b"\n")
        for line in lines:
            conn.sendall(line.upper() + b"\n")


def serve(host: str, port: int) -> None:
    listener = socket.create_server((host, port), backlog=100)
    while True:
        conn, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            try:
                handle_client(conn)
            except OSError:
                pass
            finally:
                os._exit(0)
        conn.close()
