"""Hidden checks of ex90: how long is this line?"""

from __future__ import annotations

from grader.harness.contracts import unended
from grader.harness.lab import Lab

_WAITS = ("stuck", "silent", "sleeping")


def check_returns_the_answer(lab: Lab) -> None:
    _converse(lab, lab.token().decode(), b"8\n", 8)


def check_sends_the_line_as_it_is(lab: Lab) -> None:
    _converse(lab, "  héllo, 你好 ", b"18\n", 18)


def _converse(lab: Lab, line: str, answer: bytes, number: int) -> None:
    """The peer reads a whole line and answers; its connection stays open."""
    listener = lab.listener()
    calling = lab.call("ask_length", listener.host, listener.port, line)
    peer = listener.accept()
    with lab.blame(**dict.fromkeys(_WAITS, "deadlock")):
        peer.expect(line.encode() + b"\n")
    peer.send(answer)
    with lab.blame(**dict.fromkeys(_WAITS, "waits_for_more")):
        calling.gives(number)


def check_puts_the_answer_together(lab: Lab) -> None:
    listener = lab.listener()
    calling = lab.call("ask_length", listener.host, listener.port, "x" * 1234)
    peer = listener.accept()
    peer.read(1)
    peer.send_pieces([b"1", b"23", b"4\n"])
    peer.half_close()  # who waits for the end is found elsewhere
    # Text or number, or nothing at all: that is the first check's.
    if calling.returns() in (1, "1", 123, "123"):
        raise lab.fail("one_recv_assumed", expected="1234")


def check_reports_early_close(lab: Lab) -> None:
    for part in (b"", b"12"):
        listener = lab.listener()
        calling = lab.call("ask_length", listener.host, listener.port, "hello")
        peer = listener.accept()
        peer.read(1)
        peer.send(part)
        peer.half_close()
        with lab.blame(no_exception="partial_returned", spinning="empty_recv_ignored"):
            calling.raises("ConnectionError")


def check_closes_its_socket(lab: Lab) -> None:
    for answer in (b"5\n", b""):
        listener = lab.listener()
        calling = lab.call("ask_length", listener.host, listener.port, "hello")
        peer = listener.accept()
        peer.read(1)
        peer.send(answer)
        peer.half_close()
        if not unended(lab, calling):
            calling.closed_everything()
