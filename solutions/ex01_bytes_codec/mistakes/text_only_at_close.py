# mistake: receive_text_stream gathers everything and hands out its text after the close.
# caught_by:
#   stream_yields_text_before_close: waits_for_more
#   stream_yields_what_stands_before_a_cut_character: waits_for_more
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
    text = receive_text(sock, encoding)
    if text:
        yield text
