# mistake: takes "would block" in sendall() for a dead client and hangs up on a slow reader
# caught_by:
#   slow_reader_gets_everything: slow_reader_dropped
import selectors
import socket


def serve(host: str, port: int) -> None:
    selector = selectors.DefaultSelector()
    listener = socket.create_server((host, port), backlog=100)
    selector.register(listener, selectors.EVENT_READ)
    buffers = {}
    while True:
        for key, _ in selector.select():
            conn = key.fileobj
            if conn is listener:
                new, _ = listener.accept()
                new.setblocking(False)
                selector.register(new, selectors.EVENT_READ)
                buffers[new] = b""
                continue
            try:
                data = conn.recv(16384)
                if data:
                    *lines, buffers[conn] = (buffers[conn] + data).split(b"\n")
                    for line in lines:
                        conn.sendall(line.upper() + b"\n")
                    continue
            except OSError as error:
                print("client is gone:", error)
            selector.unregister(conn)
            del buffers[conn]
            conn.close()
