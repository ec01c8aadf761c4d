# variant: a class with __next__ that receives its first segment already when it is called
# 变体：带 __next__ 的类；一调用就先收第一段，不等到开始迭代
import codecs
import socket
from collections.abc import Iterator


class TextStream(Iterator[str]):
    """Text from a connected socket, one piece a step; has no close()."""

    def __init__(self, sock: socket.socket, encoding: str) -> None:
        self._sock = sock
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._ended = False
        self._ready = self._receive()

    def _receive(self) -> str:
        segment = self._sock.recv(4096)
        self._ended = not segment
        return self._decoder.decode(segment, final=self._ended)

    def __next__(self) -> str:
        while not self._ready and not self._ended:
            self._ready = self._receive()
        text, self._ready = self._ready, ""
        if not text:
            raise StopIteration
        return text


def encode_text(text: str, encoding: str = "utf-8") -> bytes:
    return codecs.encode(text, encoding)


def decode_text(data: bytes, encoding: str = "utf-8") -> str:
    return codecs.decode(data, encoding)


def receive_text(sock: socket.socket, encoding: str = "utf-8") -> str:
    return "".join(TextStream(sock, encoding))


def receive_text_stream(sock: socket.socket, encoding: str = "utf-8") -> Iterator[str]:
    return TextStream(sock, encoding)
