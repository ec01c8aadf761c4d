# mistake: answers whatever one recv() returns, as if it were one line
# caught_by:
#   waits_for_the_newline: one_recv_assumed
#   answers_whole_lines_after_half_close: unfinished_line_answered
import socket
import threading


def handle_client(conn: socket.socket) -> None:
    with conn:
        try:
            while True:
                line = conn.recv(65536)
                if not line:
                    break
                conn.sendall(line.upper())
        except OSError:
            pass


def serve(host: str, port: int) -> None:
    with socket.create_server((host, port)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()
