"""A check of ex01 that is done with an iterator: its process is used again, if it can be."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from grader.harness import test_ex01_bytes_codec as ex01
from grader.harness.lab import Lab

SOURCE = """
import time

def receive_text_stream(sock, encoding="utf-8"):
    while data := sock.recv(100):
        yield data.decode()
    if GOES_ON:
        time.sleep(60)
"""


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_process_is_used_again_where_the_call_has_ended(
    monkeypatch: pytest.MonkeyPatch, open_lab: Callable[..., Lab], goes_on: bool
) -> None:
    if not goes_on:
        monkeypatch.setattr(ex01, "_SOON", 30.0)  # soon is when the machine gets to it
    lab = open_lab(SOURCE.replace("GOES_ON", str(goes_on)))
    calling, peer = ex01._begin(lab, ex01.STREAM, "", lab.start())
    peer.send(b"text")
    ex01._await_text(lab, calling, "text")
    ex01._hang_up(lab, calling, peer)
    assert calling.process.child.closed == goes_on
    assert calling.call.finished != goes_on
