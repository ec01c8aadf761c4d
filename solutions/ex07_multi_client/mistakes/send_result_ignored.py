# mistake: send() may take only a part of the answer, and nobody looks at its result
# caught_by:
#   answers_long_lines_whole: send_result_ignored
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
                    conn.send(line.upper() + b"\n")
        except OSError:
            pass


def serve(host: str, port: int) -> None:
    with socket.create_server((host, port)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()
