# mistake: receive_text waits by a time limit of its own, whatever the socket's is.
# caught_by:
#   socket_errors_go_through: timeout_ignored
import codecs
import socket
from collections.abc import Iterator


def encode_text(text: str, encoding: str = "utf-8") -> bytes:
    return text.encode(encoding)


def decode_text(data: bytes, encoding: str = "utf-8") -> str:
    return data.decode(encoding)


def receive_text(sock: socket.socket, encoding: str = "utf-8") -> str:
    before = sock.gettimeout()
    sock.settimeout(8.0)
    data = b""
    try:
        while True:
            chunk = sock.recv(4096)
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
