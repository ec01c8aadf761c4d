# variant: socketserver's ForkingTCPServer, a process per client
# 变体：用 socketserver 的 ForkingTCPServer，每个客户端一个进程
"""Multi-client server: every connection gets a child process, reaped by service_actions()."""

from __future__ import annotations

import socketserver


class LineHandler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        pending = b""
        try:
            while True:
                data = self.request.recv(32768)
                if not data:
                    return
                *lines, pending = (pending + data).split(b"\n")
                for line in lines:
                    self.request.sendall(line.upper() + b"\n")
        except ConnectionError:
            return


class Server(socketserver.ForkingTCPServer):
    allow_reuse_address = True
    request_queue_size = 64
    # The default is 40, and the 41st client would have to wait until another one leaves.
    max_children = 100_000


def serve(host: str, port: int) -> None:
    server = Server((host, port), LineHandler)
    server.serve_forever(poll_interval=0.25)
