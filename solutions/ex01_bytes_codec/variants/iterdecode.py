# variant: the standard library's own loop, codecs.iterdecode over a two-argument iter()
# 变体：标准库现成的循环：codecs.iterdecode，配合两个参数的 iter()
import codecs
import socket
from collections.abc import Iterator
from functools import partial


def encode_text(text: str, encoding: str = "utf-8") -> bytes:
    return bytes(text, encoding)


def decode_text(data: bytes, encoding: str = "utf-8") -> str:
    return str(data, encoding)


def receive_text(sock: socket.socket, encoding: str = "utf-8") -> str:
    return str(b"".join(iter(partial(sock.recv, 1024), b"")), encoding)


def receive_text_stream(sock: socket.socket, encoding: str = "utf-8") -> Iterator[str]:
    return codecs.iterdecode(iter(partial(sock.recv, 1024), b""), encoding)
