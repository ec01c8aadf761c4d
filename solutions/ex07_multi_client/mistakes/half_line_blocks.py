# mistake: once a client is readable, the one loop goes on receiving until its line is whole
# caught_by:
#   serves_fifty_clients_at_once: blocked_by_one_client
#   half_line_holds_up_nobody: blocked_by_one_client
import selectors
import socket

ENOUGH = 200_000


class Client:
    def __init__(self, conn: socket.socket) -> None:
        self.conn = conn
        self.received = b""
        self.to_send = b""
        self.finished = False

    def receive_line(self) -> None:
        while b"\n" not in self.received:
            data = self.conn.recv(65536)
            if not data:
                self.finished = True
                return
            self.received += data
        lines, newline, self.received = self.received.rpartition(b"\n")
        self.to_send += (lines + newline).upper()

    def send_some(self) -> None:
        try:
            sent = self.conn.send(self.to_send, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        self.to_send = self.to_send[sent:]

    def events(self) -> int:
        mask = 0
        if not self.finished and len(self.to_send) < ENOUGH:
            mask |= selectors.EVENT_READ
        if self.to_send:
            mask |= selectors.EVENT_WRITE
        return mask


def serve(host: str, port: int) -> None:
    selector = selectors.DefaultSelector()
    listener = socket.create_server((host, port), backlog=100)
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, mask in selector.select():
            if key.fileobj is listener:
                conn, _ = listener.accept()
                selector.register(conn, selectors.EVENT_READ, Client(conn))
                continue
            client = key.data
            try:
                if mask & selectors.EVENT_READ:
                    client.receive_line()
                if mask & selectors.EVENT_WRITE:
                    client.send_some()
                wanted = client.events()
            except OSError:
                wanted = 0
            if wanted:
                selector.modify(client.conn, wanted, client)
            else:
                selector.unregister(client.conn)
                client.conn.close()
