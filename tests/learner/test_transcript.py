"""Transcripts: short, in order, and fit to be shown."""

from __future__ import annotations

import time

import pytest

from grader.learner.transcript import Transcript, preview


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"", ""),
        (b"hello", "hello"),
        (b"a\r\n\t\0", "a\\r\\n\\t\\x00"),
        ("héllo 你好".encode(), "héllo 你好"),
        (b"\xff\xfe", "\\xff\\xfe"),
        ("\x1b[2J\u202e\x9b".encode(), "\\x1b[2J\\u202e\\x9b"),
        (b"x" * 100, "x" * 64 + "…"),
        ("你好".encode()[1:], "\\xbd\\xa0好"),
        ("你好".encode()[:-1], "你\\xe5\\xa5"),
        ("你".encode()[1:] + b"a" + "好".encode()[:1], "\\xbd\\xa0a\\xe5"),
        (b"i\xf1\xc4\xc5\x84\xff", "i\\xf1\\xc4\\xc5\\x84\\xff"),
        (b'say "hi" \\ bye', 'say \\"hi\\" \\\\ bye'),
    ],
)
def test_shows_the_beginning_of_bytes(data: bytes, shown: str) -> None:
    assert preview(data) == shown


def test_never_cuts_a_character_in_two() -> None:
    for offset in range(4):
        shown = preview(b"a" * offset + "你".encode() * 100)
        assert "\\x" not in shown
        assert shown.endswith("你…")


def test_keeps_events_in_order() -> None:
    transcript = Transcript()
    transcript.add("peer", "connect")
    transcript.add("peer", "send", b"hello")
    transcript.add("peer", "send", b"more")
    transcript.add("you", "call", note="echo()")
    events = transcript.events()
    assert [event.event for event in events] == ["connect", "send", "send", "call"]
    assert [event.bytes for event in events] == [0, 5, 4, 0]
    assert events[3].preview == "echo()"
    assert transcript.moved == 9
    times = [event.t for event in events]
    assert times == sorted(times)
    assert times[0] >= 0


def test_pieces_of_a_long_stream_are_one_line() -> None:
    transcript = Transcript()
    for _ in range(10_000):
        transcript.add("peer", "send", bytes(1000))
    transcript.add("peer", "receive", bytes(1000))
    assert [(e.event, e.bytes) for e in transcript.events()] == [
        ("send", 10_000_000),
        ("receive", 1000),
    ]


def test_a_very_long_one_keeps_its_beginning_and_its_end() -> None:
    transcript = Transcript()
    for number in range(5000):
        transcript.add("peer", "send", b"%d" % number)
        transcript.add("peer", "receive", b"%d" % number)
    events = transcript.events()
    assert len(events) <= 400
    assert events[0].preview == "0"
    assert events[-1].preview == "4999"


def test_each_datagram_is_a_step_of_its_own() -> None:
    transcript = Transcript()
    for size in (65_507, 9_000, 3):
        transcript.add("you", "send", bytes(size), apart=True)
    assert [event.bytes for event in transcript.events()] == [65_507, 9_000, 3]


def test_what_is_told_of_later_stands_where_it_belongs() -> None:
    transcript = Transcript()
    transcript.add("you", "call")
    transcript.add("peer", "send", b"x")
    ended = time.monotonic()
    transcript.add("peer", "half_close")
    transcript.add("you", "return", at=ended)
    assert [event.event for event in transcript.events()] == [
        "call",
        "send",
        "return",
        "half_close",
    ]
    transcript.add("you", "return", at=transcript.began - 9)  # not before its own side's last
    events = transcript.events()
    assert [event.event for event in events][2:] == ["return", "return", "half_close"]
    assert [event.t for event in events] == sorted(event.t for event in events)
