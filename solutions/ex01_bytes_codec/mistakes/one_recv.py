# mistake: receive_text calls recv() once and takes what comes for the whole text.
# caught_by:
#   receive_text_reads_until_close: one_recv_assumed
#   receive_text_joins_split_characters: one_recv_assumed
#   socket_errors_go_through: partial_returned
import codecs
import socket
from collections.abc import Iterator


def encode_text(text: str, encoding: str = "utf-8") -> bytes:
    return text.encode(encoding)


def decode_text(data: bytes, encoding: str = "utf-8") -> str:
    return data.decode(encoding)


def receive_text(sock: socket.socket, encoding: str = "utf-8") -> str:
    data = sock.recv(1000000)
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
