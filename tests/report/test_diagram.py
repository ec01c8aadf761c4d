"""The sequence diagram in a terminal: right to the column, whatever is in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.model import CheckResult, Event, Language, Verdict
from grader.report import ReportOptions
from grader.report._diagram import diagram
from grader.report._layout import columns, escape

MakeCheck = Callable[..., CheckResult]


def draw(*events: Event, **options: Any) -> list[str]:
    check = CheckResult("a", "a", "failed", 1.0, 0.0, "public", 0.1, transcript=events)
    return diagram(check, ReportOptions(**options))


ECHO = (
    Event(1.0, "you", "call", 0, "serve('127.0.0.1', 40123)"),
    Event(1.0012, "peer", "connect"),
    Event(1.0013, "peer", "send", 6, "héllo"),
    Event(1.0021, "peer", "receive", 6, "héllo"),
    Event(1.0022, "peer", "half_close"),
    Event(2.5, "you", "spin", 0, "recv()"),
)


def test_a_conversation() -> None:
    assert draw(*ECHO, width=60) == [
        "         you                                       peer",
        " 0.0 ms   ● calls serve('127.0.0.1', 40123)          ┊",
        " 1.2 ms   ┃◄╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ connect ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌│",
        ' 1.3 ms   ┃◄────────── "héllo" (6 bytes) ────────────│',
        ' 2.1 ms   ┃─────────── "héllo" (6 bytes) ───────────►│',
        " 2.2 ms   ┃◄╌╌╌╌╌╌╌ end of data (half-close) ╌╌╌╌╌╌╌╌│",
        "          ⋮ 1.50 s pass                              ⋮",
        " 1.50 s   ↻ runs in circles around recv()            │",
    ]


def test_every_kind_of_event_in_ascii() -> None:
    events = (
        Event(0.0, "you", "call", 0, "echo()"),
        Event(0.001, "peer", "accept"),
        Event(0.002, "peer", "end"),
        Event(0.003, "peer", "reset_received"),
        Event(0.004, "peer", "refused"),
        Event(0.005, "peer", "reset"),
        Event(0.006, "you", "yield", 0, "b'x'"),
        Event(0.007, "you", "wait"),
        Event(0.008, "peer", "timeout"),
        Event(0.009, "peer", "expect", 0, "hello"),
        Event(0.010, "peer", "note", 0, "again…"),
        Event(0.011, "peer", "novel", 3, "what"),
        Event(0.012, "you", "raise", 0, "OSError"),
        Event(0.013, "you", "return"),
    )
    lines = draw(*events, width=60, ascii=True)
    assert all(line.isascii() for line in lines)
    rows = [line[11:].rstrip() for line in lines]
    assert rows[1].startswith("* calls echo()")
    assert rows[2].endswith(">|")
    assert " connect (accepted) " in rows[2]
    assert rows[4].startswith("|===")
    assert rows[4].endswith("=>|")
    assert " reset " in rows[4]
    assert rows[5].startswith("|x---")
    assert " connection refused " in rows[5]
    assert rows[6].startswith("|<===")
    assert rows[7].startswith("* yields b'x'")
    assert rows[8].startswith("~ waits, and nothing can come")
    assert rows[9].endswith("waited, nothing came ~")
    assert rows[10].endswith("expected: hello *")
    assert rows[11].endswith("again... *")
    assert rows[12].endswith("novel what (3 bytes) *")
    assert rows[13].startswith("x raises OSError")
    assert rows[14].startswith("* returns")


def test_many_peers_share_a_lane_that_says_who_it_was() -> None:
    events = [Event(n / 1e4, f"peer {n}", "connect") for n in range(1, 51)]
    lines = draw(*events, Event(0.006, "peer 9", "send", 70_000, "ab" * 30), width=80)
    assert "48 others" in lines[0]
    assert any("peer 2 … peer 8: connect (7 times)" in line for line in lines)
    assert "(70,000 B" in lines[-1]
    assert len(draw(*events, width=60)[0].split("others")) == 2


def test_a_long_transcript_is_cut_in_the_middle_and_more_with_verbose() -> None:
    events = [Event(n / 1e3, "you", "call" if n % 2 else "return") for n in range(400)]
    lines = draw(*events)
    assert len(lines) == 25
    assert sum("(377 events left out)" in line for line in lines) == 1
    assert len(draw(*events, verbose=True)) == 241


@pytest.mark.parametrize("width", [1, 60, 61, 80, 100, 240])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("ascii_", [False, True])
def test_hostile_events_stay_on_the_paper(
    hostile: Verdict, width: int, language: Language, ascii_: bool
) -> None:
    lines = diagram(hostile.checks[0], ReportOptions(width=width, language=language, ascii=ascii_))
    for line in lines:
        assert escape(line) == line
        assert columns(line) <= max(width, 60), line


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["you", "peer", "peer 2", "数据" * 9, "e\u0301" * 30]),
            st.sampled_from(["send", "receive", "connect", "call", "note", "timeout", "reset"]),
            st.integers(0, 10**9),
            st.text(max_size=90),
        ),
        min_size=1,
        max_size=12,
    ),
    st.integers(60, 130),
)
def test_lanes_stay_where_they_are(rows: list[tuple[str, str, int, str]], width: int) -> None:
    events = [Event(n / 1e3, *row) for n, row in enumerate(rows)]
    lines = draw(*events, width=width)
    assert len(lines) == len(rows) + 1 or "×" in "".join(lines) or "times" in "".join(lines)
    for line in lines:
        assert columns(line) <= width
        assert escape(line) == line


def test_wide_characters_keep_the_columns() -> None:
    lines = draw(
        Event(0.0, "peer", "connect"),
        Event(0.001, "peer", "send", 12, "数据数据"),
        Event(0.002, "peer", "receive", 90, "数据" * 15),
        width=60,
        language="zh",
    )
    assert {columns(line) for line in lines[1:]} == {columns(lines[1])}
    assert "（12 字节）" in lines[2]
    assert '…"（90 B）' in lines[3]


def test_no_conversation_is_no_diagram(check: MakeCheck) -> None:
    assert diagram(check("a", "failed"), ReportOptions()) == []


def test_colour_is_only_paint() -> None:
    painted = draw(*ECHO, width=80, colour=True)
    assert "\x1b[33m" in painted[-1]
    plain = [re.sub(r"\x1b\[[0-9]+m", "", line) for line in painted]
    assert plain == draw(*ECHO, width=80)
