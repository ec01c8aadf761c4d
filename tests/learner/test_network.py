"""The kernel's tables of connections, beside real connections."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator

import pytest

from grader.learner import network

pytestmark = pytest.mark.needs_proc

Eventually = Callable[[Callable[[], bool]], None]
Pair = tuple[socket.socket, socket.socket]
ME = os.getpid()


@pytest.fixture
def pair() -> Iterator[Pair]:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
    ):
        server, _ = listener.accept()
        with server:
            yield client, server


def test_writes_addresses_as_the_kernel_does() -> None:
    assert network.encode_address(("127.0.0.1", 80)) == "0100007F:0050"


def test_counts_what_waits_to_be_read(pair: Pair, eventually: Eventually) -> None:
    client, server = pair

    def queue() -> int | None:
        return network.receive_queue(ME, server.getsockname(), client.getsockname())

    assert queue() == 0
    client.sendall(b"hello")
    eventually(lambda: queue() == 5)
    server.recv(2)
    assert queue() == 3
    assert network.receive_queue(ME, client.getsockname(), server.getsockname()) == 0


def test_knows_no_connection_that_is_not_there() -> None:
    assert network.receive_queue(ME, ("127.0.0.1", 1), ("127.0.0.1", 2)) is None
    assert network.receive_queue(-1, ("127.0.0.1", 1), ("127.0.0.1", 2)) is None


def test_a_listener_is_no_connection() -> None:
    queues = network.Queues(socket.socket, ME)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        here = listener.getsockname()
        with socket.create_connection(here):  # waits in the listener's queue
            assert queues.waiting(here, ("127.0.0.1", 9)) is None
    queues.close()


def test_sees_what_listens() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.2", 0))
        port = sock.getsockname()[1]
        assert network.listening(ME, port) == []
        sock.listen()
        assert network.listening(ME, port) == ["127.0.0.2"]
    with socket.create_server(("", 0)) as everywhere:
        assert network.listening(ME, everywhere.getsockname()[1]) == ["0.0.0.0"]


def test_sees_time_wait(eventually: Eventually) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
    ):
        port = listener.getsockname()[1]
        server, _ = listener.accept()
        server.close()
        assert client.recv(1) == b""
        client.close()
        eventually(lambda: port in network.time_waiting(ME))


def test_counts_datagrams(eventually: Eventually) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        host, port = sock.getsockname()
        assert network.bound_datagram_sockets(ME, port) == ["127.0.0.1"]
        assert network.datagram_queue(ME, port) == 0
        sock.sendto(b"hello", (host, port))
        eventually(lambda: bool(network.datagram_queue(ME, port)))
        sock.recv(10)
        assert network.datagram_queue(ME, port) == 0
    assert network.datagram_queue(ME, port) is None
    assert network.bound_datagram_sockets(ME, port) == []


def test_tells_whose_a_listener_is() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as here,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as there,
    ):
        port = here.getsockname()[1]
        there.bind(("127.0.0.2", port))
        there.listen()
        names = {sock: os.readlink(f"/proc/self/fd/{sock.fileno()}") for sock in (here, there)}
        assert network.listening_sockets(os.getpid(), port) == set(names.values())
        found = network.listening_sockets(os.getpid(), port, "127.0.0.2")
        assert found == {names[there]}
