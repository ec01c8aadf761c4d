# mistake: answers the first line in the buffer and throws the rest of the buffer away
# caught_by:
#   answers_lines_that_arrive_together: leftover_dropped
#   answers_whole_lines_after_half_close: leftover_dropped
#   slow_reader_gets_everything: leftover_dropped
import socket
import threading


def read_line(conn: socket.socket) -> bytes | None:
    buffer = b""
    while b"\n" not in buffer:
        data = conn.recv(4096)
        if not data:
            return None
        buffer += data
    return buffer.split(b"\n")[0]


def handle_client(conn: socket.socket) -> None:
    with conn:
        try:
            while (line := read_line(conn)) is not None:
                conn.sendall(line.upper() + b"\n")
        except OSError:
            pass


def serve(host: str, port: int) -> None:
    with socket.create_server((host, port)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()
