# mistake: splitlines() ends a line at \r as well, and takes the \r of \r\n away
# caught_by:
#   changes_only_ascii_letters: data_taken_for_end
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
                whole, newline, buffer = (buffer + data).rpartition(b"\n")
                for line in (whole + newline).splitlines():
                    conn.sendall(line.upper() + b"\n")
        except OSError:
            pass


def serve(host: str, port: int) -> None:
    with socket.create_server((host, port)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()
