# mistake: ten worker threads serve one client each until it leaves; the eleventh client has to wait
# caught_by:
#   serves_fifty_clients_at_once: too_few_at_once
import socket
from concurrent.futures import ThreadPoolExecutor


def handle_client(conn: socket.socket) -> None:
    with conn:
        rest = b""
        try:
            while True:
                data = conn.recv(16384)
                if not data:
                    break
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    conn.sendall(line.upper() + b"\n")
        except OSError as error:
            print(error)


def serve(host: str, port: int) -> None:
    pool = ThreadPoolExecutor(max_workers=10)
    with socket.create_server((host, port)) as listener:
        while True:
            conn, _ = listener.accept()
            pool.submit(handle_client, conn)
