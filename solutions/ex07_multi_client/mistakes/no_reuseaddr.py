# mistake: binds without SO_REUSEADDR, so a restart finds the port still in TIME_WAIT
# caught_by:
#   restarts_on_same_port: no_reuseaddr
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
                    conn.sendall(line.upper() + b"\n")
        except OSError:
            pass


def serve(host: str, port: int) -> None:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind((host, port))
    listener.listen(128)
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=handle_client, args=(conn,), daemon=True).start()
