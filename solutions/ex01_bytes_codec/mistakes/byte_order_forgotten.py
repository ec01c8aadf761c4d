# mistake: receive_text_stream keeps the bytes of a cut character, but not UTF-16's byte order.
# caught_by:
#   stream_joins_split_characters: byte_order_forgotten
import socket
from collections.abc import Iterator


def encode_text(text: str, encoding: str = "utf-8") -> bytes:
    return text.encode(encoding)


def decode_text(data: bytes, encoding: str = "utf-8") -> str:
    return data.decode(encoding)


def receive_text(sock: socket.socket, encoding: str = "utf-8") -> str:
    data = b""
    while True:
        chunk = sock.recv(4096)
        if not chunk:
            break
        data += chunk
    return data.decode(encoding)


def receive_text_stream(sock: socket.socket, encoding: str = "utf-8") -> Iterator[str]:
    rest = b""
    while True:
        chunk = sock.recv(4096)
        if not chunk:
            break
        rest += chunk
        try:
            text = rest.decode(encoding)
            rest = b""
        except UnicodeDecodeError as error:
            text = rest[: error.start].decode(encoding)
            rest = rest[error.start :]
        if text:
            yield text
    if rest:
        rest.decode(encoding)
