"""Text and bytes: encode, decode, and receive text from a TCP connection."""

import codecs
import socket
from collections.abc import Iterator

RECV_SIZE = 65536


def encode_text(text: str, encoding: str = "utf-8") -> bytes:
    """Return ``text`` as bytes; raise UnicodeEncodeError for what the encoding lacks."""
    return text.encode(encoding)


def decode_text(data: bytes, encoding: str = "utf-8") -> str:
    """Return ``data`` as text; raise UnicodeDecodeError for bytes that are no text."""
    return data.decode(encoding)


def receive_text(sock: socket.socket, encoding: str = "utf-8") -> str:
    """Return everything that the peer sends until it closes, as text."""
    # A segment may end inside a character, so bytes are joined first and decoded once.
    return b"".join(_segments(sock)).decode(encoding)


def receive_text_stream(sock: socket.socket, encoding: str = "utf-8") -> Iterator[str]:
    """Yield text as soon as its characters are whole, until the peer closes."""
    # The decoder remembers what a single call of decode() can't: the first bytes of a
    # character that was cut, and the byte order that a UTF-16 stream began with.
    decoder = codecs.getincrementaldecoder(encoding)()
    for segment in _segments(sock):
        if text := decoder.decode(segment):
            yield text
    # Only now is a cut character known to be a broken one: this call raises for it.
    if text := decoder.decode(b"", final=True):
        yield text


def _segments(sock: socket.socket) -> Iterator[bytes]:
    """Yield what each recv() returns; the empty bytes mean that the peer has closed."""
    while segment := sock.recv(RECV_SIZE):
        yield segment
