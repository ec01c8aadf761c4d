# mistake: receive_text_stream hands out nothing while any character is still cut.
# caught_by:
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
    data = b""
    done = ""
    while True:
        chunk = sock.recv(4096)
        if not chunk:
            break
        data += chunk
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue  # a character is cut: wait for the rest of it
        if text != done:
            yield text[len(done) :]
            done = text
    data.decode(encoding)
