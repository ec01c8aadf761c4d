# mistake: asks a non-blocking socket again and again while nothing comes.
# caught_by:
#   socket_errors_go_through: busy_loop
import codecs
import socket
import time
from collections.abc import Iterator


def encode_text(text: str, encoding: str = "utf-8") -> bytes:
    return text.encode(encoding)


def decode_text(data: bytes, encoding: str = "utf-8") -> str:
    return data.decode(encoding)


def receive_text(sock: socket.socket, encoding: str = "utf-8") -> str:
    before = sock.gettimeout()
    last = time.monotonic()
    data = b""
    sock.setblocking(False)
    try:
        while True:
            try:
                chunk = sock.recv(4096)
            except BlockingIOError:
                if before is not None and time.monotonic() - last > before:
                    raise TimeoutError("timed out")
                continue
            last = time.monotonic()
            if not chunk:
                break
            data += chunk
    finally:
        sock.settimeout(before)
    return data.decode(encoding)


def receive_text_stream(sock: socket.socket, encoding: str = "utf-8") -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    while True:
        chunk = sock.recv(4096)
        if not chunk:
            break
        text = decoder.decode(chunk)
        if text:
            yield text
    decoder.decode(b"", final=True)
