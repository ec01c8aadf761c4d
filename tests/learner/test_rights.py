"""Bytes with descriptors beside them arrive whole, however the stream is cut."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from grader.learner import rights

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    left, right = socket.socketpair(socket.AF_UNIX)
    with left, right:
        yield left, right


def test_carries_bytes_and_descriptors(pair: Pair) -> None:
    left, right = pair
    reader, writer = os.pipe()
    rights.send_all(left, b"hello", (writer,))
    os.close(writer)
    fds: list[int] = []
    assert rights.receive_exactly(right, 2, fds) == b"he"
    assert rights.receive_exactly(right, 3, fds) == b"llo"
    (copy,) = fds
    os.write(copy, b"through")
    assert os.read(reader, 10) == b"through"
    for fd in (copy, reader):
        os.close(fd)


def test_sends_without_descriptors(pair: Pair) -> None:
    left, right = pair
    rights.send_all(left, b"plain")
    fds: list[int] = []
    assert rights.receive_exactly(right, 5, fds) == b"plain"
    assert fds == []


def test_the_end_comes_as_eof_error(pair: Pair) -> None:
    left, right = pair
    left.sendall(b"ab")
    left.close()
    with pytest.raises(EOFError):
        rights.receive_exactly(right, 3, [])
