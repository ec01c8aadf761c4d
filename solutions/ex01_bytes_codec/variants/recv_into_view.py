# variant: recv_into a buffer that is used again and again, waits with select before each call
# 变体：用 recv_into 反复填同一块缓冲区，每次调用之前先用 select 等待
import codecs
import select
import socket
from collections.abc import Iterator


def encode_text(text: str, encoding: str = "utf-8") -> bytes:
    data, _ = codecs.getencoder(encoding)(text)
    return data


def decode_text(data: bytes, encoding: str = "utf-8") -> str:
    text, _ = codecs.getdecoder(encoding)(data)
    return text


def receive_text(sock: socket.socket, encoding: str = "utf-8") -> str:
    received = bytearray()
    for view in _views(sock):
        received += view
    return str(received, encoding)


def receive_text_stream(sock: socket.socket, encoding: str = "utf-8") -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    for view in _views(sock):
        yield from filter(None, [decoder.decode(bytes(view))])
    yield from filter(None, [decoder.decode(b"", final=True)])


def _views(sock: socket.socket) -> Iterator[memoryview]:
    buffer = memoryview(bytearray(8192))
    while True:
        readable, _, _ = select.select([sock], [], [], sock.gettimeout())
        if not readable:
            raise TimeoutError("nothing came in time")
        size = sock.recv_into(buffer)
        if size == 0:
            return
        yield buffer[:size]
