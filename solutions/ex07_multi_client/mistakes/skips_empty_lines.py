# mistake: takes an empty line for nothing and sends no answer to it
# caught_by:
#   answers_each_line: empty_line_unanswered
import socket
import threading


def handle_client(conn: socket.socket) -> None:
    buffer = b""
    with conn:
        try:
            while True:
                data = conn.recv(65536)
                if not data:
                    break
                *lines, buffer = (buffer + data).split(b"\n")
                for line in lines:
                    if line:
                        conn.sendall(line.upper() + b"\n")
        except OSError:
            pass


def serve(host: str, port: int) -> None:
    with socket.create_server((host, port)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()
