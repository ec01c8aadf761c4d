# variant: socketserver's ThreadingTCPServer, with its rfile and wfile
# 变体：用 socketserver 的 ThreadingTCPServer，以及它的 rfile 和 wfile
"""Multi-client server out of the standard library's own parts."""

from __future__ import annotations

import socketserver


class LineHandler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        try:
            for line in self.rfile:
                if not line.endswith(b"\n"):
                    break
                self.wfile.write(line.upper())
        except OSError as error:
            print("lost a client:", error)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


def serve(host: str, port: int) -> None:
    with Server((host, port), LineHandler) as server:
        server.serve_forever()
