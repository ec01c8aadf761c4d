"""Where everything of a drawn conversation is: inside the paper, in order, bytes at hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.model import Event
from grader.report._layout import columns
from grader.report._svg import Drawing, drawing

EVENTS = st.lists(
    st.builds(
        Event,
        t=st.floats(0, 9),
        who=st.sampled_from(["you", *(f"peer {n}" for n in range(2, 12)), "peer"]),
        event=st.sampled_from(
            "connect accept send receive end reset refused call return wait spin timeout x".split()
        ),
        bytes=st.integers(0, 99999),
        preview=st.text(max_size=80),
    ),
    min_size=1,
    max_size=80,
).map(lambda events: sorted(events, key=lambda event: event.t))


def drawn(*events: Event, steps: int = 48) -> Drawing:
    found = drawing(events, "en", steps)
    assert found is not None
    return found


@given(EVENTS)
def test_everything_is_inside_and_in_order(events: list[Event]) -> None:
    found = drawn(*events)
    assert 2 <= len(found.lanes) + (len({event.who for event in events}) == 1) <= 7
    assert [lane.x for lane in found.lanes] == sorted({lane.x for lane in found.lanes})
    assert all(5 < lane.x < 95 for lane in found.lanes)
    top = 0.0
    for row in found.rows:
        assert top <= row.top < row.y < row.top + row.height <= found.height
        top = row.top + row.height
        assert columns(row.short) <= columns(row.long) or row.short == row.long
        assert not row.tip or row.tip_y >= 0
        assert len(row.tip) <= 9
    for lane in found.lanes:
        for begin, length in lane.spans:
            assert 0 < begin < begin + length <= found.height


def test_the_whole_preview_is_at_hand_where_a_label_is_cut() -> None:
    data = "0123456789abcdef" * 4
    found = drawn(Event(0.0, "peer", "connect"), Event(0.5, "peer", "send", 64, data))
    row = found.rows[-1]
    assert row.long.endswith("…")
    assert "".join(row.tip[1:]) == f'"{data}"'
    assert row.tip[0] == "2 · peer → you · 64 bytes · 500.0 ms"
    assert found.said[-1].words == f'"{data}"'
    assert [row.kind for row in found.rows] == ["open", "pause", "data"]


def test_pieces_are_listed() -> None:
    found = drawn(*(Event(n / 1e4, "peer", "send", 1, str(n % 10)) for n in range(20)))
    said = found.said[0]
    assert said.words == '20 × "0" … "9"'
    assert said.pieces[:2] == ('"0"', '"1"')
    assert len(said.pieces) + said.more == 20


def test_two_lanes_need_no_width_and_more_do() -> None:
    two = drawn(Event(0.0, "peer", "connect"))
    six = drawn(*(Event(0.0, f"peer {n}", "connect") for n in range(9)))
    assert (two.least, len(two.lanes)) == (0, 2)
    assert (six.least > 600, len(six.lanes)) == (True, 6)
    assert six.lanes[-1].name == "5 others"


@pytest.mark.parametrize(("event", "to_end"), [("wait", True), ("return", False)])
def test_a_call_runs_until_it_returns(event: str, to_end: bool) -> None:
    found = drawn(Event(0.0, "you", "call"), Event(0.1, "you", event))
    ((begin, length),) = found.lanes[0].spans
    assert begin == found.rows[0].y
    assert (begin + length > found.rows[-1].y) == to_end


def test_nothing_is_nothing() -> None:
    assert drawing((), "en") is None
