"""What stands below a check that failed: the conversation, the place, the reason.

Everything here is lines of at most ``options.width`` columns where they can be broken,
with all that came from a learner escaped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from grader.model import CheckResult, Event, Location, Verdict
from grader.report import ReportOptions
from grader.report._layout import columns, cut, escape, pad, paint, wrap
from grader.texts import has_text, text

_MARKS = {"passed": "✓", "failed": "✗", "stuck": "✗", "skipped": "–", "error": "!"}
_ASCII = str.maketrans(
    {"✓": "+", "✗": "x", "–": "-", "·": "-", "→": "->", "▸": ">", "│": "|", "─": "-", "…": "..."}
)
_INWARD = {"receive", "end", "reset_received", "accept", "refused"}
_PEER = re.compile(r"peer(?: ([0-9]+))?")
_STATES = {"raised", "blocked", "spinning", "sleeping"}
_EVENTS = (4, 10)
_OUTPUT = (4, 8)
_AROUND = 2
_LONGEST = 20_000
_Numbered = tuple[int, Event]


def symbol(char: str, options: ReportOptions) -> str:
    """Return a mark or an arrow as it is, or its stand-in in ASCII."""
    return char.translate(_ASCII) if options.ascii else char


def mark(status: str, options: ReportOptions) -> str:
    """Return the mark of a check's status."""
    return symbol(_MARKS[status], options)


def say(entry: str, options: ReportOptions, **values: object) -> str:
    """Return one of the reporters' own texts; its values must be escaped already."""
    return symbol(text(f"report.{entry}", options.language, **values), options)


def counted(entry: str, n: int, options: ReportOptions, **values: object) -> str:
    """Return a text that differs for one thing and for many; ``n`` is shown with commas."""
    return say(f"{entry}_{1 if n == 1 else 'n'}", options, n=f"{n:,}", **values)


def detail(check: CheckResult, verdict: Verdict, options: ReportOptions) -> list[str]:
    """Return everything that helps to mend one failed check."""
    lines = _conversation(check, options)
    if lines:
        lines.append("")
    if check.location:
        lines += _place(check.location, verdict, options)
    lines += paragraph(check.message, options)
    if check.output.strip():
        lines += _output(check.output, options)
    if check.hints:
        hint = counted("hints", check.hints, options, exercise=escape(verdict.exercise))
        lines.append(f"  {paint(hint, 'dim', options.colour)}")
    return lines


def paragraph(message: str, options: ReportOptions, limit: int = 40) -> list[str]:
    """Return a message wrapped and indented; at most ``limit`` lines unless verbose."""
    if not message.strip():
        return []
    lines = wrap(escape(message.strip("\n")[:_LONGEST], keep="\n"), options.width - 2)
    return [f"  {line}".rstrip() for line in (lines if options.verbose else lines[:limit])]


def _conversation(check: CheckResult, options: ReportOptions) -> list[str]:
    events = list(enumerate(check.transcript, 1))
    head, tail = _EVENTS
    limit = 10 * head if options.verbose else head, 10 * tail if options.verbose else tail
    shown, left_out = _shorten(events, *limit)
    names = [_names(event, options) for _, event in shown]
    left = max([columns(name) for name, other in names if other], default=0)
    arrow = f" {symbol('→', options)} "
    labels = [f"{pad(name, left)}{arrow}{other}" if other else name for name, other in names]
    ends = [say("expected", options), say("instead", options)]
    width = max([columns(label) for label in (*labels, *ends)]) + 2
    lines = []
    for (n, event), label in zip(shown, labels, strict=True):
        time = _time(event.t, options) if n == len(events) else ""
        room = options.width - 6 - width - (columns(time) + 2 if time else 0)
        line = f"{n:>5} {pad(label, width)}{_describe(event, room, options)}"
        lines.append(pad(line, options.width - columns(time)) + time if time else line)
    if left_out:
        words = say("events_left_out", options, n=f"{left_out:,}")
        lines.insert(limit[0], f"      {words}")
    number = str(len(events) + 1) if events else ""
    for label, words in zip(ends, (check.expected, check.received), strict=True):
        lines += _labelled(number, pad(label, width), words, options)
        number = "" if words else number
    return lines


def _shorten(items: list[_Numbered], head: int, tail: int) -> tuple[list[_Numbered], int]:
    left_out = len(items) - head - tail
    return (items[:head] + items[-tail:], left_out) if left_out > 1 else (items, 0)


