# mistake: closes at once when recv() returns b"", with answers still waiting to be sent
# caught_by:
#   answers_whole_lines_after_half_close: stops_on_half_close
import selectors
import socket

ENOUGH = 300_000


def serve(host: str, port: int) -> None:
    selector = selectors.DefaultSelector()
    listener = socket.create_server((host, port), backlog=100)
    selector.register(listener, selectors.EVENT_READ)
    inbox = {}
    outbox = {}

    def forget(conn: socket.socket) -> None:
        selector.unregister(conn)
        del inbox[conn], outbox[conn]
        conn.close()

    while True:
        for key, mask in selector.select():
            conn = key.fileobj
            if conn is listener:
                new, _ = listener.accept()
                new.setblocking(False)
                inbox[new] = outbox[new] = b""
                selector.register(new, selectors.EVENT_READ)
                continue
            try:
                if mask & selectors.EVENT_READ:
                    data = conn.recv(65536)
                    if not data:
                        forget(conn)
                        continue
                    lines, newline, inbox[conn] = (inbox[conn] + data).rpartition(b"\n")
                    outbox[conn] += (lines + newline).upper()
                if mask & selectors.EVENT_WRITE:
                    sent = conn.send(outbox[conn])
                    outbox[conn] = outbox[conn][sent:]
            except BlockingIOError:
                continue
            except OSError:
                forget(conn)
                continue
            wanted = selectors.EVENT_WRITE if outbox[conn] else selectors.EVENT_READ
            if len(outbox[conn]) < ENOUGH:
                wanted |= selectors.EVENT_READ
            selector.modify(conn, wanted)
