# mistake: receive_text reads through a text file that turns every line end into a newline.
# caught_by:
#   text_is_neither_trimmed_nor_translated: line_ends_translated
import codecs
import socket
from collections.abc import Iterator


def encode_text(text: str, encoding: str = "utf-8") -> bytes:
    return text.encode(encoding)


def decode_text(data: bytes, encoding: str = "utf-8") -> str:
    return data.decode(encoding)


def receive_text(sock: socket.socket, encoding: str = "utf-8") -> str:
    with sock.makefile("r", encoding=encoding) as file:
        return file.read()


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
