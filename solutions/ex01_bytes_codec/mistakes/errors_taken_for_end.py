# mistake: a timeout or a reset is taken for the end of the text.
# caught_by:
#   socket_errors_go_through: partial_returned
import codecs
import socket
from collections.abc import Iterator


def receive_some(sock: socket.socket) -> bytes:
    try:
        return sock.recv(4096)
    except OSError:
        return b""  # the connection is gone


def encode_text(text: str, encoding: str = "utf-8") -> bytes:
    return text.encode(encoding)


def decode_text(data: bytes, encoding: str = "utf-8") -> str:
    return data.decode(encoding)


def receive_text(sock: socket.socket, encoding: str = "utf-8") -> str:
    data = b""
    while True:
        chunk = receive_some(sock)
        if not chunk:
            break
        data += chunk
    return data.decode(encoding)


def receive_text_stream(sock: socket.socket, encoding: str = "utf-8") -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    while True:
        chunk = receive_some(sock)
        if not chunk:
            break
        text = decoder.decode(chunk)
        if text:
            yield text
    decoder.decode(b"", final=True)
