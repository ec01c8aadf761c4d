# mistake: receives and sends on the listening socket instead of the accepted one
# caught_by:
#   server_echoes_one_message: listener_used_as_connection
#   server_echoes_many_messages: listener_used_as_connection
#   server_echoes_any_bytes: listener_used_as_connection
#   server_lets_next_client_in: listener_used_as_connection
#   server_answers_half_closing_client: listener_used_as_connection
#   server_survives_reset: listener_used_as_connection
#   server_handles_partial_send: listener_used_as_connection
#   server_echoes_big_data: listener_used_as_connection
#   server_keeps_idle: listener_used_as_connection
#   server_restarts_on_same_port: listener_used_as_connection
"""The TCP echo server and its client."""

import socket


def serve(host: str, port: int) -> None:
    """Echo to one client after the other."""
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((host, port))
    server.listen(5)
    while True:
        client, addr = server.accept()
        print("connected:", addr)
        with client:
            while True:
                data = server.recv(4096)
                if not data:
                    break
                server.sendall(data)


def echo(host: str, port: int, message: bytes, timeout: float = 5.0) -> bytes:
    """Send message and return its echo."""
    with socket.create_connection((host, port), timeout) as sock:
        sock.sendall(message)
        reply = bytearray()
        while len(reply) < len(message):
            data = sock.recv(min(65536, len(message) - len(reply)))
            if not data:
                raise ConnectionError("the server closed too early")
            reply += data
        return bytes(reply)
