"""The layout of a sequence diagram: lanes and steps, made from a transcript.

Nothing is drawn here, and nothing is put into words: `_diagram` and `_svg` do that, each for
its own paper.  Your lane is the first one; a peer's lane is there from its first event on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from grader.model import Event

YOU = "you"
PAUSE_S = 0.2
_FOLDED = 4  # so many pieces in a row are one step; two or three can be what a check is about

Kind = Literal["data", "open", "end", "broken", "refused", "mark", "pause", "left_out"]

# What travels: whether it comes from the peer, and how it looks.  All else stands on its lane.
ARROWS: dict[str, tuple[bool, Kind]] = {
    "connect": (True, "open"),
    "accept": (False, "open"),
    "send": (True, "data"),
    "receive": (False, "data"),
    "half_close": (True, "end"),
    "end": (False, "end"),
    "close": (True, "end"),
    "reset": (True, "broken"),
    "reset_received": (False, "broken"),
    "refused": (True, "refused"),
}
PIECES = {"send", "receive"}
_LAST = {"close", "reset", "reset_received", "refused"}


@dataclass(frozen=True)
class Lane:
    """One lane: who is on it (``who`` as in the transcript), or the others together."""

    who: str
    peers: int = 1

    @property
    def shared(self) -> bool:
        """Whether several peers have to share this lane."""
        return self.peers > 1


@dataclass(frozen=True)
class Step:
    """One row.  ``lane`` and ``to`` are where an arrow begins and ends (the same: no arrow).

    ``number`` counts events from 1, so a step of several leaves a gap behind it.  ``running``
    says whether a call of your code is under way in this row, ``open`` which peers' lanes
    are connected.  ``seconds`` is how long a pause takes.
    """

    kind: Kind
    number: int
    events: tuple[Event, ...]
    lane: int = 0
    to: int = 0
    running: bool = False
    open: frozenset[int] = frozenset()
    seconds: float = 0.0

    @property
    def event(self) -> Event:
        """The first of its events (a pause has none)."""
        return self.events[0]

    @property
    def bytes(self) -> int:
        """How many bytes all its events moved."""
        return sum(event.bytes for event in self.events)


@dataclass(frozen=True)
class Diagram:
    """Lanes from left to right, steps from top to bottom; ``began`` is the first one's time."""

    lanes: tuple[Lane, ...]
    steps: tuple[Step, ...]
    began: float = 0.0


def layout(transcript: Sequence[Event], most_lanes: int, most_steps: int) -> Diagram:
    """Lay a conversation out on at most so many lanes (two or more) and about so many steps.

    Where there are more peers, the first one and those of the end keep lanes of their own;
    where there are more steps, a middle is left out.
    """
    lanes = _lanes(transcript, max(most_lanes, 2))
    steps = list(_steps(transcript, lanes))
    if len(steps) > most_steps:
        steps = _shortened(steps, most_steps)
    return Diagram(lanes, tuple(steps), transcript[0].t if transcript else 0.0)


def _lanes(transcript: Sequence[Event], most: int) -> tuple[Lane, ...]:
    peers = list(dict.fromkeys(event.who for event in transcript if event.who != YOU))
    if len(peers) < most:
        return (Lane(YOU), *map(Lane, peers))
    last = dict.fromkeys(event.who for event in reversed(transcript) if event.who != YOU)
    own = set([peers[0], *last][: most - 2])
    shown = [Lane(who) for who in peers if who in own]
    return (Lane(YOU), *shown, Lane("", len(peers) - len(shown)))


def _steps(transcript: Sequence[Event], lanes: Sequence[Lane]) -> Iterator[Step]:
    at = {lane.who: number for number, lane in enumerate(lanes) if not lane.shared}
    state = _State()
    number, last = 1, None
    for run in _runs(transcript, lanes, at):
        event = run[0]
        if last is not None and event.t - last.t >= PAUSE_S:
            open_ = frozenset(at.get(who, len(lanes) - 1) for who in state.open)
            seconds = event.t - last.t
            yield Step("pause", number, run[:0], 0, 0, state.running, open_, seconds)
        lane = to = at.get(event.who, len(lanes) - 1)
        kind: Kind = "mark"
        if lane and event.event in ARROWS:
            from_peer, kind = ARROWS[event.event]
            lane, to = (lane, 0) if from_peer else (0, lane)
        running, opened = state.during(run)
        places = frozenset(at.get(who, len(lanes) - 1) for who in opened)
        yield Step(kind, number, run, lane, to, running, places)
        number, last = number + len(run), run[-1]


def _runs(
    transcript: Sequence[Event], lanes: Sequence[Lane], at: dict[str, int]
) -> Iterator[tuple[Event, ...]]:
    """Give the events step by step: many alike in a row, with no pause between, are one."""

    def follows(event: Event, last: Event) -> bool:
        lane = at.get(event.who, len(lanes) - 1)
        same = event.event == last.event and lane == at.get(last.who, len(lanes) - 1)
        folds = event.event in (ARROWS if lanes[lane].shared else PIECES)
        return lane > 0 and same and folds and event.t - last.t < PAUSE_S

    run: list[Event] = []
    for event in transcript:
        if run and not follows(event, run[-1]):
            yield from _whole_or_single(run)
            run = []
        run.append(event)
    yield from _whole_or_single(run)


def _whole_or_single(run: Sequence[Event]) -> Iterator[tuple[Event, ...]]:
    if len(run) >= _FOLDED:
        yield tuple(run)
    else:
        yield from ((event,) for event in run)


class _State:
    """Which calls and connections are under way."""

    def __init__(self) -> None:
        self._calls = 0
        self._seen: dict[str, set[str]] = {}

    @property
    def running(self) -> bool:
        return self._calls > 0

    @property
    def open(self) -> set[str]:
        return set(self._seen)

    def during(self, events: Sequence[Event]) -> tuple[bool, set[str]]:
        """Take a step in; return what is under way in its row, what begins or ends there, too."""
        running, opened = self.running, self.open
        for event in events:
            if event.who == YOU:
                change = {"call": 1, "return": -1, "raise": -1}.get(event.event, 0)
                self._calls = max(self._calls + change, 0)
                continue
            opened.add(event.who)
            seen = self._seen.setdefault(event.who, set())
            seen.add(event.event)
            if event.event in _LAST or seen >= {"half_close", "end"}:
                del self._seen[event.who]
        return running or self.running, opened


def _shortened(steps: list[Step], most: int) -> list[Step]:
    """Leave a middle out: the beginning says how it began, the end is what counts."""
    head = max(most // 3, 1)
    tail = max(most - head - 1, 1)
    gone = steps[head:-tail]
    events = tuple(event for step in gone for event in step.events)
    hole = replace(gone[0], kind="left_out", events=events, lane=0, to=0, seconds=0.0)
    return [*steps[:head], hole, *steps[-tail:]]
