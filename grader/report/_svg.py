"""A sequence diagram as a drawing: where each thing is, for the template that draws it.

Places across are in percent, so that the drawing is as wide as its page without its letters
getting any smaller; places down are in CSS pixels.  A label comes in two lengths, and the
style sheet shows the one for which there is room.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.model import Event, Language
from grader.report._layout import columns, cut, wrap
from grader.report._phrases import duration, ends, label, lane_name, weight
from grader.report._sequence import Diagram, Step, layout

_LANES = 6
_TOP = 44
_HEIGHTS = {"data": 48, "mark": 32, "pause": 34, "left_out": 32}
_ARROW = 36
_LONG_MARKS = {"wait", "spin", "timeout"}  # at the end of what went wrong: more room
_TALL = 48
_TIP_COLUMNS = 36
_TIP_LINES = 7
_TIP_LINE = 16
_PIECES = 12


@dataclass(frozen=True)
class LanePlace:
    """A lane: its name, where it is (in percent), and when it is connected (pixels)."""

    name: str
    x: float
    spans: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Row:
    """One step.  ``y`` is its arrow or mark; ``x1`` to ``x2`` an arrow, ``x2`` the head's end.

    ``side`` is where a mark's words stand: ``start`` right of it, ``end`` left of it.  ``lines``
    are the short words of a mark.  ``tip`` is what is shown over a row, ``tip_y`` and
    ``tip_height`` its box.
    """

    kind: str
    event: str
    y: float
    top: float
    height: float
    x1: float
    x2: float
    middle: float
    side: str
    long: str
    short: str
    lines: tuple[str, ...]
    weight: str
    time: str
    tip: tuple[str, ...]
    tip_y: float
    tip_height: float

    @property
    def leftward(self) -> bool:
        """Whether an arrow points to the left."""
        return self.x2 < self.x1


@dataclass(frozen=True)
class Said:
    """One step in words; ``pieces`` are the first of those that it is made of."""

    number: int
    ends: str
    words: str
    weight: str
    time: str
    data: bool
    pieces: tuple[str, ...] = ()
    more: int = 0


@dataclass(frozen=True)
class Drawing:
    """A whole diagram; ``least`` and ``most`` are widths in pixels (0: as narrow as may be)."""

    lanes: tuple[LanePlace, ...]
    rows: tuple[Row, ...]
    said: tuple[Said, ...]
    height: float
    least: int
    most: int


def drawing(transcript: Sequence[Event], language: Language, steps: int = 48) -> Drawing | None:
    """Return where everything of a conversation is drawn, in about so many steps; None of none."""
    if not transcript:
        return None
    found = layout(transcript, _LANES, steps)
    count = len(found.lanes)
    least = 0 if count < 3 else 150 + 128 * (count - 1)
    left, right = (25.0, 86.0) if not least else (9000 / least, 100 - 5200 / least)
    if count == 1:
        right = left
    places = [left + (right - left) * n / max(count - 1, 1) for n in range(count)]
    tops = [float(_TOP)]
    for step in found.steps:
        tops.append(tops[-1] + _height(step))
    height = tops[-1] + 14
    rows = tuple(
        _row(step, top, height, places, found, language)
        for step, top in zip(found.steps, tops, strict=False)
    )
    lanes = tuple(
        LanePlace(
            cut(lane_name(lane, language), 16 if count > 2 else 20),
            places[number],
            tuple(_spans(number, found.steps, rows, height)),
        )
        for number, lane in enumerate(found.lanes)
    )
    said = tuple(_said(step, found, language) for step in found.steps)
    return Drawing(lanes, rows, said, height, least, max(580, least * 5 // 4))


def _height(step: Step) -> int:
    if step.kind == "mark" and step.event.event in _LONG_MARKS:
        return _TALL
    return _HEIGHTS.get(step.kind, _ARROW)


def _row(
    step: Step,
    top: float,
    bottom: float,
    places: Sequence[float],
    found: Diagram,
    language: Language,
) -> Row:
    words = label(step, found, language)
    high = _height(step)
    y = top + (high / 2 + 4 if step.lane != step.to else high / 2)
    span = abs(step.lane - step.to)
    two = len(places) < 3
    if span:
        short = (22 if step.kind == "data" else 27) if two else 16 * span
    else:
        short = 28 if two else 17 * (len(places) - 1) if step.lane == 0 else 15 * step.lane
    hole = step.kind in ("pause", "left_out")
    lines = wrap(words, short) if high == _TALL else []
    if len(lines) > 2:
        lines = [lines[0], cut(" ".join(lines[1:]), short)]
    time = "" if hole else duration(step.event.t - found.began, language)
    size = weight(step, language)
    tip: tuple[str, ...] = ()
    if step.kind == "data" or columns(words) > short:
        head = " · ".join(filter(None, (f"{step.number}", ends(step, found, language), size, time)))
        parts = wrap(words, _TIP_COLUMNS)
        more = ["…"] if len(parts) > _TIP_LINES else []
        tip = (cut(head, _TIP_COLUMNS + 4), *parts[:_TIP_LINES], *more)
    tip_height = _TIP_LINE * len(tip) + 12
    below = y + 14
    return Row(
        kind=step.kind,
        event="" if hole else step.event.event,
        y=y,
        top=top,
        height=high,
        x1=places[step.lane],
        x2=places[step.to],
        middle=(places[step.lane] + places[step.to]) / 2,
        side="end" if step.lane and step.lane == len(places) - 1 else "start",
        long=cut(words, (46 if span else 52) if two else short),
        short=cut(words, short),
        lines=tuple(lines) or (cut(words, short),),
        weight=size,
        time=time,
        tip=tip,
        tip_y=below if below + tip_height <= bottom else max(top - tip_height, 0),
        tip_height=tip_height,
    )


def _spans(
    lane: int, steps: Sequence[Step], rows: Sequence[Row], height: float
) -> Iterator[tuple[float, float]]:
    """Give where a lane is connected (yours: running), as pairs of a beginning and a length."""
    began: float | None = None
    last = 0.0
    for step, row in zip(steps, rows, strict=True):
        if step.running if lane == 0 else lane in step.open:
            began = row.y if began is None else began
            last = row.y
        elif began is not None:
            yield began, max(last - began, 6)
            began = None
    if began is not None:
        final = steps[-1]
        over = final.kind == "mark" and final.event.event in ("return", "raise") and lane == 0
        closed = final.kind in ("end", "broken", "refused") and lane in (final.lane, final.to)
        end = last if over or (closed and lane) else height - 6
        yield began, max(end - began, 6)


def _said(step: Step, found: Diagram, language: Language) -> Said:
    hole = step.kind in ("pause", "left_out")
    pieces: tuple[str, ...] = ()
    if len(step.events) > 1 and step.kind == "data":
        pieces = tuple(f'"{event.preview}"' for event in step.events[:_PIECES])
    return Said(
        number=step.number,
        ends=ends(step, found, language),
        words=label(step, found, language),
        weight=weight(step, language),
        time="" if hole else duration(step.event.t - found.began, language),
        data=step.kind == "data",
        pieces=pieces,
        more=max(len(step.events) - _PIECES, 0) if pieces else 0,
    )
