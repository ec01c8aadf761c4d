# mistake: the default argument is one bytearray for all clients (the lock does not help)
# caught_by:
#   serves_fifty_clients_at_once: buffer_shared_between_clients
#   half_line_holds_up_nobody: buffer_shared_between_clients
#   slow_reader_holds_up_nobody: buffer_shared_between_clients
import socket
import threading

lock = threading.Lock()


def take_lines(data: bytes, buffer: bytearray = bytearray()) -> list[bytearray]:  # noqa: B008
    with lock:
        buffer += data
        *lines, rest = buffer.split(b"\n")
        buffer[:] = rest
    return lines


def handle_client(conn: socket.socket) -> None:
    with conn:
        try:
            while data := conn.recv(4093):
                for line in take_lines(data):
                    conn.sendall(line.upper() + b"\n")
        except OSError:
            pass


def serve(host: str, port: int) -> None:
    with socket.create_server((host, port)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()
