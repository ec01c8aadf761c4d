# mistake: receive_text_stream decodes what each recv() returns on its own.
# caught_by:
#   stream_yields_what_stands_before_a_cut_character: decoded_per_chunk
#   stream_joins_split_characters: decoded_per_chunk
#   stream_never_yields_empty_text: decoded_per_chunk
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
    while True:
        chunk = sock.recv(4096)
        if not chunk:
            break
        text = chunk.decode(encoding)
        if text:
            yield text
