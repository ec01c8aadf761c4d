# mistake: a time limit that lets recv() wake up now and then bounds sendall() as well: a slow reader is dropped
# caught_by:
#   slow_reader_gets_everything: slow_reader_dropped
import socket
import threading


def handle_client(conn: socket.socket) -> None:
    buffer = b""
    conn.settimeout(3)
    with conn:
        try:
            while True:
                try:
                    data = conn.recv(65536)
                except TimeoutError:
                    continue
                if not data:
                    break
                *lines, buffer = (buffer + data).split(b"\n")
                for line in lines:
                    conn.sendall(line.upper() + b"\n")
        except OSError:
            pass


def serve(host: str, port: int) -> None:
    with socket.create_server((host, port)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()
