# mistake: does nothing about the empty recv(), so the client stays registered and readable for ever
# caught_by:
#   answers_whole_lines_after_half_close: empty_recv_ignored
#   gives_back_what_clients_used: connection_left_open
#   sleeps_when_idle: empty_recv_ignored
import selectors
import socket

ENOUGH = 300_000


class Client:
    def __init__(self) -> None:
        self.inbox = b""
        self.outbox = b""


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
            try:
                if mask & selectors.EVENT_READ:
                    data = conn.recv(65536)
                    if data:
                        lines, newline, client.inbox = (client.inbox + data).rpartition(b"\n")
                        client.outbox += (lines + newline).upper()
                if mask & selectors.EVENT_WRITE:
                    sent = conn.send(client.outbox)
                    client.outbox = client.outbox[sent:]
            except BlockingIOError:
                continue
            except OSError:
                selector.unregister(conn)
                conn.close()
                continue
            wanted = selectors.EVENT_WRITE if client.outbox else selectors.EVENT_READ
            if len(client.outbox) < ENOUGH:
                wanted |= selectors.EVENT_READ
            selector.modify(conn, wanted, client)
