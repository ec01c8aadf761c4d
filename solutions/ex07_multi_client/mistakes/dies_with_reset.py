# mistake: one loop for all clients, and nobody catches ConnectionResetError: it ends the server
# caught_by:
#   early_leavers_harm_nobody: died_with_client
#   gives_back_what_clients_used: died_with_client
import selectors
import socket

ENOUGH = 300_000


class Client:
    def __init__(self) -> None:
        self.inbox = b""
        self.outbox = b""
        self.finished = False


def serve(host: str, port: int) -> None:
    selector = selectors.DefaultSelector()
    listener = socket.create_server((host, port), backlog=100)
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, mask in selector.select():
            if key.data is None:
                conn, _ = listener.accept()
                conn.setblocking(False)
                selector.register(conn, selectors.EVENT_READ, Client())
                continue
            conn, client = key.fileobj, key.data
            if mask & selectors.EVENT_READ:
                data = conn.recv(65536)
                if not data:
                    client.finished = True
                lines, newline, client.inbox = (client.inbox + data).rpartition(b"\n")
                client.outbox += (lines + newline).upper()
            if mask & selectors.EVENT_WRITE:
                sent = conn.send(client.outbox)
                client.outbox = client.outbox[sent:]
            wanted = 0
            if client.outbox:
                wanted |= selectors.EVENT_WRITE
            if not client.finished and len(client.outbox) < ENOUGH:
                wanted |= selectors.EVENT_READ
            if wanted:
                selector.modify(conn, wanted, client)
            else:
                selector.unregister(conn)
                conn.close()
