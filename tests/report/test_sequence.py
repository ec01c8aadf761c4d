"""Lanes and steps: everything of a transcript is on the paper, or counted as left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.model import Event
from grader.report._sequence import Diagram, Step, layout

WORDS = (
    "connect accept send receive half_close end close reset reset_received refused "
    "call return raise yield note expect wait spin timeout unheard-of"
).split()
EVENTS = st.lists(
    st.builds(
        Event,
        t=st.floats(0, 9, allow_nan=False),
        who=st.sampled_from(["you", "peer", "peer 2", "peer 3", "127.0.0.9", ""]),
        event=st.sampled_from(WORDS),
        bytes=st.integers(0, 9),
        preview=st.just("x"),
    ),
    max_size=60,
).map(lambda events: sorted(events, key=lambda event: event.t))


def peers(*events: tuple[str, str], gap: float = 0.001) -> list[Event]:
    return [Event(n * gap, who, event, 1, "x") for n, (who, event) in enumerate(events)]


def shape(found: Diagram) -> list[tuple[str, int, int, int]]:
    return [(step.kind, step.lane, step.to, len(step.events)) for step in found.steps]


@pytest.mark.parametrize(
    ("event", "kind", "from_peer"),
    [
        ("connect", "open", True),
        ("accept", "open", False),
        ("send", "data", True),
        ("receive", "data", False),
        ("half_close", "end", True),
        ("end", "end", False),
        ("close", "end", True),
        ("reset", "broken", True),
        ("reset_received", "broken", False),
        ("refused", "refused", True),
    ],
)
def test_what_travels_is_an_arrow(event: str, kind: str, from_peer: bool) -> None:
    found = layout(peers(("peer", event)), 4, 9)
    assert [lane.who for lane in found.lanes] == ["you", "peer"]
    assert shape(found) == [(kind, 1, 0, 1) if from_peer else (kind, 0, 1, 1)]


@pytest.mark.parametrize("event", ["timeout", "note", "expect", "unheard-of"])
@pytest.mark.parametrize(("who", "lane"), [("you", 0), ("peer", 1)])
def test_everything_else_stands_on_its_lane(event: str, who: str, lane: int) -> None:
    assert shape(layout(peers((who, event)), 4, 9)) == [("mark", lane, lane, 1)]


def test_an_arrow_of_your_own_is_a_mark() -> None:
    assert shape(layout(peers(("you", "send")), 4, 9)) == [("mark", 0, 0, 1)]


def test_two_or_three_pieces_are_steps_of_their_own_and_more_are_one() -> None:
    three = peers(*[("peer", "send")] * 3)
    assert len(layout(three, 4, 99).steps) == 3
    four = peers(*[("peer", "send")] * 4, ("peer", "receive"))
    assert shape(layout(four, 4, 99)) == [("data", 1, 0, 4), ("data", 0, 1, 1)]
    assert [step.number for step in layout(four, 4, 99).steps] == [1, 5]
    assert layout(four, 4, 99).steps[0].bytes == 4


def test_a_pause_is_a_step_and_divides_pieces() -> None:
    drip = [Event(0.5 * n, "peer", "send", 1, "x") for n in range(8)]
    found = layout(drip, 4, 99)
    assert [step.kind for step in found.steps] == ["data", "pause"] * 7 + ["data"]
    assert {step.seconds for step in found.steps if step.kind == "pause"} == {0.5}
    assert not layout(peers(*[("you", "note")] * 9, gap=0.19), 4, 99).steps[1].seconds


def test_a_middle_is_left_out_and_counted() -> None:
    events = peers(*[("you", "call"), ("you", "return")] * 200)
    found = layout(events, 4, 20)
    assert len(found.steps) == 20
    hole = next(step for step in found.steps if step.kind == "left_out")
    assert len(hole.events) == 400 - 19
    assert found.steps[-1].number == 400


def test_many_peers_share_a_lane_and_the_last_ones_have_their_own() -> None:
    names = ["peer", *(f"peer {n}" for n in range(2, 51))]
    events = peers(*[(name, "connect") for name in names], ("peer 7", "send"))
    found = layout(events, 5, 99)
    assert [(lane.who, lane.peers) for lane in found.lanes] == [
        ("you", 1),
        ("peer", 1),
        ("peer 7", 1),
        ("peer 50", 1),
        ("", 47),
    ]
    assert sum(len(step.events) for step in found.steps) == 51
    assert [step.kind for step in found.steps][-1] == "data"
    # Those on the shared lane connect in one step on each side of peer 7's.
    assert shape(found)[1:4] == [("open", 4, 0, 5), ("open", 2, 0, 1), ("open", 4, 0, 42)]


def test_as_many_peers_as_lanes_share_none() -> None:
    events = peers(("peer", "send"), ("peer 2", "send"), ("peer 3", "send"))
    assert [lane.shared for lane in layout(events, 4, 9).lanes] == [False] * 4
    assert [lane.peers for lane in layout(events, 3, 9).lanes] == [1, 1, 2]
    assert [lane.peers for lane in layout(events, 2, 9).lanes] == [1, 3]


def test_what_is_under_way_is_said_of_each_row() -> None:
    events = peers(
        ("you", "call"),
        ("peer", "connect"),
        ("peer", "half_close"),
        ("peer", "end"),
        ("you", "return"),
        ("peer 2", "send"),
        ("peer 2", "reset"),
        ("you", "note"),
    )
    steps = layout(events, 4, 99).steps
    assert [step.running for step in steps] == [True] * 5 + [False] * 3
    opened = [sorted(step.open) for step in steps]
    assert opened == [[], [1], [1], [1], [], [2], [2], []]


def test_a_pause_between_two_calls_is_nobodys() -> None:
    events = [Event(float(n), "you", event) for n, event in enumerate(("call", "return", "call"))]
    steps = layout(events, 4, 99).steps
    assert [(step.kind, step.running) for step in steps] == [
        ("mark", True),
        ("pause", True),
        ("mark", True),
        ("pause", False),
        ("mark", True),
    ]


def test_no_transcript_is_no_step() -> None:
    assert layout((), 4, 9).steps == ()


@given(EVENTS, st.integers(2, 7), st.integers(3, 30))
def test_nothing_gets_lost(events: list[Event], lanes: int, most: int) -> None:
    found = layout(events, lanes, most)
    assert [event for step in found.steps for event in step.events] == events
    assert len(found.lanes) <= max(lanes, 2)
    assert len(found.steps) <= most
    assert sum(lane.peers for lane in found.lanes[1:]) == len(
        {event.who for event in events} - {"you"}
    )
    numbers = [step.number for step in found.steps if step.kind != "pause"]
    assert numbers == sorted(set(numbers))
    for step in found.steps:
        assert all(0 <= place < len(found.lanes) for place in (step.lane, step.to, *step.open))
        assert isinstance(step, Step)