def _labelled(number: str, label: str, words: str, options: ReportOptions) -> list[str]:
    if not words.strip():
        return []
    width = columns(label)
    words = escape(words.strip("\n")[:_LONGEST], keep="\n")
    lines = wrap(words, max(options.width - 6 - width, 20))
    rest = [" " * (6 + width) + line for line in lines[1:40]]
    return [f"{number:>5} {label}{lines[0]}", *(line.rstrip() for line in rest)]


def _names(event: Event, options: ReportOptions) -> tuple[str, str]:
    match = _PEER.fullmatch(event.who)
    you = say("who_you", options)
    if event.event == "expect":
        return say("expected", options), ""
    if not match:
        return you if event.who == "you" else cut(escape(event.who[:40]), 20), ""
    peer = say("who_peer", options) + (f" {match[1]}" if match[1] else "")
    if event.event in ("timeout", "note"):
        return peer, ""
    return (you, peer) if event.event in _INWARD else (peer, you)


def _describe(event: Event, room: int, options: ReportOptions) -> str:
    size = counted("bytes", event.bytes, options)
    more = symbol("…", options)
    preview = escape(event.preview[:1000])
    key = f"event_{event.event}"
    if event.event in ("send", "receive") and (preview or not event.bytes):
        return f'"{cut(preview, room - columns(size) - 5, more)}" ({size})'
    if event.event in ("expect", "note"):
        return cut(preview, room, more)
    known = has_text(f"report.{key}", options.language)
    name = say(key, options) if known else escape(event.event)
    end = f" ({size})" if event.bytes else ""
    return cut(f"{name} {preview}".rstrip(), room - columns(end), more) + end


def _time(seconds: float, options: ReportOptions) -> str:
    if seconds < 1:
        time = say("milliseconds", options, n=f"{seconds * 1000:.1f}")
    else:
        time = say("seconds", options, n=f"{seconds:.2f}")
    return say("at_time", options, time=time)


def _place(place: Location, verdict: Verdict, options: ReportOptions) -> list[str]:
    path, function = escape(options.path(verdict)), escape(place.function[:100])
    key = "place_top" if function == "<module>" else "place_in" if function else "place"
    head = say(key, options, path=path, line=place.line, function=function)
    if place.state in _STATES:
        doing = escape(place.doing[:100])
        suffix = "_in" if doing and place.state != "raised" else ""
        state = say(f"state_{place.state}{suffix}", options, doing=doing)
        head += f" {symbol('·', options)} {state}"
    lines = [f"  {paint(line, 'bold', options.colour)}" for line in wrap(head, options.width - 2)]
    return lines + _source(place, options.lines(verdict), options)


def _source(place: Location, source: Sequence[str], options: ReportOptions) -> list[str]:
    at = place.line - 1
    here = place.source.strip()
    if 0 <= at < len(source) and here in ("", source[at].strip()):
        first, last = max(at - _AROUND, 0), min(at + _AROUND, len(source) - 1)
        while first < at and not source[first].strip():
            first += 1
        while last > at and not source[last].strip():
            last -= 1
        rows = [(n + 1, source[n]) for n in range(first, last + 1)]
    elif here:
        rows = [(place.line, place.source)]
    else:
        return []
    digits = len(str(rows[-1][0]))
    lines = []
    for number, words in rows:
        pointed = number == place.line
        pointer = symbol("▸", options) if pointed else " "
        code = escape(words[:1000].rstrip("\r\n").expandtabs(4))
        line = f"    {pointer} {number:>{digits}}  {code}".rstrip()
        line = cut(line, options.width, symbol("…", options))
        lines.append(paint(line, "bold" if pointed else "dim", options.colour))
    return lines


def _output(output: str, options: ReportOptions) -> list[str]:
    head, tail = _OUTPUT
    scale = 10 if options.verbose else 1
    rows = output.strip("\n").split("\n")
    left_out = len(rows) - (head + tail) * scale
    bar, more = symbol("│", options), symbol("…", options)
    room = options.width - 4

    def show(row: str) -> str:
        return f"  {bar} {cut(escape(row[: 4 * room]), room, more)}"

    if left_out > 1:
        words = say("lines_left_out", options, n=f"{left_out:,}")
        shown = [*map(show, rows[: head * scale]), f"  {bar} {words}"]
        shown += map(show, rows[-tail * scale :])
    else:
        shown = [*map(show, rows)]
    lines = [f"  {say('output', options)}"]
    return lines + [paint(line.rstrip(), "dim", options.colour) for line in shown]
