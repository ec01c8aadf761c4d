# mistake: calls the handler where it should be passed to Thread, so it runs in the accepting thread
# caught_by:
#   serves_fifty_clients_at_once: blocked_by_one_client
#   idle_client_holds_up_nobody: blocked_by_one_client
#   half_line_holds_up_nobody: blocked_by_one_client
#   early_leavers_harm_nobody: blocked_by_one_client
#   slow_reader_holds_up_nobody: blocked_by_one_client
import socket
import threading


def handle_client(conn: socket.socket) -> None:
    buffer = b""
    try:
        while True:
            data = conn.recv(4096)
            if not data:
                break
            buffer += data
            while b"\n" in buffer:
                line, buffer = buffer.split(b"\n", 1)
                conn.sendall(line.upper() + b"\n")
    except OSError:
        print("client lost")
    conn.close()


def serve(host: str, port: int) -> None:
    with socket.create_server((host, port)) as listener:
        while True:
            conn, address = listener.accept()
            print("connected:", address)
            thread = threading.Thread(target=handle_client(conn), daemon=True)
            thread.start()
