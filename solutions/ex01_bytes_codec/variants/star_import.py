# variant: the lecture's `from socket import *`, one byte with every recv, prints along the way
# 变体：课件里的 `from socket import *`，每次 recv 只收一个字节，中途还会 print
# ruff: noqa: F403, F405 - the star import is what this variant is about
import codecs
from collections.abc import Iterator
from socket import *


def encode_text(text: str, encoding: str = "utf-8") -> bytes:
    return text.encode(encoding)


def decode_text(data: bytes, encoding: str = "utf-8") -> str:
    return data.decode(encoding)


def receive_text(sock: socket, encoding: str = "utf-8") -> str:
    received = bytearray()
    byte = sock.recv(1)
    while len(byte) > 0:
        received.extend(byte)
        byte = sock.recv(1)
    print("received", len(received), "bytes")
    return received.decode(encoding)


def receive_text_stream(sock: socket, encoding: str = "utf-8") -> Iterator[str]:
    decoder = codecs.lookup(encoding).incrementaldecoder("strict")
    while True:
        byte = sock.recv(1)
        if len(byte) == 0:
            decoder.decode(b"", final=True)
            print("the peer has closed")
            return
        character = decoder.decode(byte)
        if character != "":
            yield character
