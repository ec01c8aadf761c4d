# variant: the socket as a text file that is read one character at a time
# 变体：把套接字当作文本文件，每次读一个字符
import socket
from collections.abc import Iterator


def encode_text(text: str, encoding: str = "utf-8") -> bytes:
    return text.encode(encoding, errors="strict")


def decode_text(data: bytes, encoding: str = "utf-8") -> str:
    return data.decode(encoding, errors="strict")


def receive_text(sock: socket.socket, encoding: str = "utf-8") -> str:
    # newline="\n" translates nothing, and unlike newline="" it doesn't hold back a last "\r".
    with sock.makefile("r", encoding=encoding, errors="strict", newline="\n") as file:
        return file.read()


def receive_text_stream(sock: socket.socket, encoding: str = "utf-8") -> Iterator[str]:
    with sock.makefile("r", encoding=encoding, errors="strict", newline="\n") as file:
        while character := file.read(1):
            yield character
