"""Bytes and descriptors of whoever is at the zygote's end: nothing is lost, nothing is kept."""

from __future__ import annotations

import array
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.learner import rights

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no SCM_RIGHTS")

CUTS = st.lists(st.integers(0, 300), max_size=6)


@contextmanager
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    left, right = socket.socketpair(socket.AF_UNIX)
    with left, right:
        yield left, right


def pieces(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    return [data[a:b] for a, b in pairwise(edges)]


def send(sock: socket.socket, data: bytes, fds: Sequence[int]) -> None:
    beside = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    assert sock.sendmsg([data], beside) == len(data)


def open_descriptors() -> int:
    """Return how many descriptors this process has open."""
    found = 0
    for fd in range(256):
        try:
            os.fstat(fd)
        except OSError:
            continue
        found += 1
    return found


@given(st.binary(min_size=1, max_size=300), CUTS, st.lists(st.integers(0, 2), max_size=6))
def test_however_it_is_cut_it_arrives_whole(
    data: bytes, cuts: list[int], counts: list[int]
) -> None:
    before = open_descriptors()
    with pair() as (near, far), open(os.devnull, "rb") as null:
        sent = 0
        for number, piece in enumerate(pieces(data, cuts)):
            count = counts[number] if number < len(counts) else 0
            count = min(count, rights.MAX_FDS - sent)
            send(far, piece, [null.fileno()] * count)
            sent += count
        fds: list[int] = []
        assert rights.receive_exactly(near, len(data), fds) == data
        assert len(fds) == sent
        for fd in fds:
            os.close(fd)
    assert open_descriptors() == before


@given(st.lists(st.integers(0, 20), min_size=1, max_size=6), st.booleans())
def test_too_many_or_too_early_an_end_keeps_none(counts: list[int], ends: bool) -> None:
    before = open_descriptors()
    with pair() as (near, far), open(os.devnull, "rb") as null:
        for count in counts:
            send(far, b"x", [null.fileno()] * count)
        fds: list[int] = []
        size = len(counts) + ends
        if ends:
            far.close()
        if ends or sum(counts) > rights.MAX_FDS:
            with pytest.raises((OSError, EOFError)):
                rights.receive_exactly(near, size, fds)
            assert fds == []
        else:
            rights.receive_exactly(near, size, fds)
            assert len(fds) == sum(counts)
            for fd in fds:
                os.close(fd)
    assert open_descriptors() == before


@settings(max_examples=20)
@given(st.integers(1, 4))
def test_a_process_that_may_open_no_more_is_told(room: int) -> None:
    """The kernel drops what does not fit; taking the rest for the whole would mix them up."""
    import resource

    with pair() as (near, far), open(os.devnull, "rb") as null:
        send(far, b"x", [null.fileno()] * 5)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        highest = max(near.fileno(), far.fileno(), null.fileno(), open_descriptors())
        taken = [os.open(os.devnull, os.O_RDONLY) for _ in range(highest)]
        top = max(taken)
        for fd in taken[-room:]:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (top + 1, hard))
        fds: list[int] = []
        try:
            with pytest.raises(OSError, match="descriptors"):
                rights.receive_exactly(near, 1, fds)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for fd in taken[:-room]:
                os.close(fd)
        assert fds == []


def test_a_long_stream_is_joined_once() -> None:
    """Each piece is copied once, not once for every piece behind it."""
    import threading

    data = os.urandom(1 << 20) * 24
    with pair() as (near, far):
        sender = threading.Thread(target=rights.send_all, args=(far, data))
        sender.start()
        assert rights.receive_exactly(near, len(data), []) == data
        sender.join()
