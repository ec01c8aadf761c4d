"""What a sequence diagram says: names of lanes, labels of steps, sentences.

Everything that comes from a submission is escaped here; nothing is shortened but what is
absurdly long.
"""

from __future__ import annotations

import re

from grader.model import Event, Language
from grader.report._layout import cut, escape
from grader.report._sequence import ARROWS, PIECES, YOU, Diagram, Lane, Step
from grader.texts import text

_PEER = re.compile(r"peer(?: ([0-9]{1,9}))?")
_MARKS = {"call", "return", "raise", "yield", "expect", "wait", "spin", "timeout"}
_NAME = 20
_LONGEST = 1000


def say(entry: str, language: Language, **values: object) -> str:
    """Return one text of ``html.json``; its values must be escaped already."""
    return text(f"html.{entry}", language, **values)


def counted(entry: str, n: int, language: Language) -> str:
    """Return a text that differs for one thing and for many; ``n`` is shown with commas."""
    return say(f"{entry}_{1 if n == 1 else 'n'}", language, n=f"{n:,}")


def size(n: int, language: Language) -> str:
    """Return a number of bytes in words."""
    return text(f"report.bytes_{1 if n == 1 else 'n'}", language, n=f"{n:,}")


def duration(seconds: float, language: Language) -> str:
    """Return a time in milliseconds or seconds, whichever reads better."""
    if abs(seconds) < 1:
        return text("report.milliseconds", language, n=f"{seconds * 1000:.1f}")
    return text("report.seconds", language, n=f"{seconds:.2f}")


def who(name: str, language: Language) -> str:
    """Return what a participant of a transcript is called."""
    if name == YOU:
        return text("report.who_you", language)
    if match := _PEER.fullmatch(name):
        return text("report.who_peer", language) + (f" {match[1]}" if match[1] else "")
    return cut(escape(name[:_LONGEST]), _NAME) or "?"


def lane_name(lane: Lane, language: Language) -> str:
    """Return what stands above a lane."""
    if lane.shared:
        return say("others", language, n=f"{lane.peers:,}")
    return who(lane.who, language)


def label(step: Step, diagram: Diagram, language: Language) -> str:
    """Return what stands at an arrow or a mark, without the number of bytes.

    On a lane that several share, it says which peer it is.
    """
    if step.kind == "pause":
        return say("step_pause", language, time=duration(step.seconds, language))
    if step.kind == "left_out":
        return counted("step_left_out", len(step.events), language)
    words = _what(step, language)
    lane = diagram.lanes[step.lane or step.to]
    if lane.shared:
        first, last = (who(step.events[n].who, language) for n in (0, -1))
        names = first if first == last else say("between", language, first=first, last=last)
        words = say("by", language, who=names, what=words)
    return words


def _what(step: Step, language: Language) -> str:
    many = len(step.events) > 1
    if step.kind == "data":
        words = _data(step.event, language)
        if not many:
            return words
        last = _data(step.events[-1], language)
        words = say("between", language, first=words, last=last)
        return say("pieces", language, n=f"{len(step.events):,}", data=words)
    words = event_words(step.event, language)
    return say("many", language, what=words, n=f"{len(step.events):,}") if many else words


def _data(event: Event, language: Language) -> str:
    if event.preview or not event.bytes:
        return f'"{escape(event.preview[:_LONGEST])}"'
    return say("step_data", language)


def event_words(event: Event, language: Language) -> str:
    """Return what an event that is no data is called, with what belongs to it."""
    what, key = escape(event.preview[:_LONGEST]), f"step_{event.event}"
    if event.event == "note":
        return what
    if event.event == "handed":
        return say(key, language)
    if event.event in _MARKS:
        return say(key, language, what=what) if what else say(f"{key}_bare", language)
    known = event.event in ARROWS and event.event not in PIECES
    name = say(key, language) if known else escape(event.event[:_LONGEST])
    return f"{name} {what}".rstrip()


def ends(step: Step, diagram: Diagram, language: Language) -> str:
    """Return who a step is about: "peer → you", "you", nothing for a pause."""
    if step.kind in ("pause", "left_out"):
        return ""
    names = [lane_name(diagram.lanes[place], language) for place in (step.lane, step.to)]
    return names[0] if step.lane == step.to else say("ends", language, source=names[0], to=names[1])


def weight(step: Step, language: Language) -> str:
    """Return how many bytes a step moved in words; nothing where there is nothing to count."""
    counts = step.kind == "data" or (step.bytes and step.kind != "left_out")
    return size(step.bytes, language) if counts else ""
