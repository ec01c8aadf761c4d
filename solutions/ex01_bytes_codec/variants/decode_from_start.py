# variant: no decoder that remembers; everything is decoded anew, errors show only at the close
# 变体：不用会记住状态的解码器，每次从头解码全部数据；编码错误到对方关闭时才报出来
import socket
from collections.abc import Iterator


def encode_text(text: str, encoding: str = "utf-8") -> bytes:
    return text.encode(encoding)


def decode_text(data: bytes, encoding: str = "utf-8") -> str:
    return data.decode(encoding)


def receive_text(sock: socket.socket, encoding: str = "utf-8") -> str:
    data = b""
    while True:
        chunk = sock.recv(1024)
        if chunk == b"":
            return decode_text(data, encoding)
        data = data + chunk


def whole_characters(data: bytes, encoding: str) -> str:
    """Decode the longest beginning of data that can be decoded."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        return data[: error.start].decode(encoding)


def receive_text_stream(sock: socket.socket, encoding: str = "utf-8") -> Iterator[str]:
    data = b""
    handed_out = 0
    while True:
        chunk = sock.recv(1024)
        if chunk == b"":
            break
        data = data + chunk
        text = whole_characters(data, encoding)
        if len(text) > handed_out:
            yield text[handed_out:]
            handed_out = len(text)
    data.decode(encoding)
