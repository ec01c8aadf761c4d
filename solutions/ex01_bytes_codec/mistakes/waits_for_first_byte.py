# mistake: receive_text takes an empty recv() for "nothing yet" as long as nothing has come.
# caught_by:
#   nothing_sent_gives_no_text: empty_recv_ignored
import codecs
import socket
from collections.abc import Iterator


def encode_text(text: str, encoding: str = "utf-8") -> bytes:
    return text.encode(encoding)


def decode_text(data: bytes, encoding: str = "utf-8") -> str:
    return data.decode(encoding)


def receive_text(sock: socket.socket, encoding: str = "utf-8") -> str:
    chunk = sock.recv(4096)
    while not chunk:
        # The other side hasn't begun yet.
        chunk = sock.recv(4096)
    data = b""
    while chunk:
        data += chunk
        chunk = sock.recv(4096)
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
