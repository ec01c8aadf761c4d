# mistake: one selector loop for all, but sendall() on a blocking socket waits for a slow reader
# caught_by:
#   slow_reader_holds_up_nobody: blocked_by_one_client
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
                selector.register(new, selectors.EVENT_READ)
                buffers[new] = b""
                continue
            try:
                data = conn.recv(8192)
                if data:
                    *lines, buffers[conn] = (buffers[conn] + data).split(b"\n")
                    for line in lines:
                        conn.sendall(line.upper() + b"\n")
                    continue
            except OSError:
                print("lost a client")
            selector.unregister(conn)
            del buffers[conn]
            conn.close()
