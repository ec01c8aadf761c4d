"""What stands below a check that failed: the conversation, the place, the reason.

Everything here is lines of at most ``options.width`` columns where they can be broken,
with all that came from a learner escaped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from grader.model import CheckResult, Event, Location, Verdict
from grader.report import ReportOptions
from grader.report._layout import columns, cut, escape, pad, paint, wrap
from grader.texts import has_text, text

_MARKS = {"passed": "✓", "failed": "✗", "stuck": "✗", "skipped": "–", "error": "!"}
_ASCII = str.maketrans(
    {"✓": "+", "✗": "x", "–": "-", "·": "-", "→": "->", "▸": ">", "│": "|", "─": "-", "…": "..."}
)
_INWARD = {"receive", "end", "reset_received", "accept", "refused"}
_ON_THE_WIRE = _INWARD | {"connect", "send", "half_close", "close", "reset"}
_PEER = re.compile(r"peer(?: ([0-9]+))?")
# The last line of a transcript, where it says what the code was doing in the end.
_LAST_WORDS = {"wait", "spin", "timeout"}
_STATES = {"blocked", "sleeping", "spinning"}
_QUOTED = re.compile(r"b?[\"']([^▸]*)[\"'] ?[(（]")
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
    if options.diagram and check.transcript:
        from grader.report._diagram import diagram

        begin = 0 if options.verbose else _well_before(check.transcript)
        drawn = msgspec.structs.replace(check, transcript=check.transcript[begin:])
        went_well = [f"      {counted('went_well', begin, options)}"] if begin else []
        lines = [*went_well, *diagram(drawn, options), "", *_ends(check, [], options)]
    if lines:
        lines.append("")
    if check.location:
        lines += _place(check.location, verdict, options)
    lines += paragraph(check.message, options)
    if check.output.strip():
        lines += _output(check.output, options)
    return [*lines, *_further(check, verdict, options)]


def _further(check: CheckResult, verdict: Verdict, options: ReportOptions) -> list[str]:
    """Say where there is more help: the page that explains the diagnosis, the hints."""
    rows = []
    if options.page(verdict, check) is not None:
        rows.append(say("page", options, diagnosis=escape(check.diagnosis)))
    if check.hints:
        rows.append(counted("hints", check.hints, options, exercise=escape(verdict.exercise)))
    rows = [line for row in rows for line in wrap(row, options.width - 2)]
    return [f"  {paint(row, 'dim', options.colour)}" for row in rows]


def paragraph(message: str, options: ReportOptions, limit: int = 40) -> list[str]:
    """Return a message wrapped and indented; at most ``limit`` lines unless verbose."""
    if not message.strip():
        return []
    lines = wrap(escape(message.strip("\n")[:_LONGEST], keep="\n"), options.width - 2)
    return [f"  {line}".rstrip() for line in (lines if options.verbose else lines[:limit])]


def _conversation(check: CheckResult, options: ReportOptions) -> list[str]:
    """Return the numbered steps of the script, up to the one that failed."""
    transcript = check.transcript
    if transcript and transcript[-1].event in _LAST_WORDS:
        transcript = transcript[:-1]  # told as what happened instead
    before = 0 if options.verbose else _well_before(transcript)
    transcript = transcript[before:]
    events = list(enumerate(transcript, 1))
    head, tail = _EVENTS
    limit = 10 * head if options.verbose else head, 10 * tail if options.verbose else tail
    shown, left_out = _shorten(events, *limit)
    names = [_names(event, options) for _, event in shown]
    left = max([columns(name) for name, other in names if other], default=0)
    arrow = f" {symbol('→', options)} "
    labels = [f"{pad(name, left)}{arrow}{other}" if other else name for name, other in names]
    width = max([columns(label) for label in (*labels, *_end_labels(options))]) + 2
    lines = []
    for (n, event), label in zip(shown, labels, strict=True):
        time = _time(event.t - transcript[0].t, options)
        room = options.width - 6 - width - columns(time) - 2
        line = f"{n:>5} {pad(label, width)}{_describe(event, room, options)}"
        gap = options.width - columns(time) - columns(line)
        lines.append(line + " " * gap + paint(time, "dim", options.colour))
    if left_out:
        words = say("events_left_out", options, n=f"{left_out:,}")
        lines.insert(limit[0], f"      {words}")
    if before:
        lines.insert(0, f"      {counted('went_well', before, options)}")
    return lines + _ends(check, events, options, width)


def _well_before(transcript: Sequence[Event]) -> int:
    """Return how many events belong to rounds of a check that went well before the failing one.

    A round is a call of the learner's function; it went well where it was over before the next.
    """
    begun = over = first = 0
    for number, event in enumerate(transcript):
        if event.who == "you" and event.event == "call":
            if begun == over:
                first = number
            begun += 1
        over += event.who == "you" and event.event in ("return", "raise")
    return first


def _end_labels(options: ReportOptions) -> list[str]:
    return [say("expected", options), say("instead", options)]


def _ends(
    check: CheckResult, events: Sequence[_Numbered], options: ReportOptions, width: int = 0
) -> list[str]:
    """Return what was expected and what came instead, the first difference under a caret."""
    labels = _end_labels(options)
    width = width or max(map(columns, labels)) + 2
    number = str(len(events) + 1) if events else ""
    lines: list[str] = []
    rows = []
    for label, words in zip(labels, (check.expected, instead(check, options)), strict=True):
        row = _labelled(number, pad(label, width), words, options)
        rows.append(row)
        lines += row
        number = "" if words else number
    if all(len(row) == 1 for row in rows):
        at = _first_difference(check.expected, check.received)
        if at is not None:
            lines.append(" " * (6 + width + at) + paint("^", "bad", options.colour))
    return lines


def _first_difference(expected: str, received: str) -> int | None:
    """Return the column at which two shown strings of bytes begin to differ, if they do."""
    one, other = _QUOTED.match(expected), _QUOTED.match(received)
    if not one or not other or one[1] == other[1]:
        return None
    pairs = enumerate(zip(one[1], other[1], strict=False))
    same = next((n for n, (a, b) in pairs if a != b), min(len(one[1]), len(other[1])))
    return one.start(1) + columns(escape(one[1][:same]))


def instead(check: CheckResult, options: ReportOptions) -> str:
    """Return what came instead of what was expected, and what the code was doing then."""
    words = filter(None, (check.received, doing_words(check, options)))
    return say("separator", options).join(words)


def doing_words(check: CheckResult, options: ReportOptions) -> str:
    """Say what the learner's code was doing when the check gave it up."""
    place = check.location
    if place is None or place.state not in _STATES:
        silent = bool(check.transcript) and check.transcript[-1].event == "timeout"
        return say("nothing_came", options) if silent and not check.received else ""
    doing = escape(place.doing[:100])
    if place.calls and doing:
        entry = "instead_calls_empty" if place.empty == place.calls else "instead_calls"
        n, milliseconds = f"{place.calls:,}", f"{1000 * place.seconds:.0f}"
        return say(entry, options, doing=doing, n=n, milliseconds=milliseconds)
    return say(f"instead_{place.state}{'_in' if doing else ''}", options, doing=doing)


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
    if event.who == "you":
        return you, ""
    if match:
        peer = say("who_peer", options) + (f" {match[1]}" if match[1] else "")
    else:
        peer = cut(escape(event.who[:40]), 20)
    if event.event not in _ON_THE_WIRE:
        return peer, ""
    return (you, peer) if event.event in _INWARD else (peer, you)


def _describe(event: Event, room: int, options: ReportOptions) -> str:
    size = counted("bytes", event.bytes, options)
    more = symbol("…", options)
    preview = escape(event.preview[:1000])
    key = f"event_{event.event}"
    if event.event in ("send", "receive") and (preview or not event.bytes):
        size = say("in_brackets", options, words=size)
        return f'"{cut(preview, room - columns(size) - 2, more)}"{size}'
    if event.event in ("expect", "note"):
        return cut(preview, room, more)
    known = has_text(f"report.{key}", options.language)
    name = say(key, options) if known else escape(event.event)
    end = say("in_brackets", options, words=size) if event.bytes else ""
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
    if place.state == "raised":
        head += f" {symbol('·', options)} {say('state_raised', options)}"
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
