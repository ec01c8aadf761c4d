# mistake: readline() with a limit: a piece of a long line is answered before its newline has come
# caught_by:
#   waits_for_the_newline: one_recv_assumed
import socket
import threading


def handle_client(conn: socket.socket) -> None:
    with conn, conn.makefile("rb") as lines:
        try:
            while line := lines.readline(4096):
                if len(line) < 4096 and not line.endswith(b"\n"):
                    break  # the client has gone in the middle of a line
                conn.sendall(line.upper())
        except OSError:
            pass


def serve(host: str, port: int) -> None:
    with socket.create_server((host, port)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()
