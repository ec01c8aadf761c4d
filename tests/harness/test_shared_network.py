"""Networks that a learner shares with others: nobody else is taken for it."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from grader.harness.contracts import only_at_its_address
from grader.harness.lab import Lab
from grader.learner.failure import CheckFailed

pytestmark = pytest.mark.needs_proc

SERVER = """
import socket
def serve(host, port):
    with socket.create_server((HOST, port), family=FAMILY) as listener:
        while True:
            listener.accept()[0].close()
"""


EVERY_FAMILY = """
import socket
def serve(host, port):
    with socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        while True:
            listener.accept()[0].close()
"""


def source(host: str, family: str = "AF_INET") -> str:
    return SERVER.replace("HOST", host).replace("FAMILY", f"socket.{family}")


@pytest.mark.parametrize(
    "rung", ["none", pytest.param("partial", marks=pytest.mark.needs_landlock)]
)
def test_a_stranger_at_the_same_port_is_no_fault(open_lab: Callable[..., Lab], rung: str) -> None:
    lab = open_lab(source("host"), rung)
    server = lab.serve()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stranger:
        stranger.bind(("127.0.0.2", server.port))
        stranger.listen()
        only_at_its_address(lab, server)


@pytest.mark.parametrize(
    "wrong", [source("''"), source("'0.0.0.0'"), EVERY_FAMILY], ids=["", "0", "::"]
)
def test_a_server_at_every_address_is_one(open_lab: Callable[..., Lab], wrong: str) -> None:
    lab = open_lab(wrong, "none")
    with pytest.raises(CheckFailed) as caught:
        only_at_its_address(lab, lab.serve())
    assert caught.value.values["diagnosis"] == "binds_wrong_address"
