# mistake: binds "" and so listens at every address of the machine, whatever host says
# caught_by:
#   listens_only_where_told: binds_wrong_address
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
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("", port))
    listener.listen(128)
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=handle_client, args=(conn,), daemon=True).start()
