# mistake: asks for write events of every client all the time, so select() never sleeps
# caught_by:
#   sleeps_when_idle: busy_loop
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
                both = selectors.EVENT_READ | selectors.EVENT_WRITE
                selector.register(conn, both, Client())
                continue
            conn, client = key.fileobj, key.data
            try:
                if mask & selectors.EVENT_READ and len(client.outbox) < ENOUGH:
                    data = conn.recv(65536)
                    if not data:
                        client.finished = True
                    lines, newline, client.inbox = (client.inbox + data).rpartition(b"\n")
                    client.outbox += (lines + newline).upper()
                if mask & selectors.EVENT_WRITE and client.outbox:
                    sent = conn.send(client.outbox)
                    client.outbox = client.outbox[sent:]
            except BlockingIOError:
                continue
            except OSError:
                client.finished = True
                client.outbox = b""
            if client.finished and not client.outbox:
                selector.unregister(conn)
                conn.close()
