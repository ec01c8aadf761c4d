# mistake: closes a connection at its end, but not after a reset: a list of all clients keeps it
# caught_by:
#   gives_back_what_clients_used: connection_left_open
import socket
import threading

clients = []


def handle_client(conn: socket.socket) -> None:
    buffer = b""
    clients.append(conn)
    try:
        while True:
            data = conn.recv(65536)
            if not data:
                break
            *lines, buffer = (buffer + data).split(b"\n")
            for line in lines:
                conn.sendall(line.upper() + b"\n")
        clients.remove(conn)
        conn.close()
    except OSError as error:
        print("lost:", error)


def serve(host: str, port: int) -> None:
    with socket.create_server((host, port)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()
