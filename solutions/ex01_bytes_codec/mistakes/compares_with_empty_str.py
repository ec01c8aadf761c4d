# mistake: receive_text_stream waits for "", but recv() ends with b"".
# caught_by:
#   text_is_neither_trimmed_nor_translated: empty_recv_ignored
#   nothing_sent_gives_no_text: empty_recv_ignored
#   stream_joins_split_characters: empty_recv_ignored
#   stream_never_yields_empty_text: empty_recv_ignored
#   stream_refuses_a_broken_end: empty_recv_ignored
#   handed_socket_is_left_as_it_was: empty_recv_ignored
import codecs
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
    decoder = codecs.getincrementaldecoder(encoding)()
    while True:
        chunk = sock.recv(4096)
        if chunk == "":
            break
        text = decoder.decode(chunk)
        if text:
            yield text
    decoder.decode(b"", final=True)
