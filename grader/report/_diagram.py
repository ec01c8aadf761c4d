"""A sequence diagram in a terminal: your lane, one per peer, time downwards."""

from __future__ import annotations

from grader.model import CheckResult
from grader.report import ReportOptions
from grader.report._layout import columns, cut, paint
from grader.report._phrases import duration, label, lane_name, say, weight
from grader.report._sequence import Diagram, Step, layout

_NARROWEST = 60
_GAP = 20  # the fewest columns between two lanes: an arrow with some bytes and their count
_WIDEST = 48
_STEPS = 24
_ASCII = str.maketrans(
    {
        "┃": "|",
        "│": "|",
        "┊": ":",
        "─": "-",
        "╌": "-",
        "═": "=",
        "◄": "<",
        "►": ">",
        "✗": "x",
        "⋮": ":",
        "●": "*",
        "◷": "~",
        "↻": "@",
        "→": ">",
        "×": "x",
        "…": "...",
    }
)
_LINES = {"data": "─", "open": "╌", "end": "╌", "broken": "═", "refused": "╌"}
_KINDS = {"broken": "bad", "refused": "bad", "pause": "dim", "left_out": "dim"}
_MARKS = {"raise": "✗", "wait": "◷", "timeout": "◷", "spin": "↻"}


def diagram(check: CheckResult, options: ReportOptions) -> list[str]:
    """Return the conversation of a check, drawn; nothing where there was none.

    Lines have ``options.width`` columns at most (60 where that is less).
    """
    if not check.transcript:
        return []
    width = max(options.width, _NARROWEST)
    began = check.transcript[0].t
    offsets = [duration(event.t - began, options.language) for event in check.transcript]
    times = max(map(columns, offsets))
    room = width - times - 5
    steps = 10 * _STEPS if options.verbose else _STEPS
    found = layout(check.transcript, 1 + max(room - 6, _GAP) // _GAP, steps)
    gap = min((room - 6) // max(len(found.lanes) - 1, 1), _WIDEST)
    places = [times + 4 + number * gap for number in range(len(found.lanes))]
    paper = _Paper(found, options, width, places)
    return [paper.head(), *(paper.row(step) for step in found.steps)]


class _Paper:
    """Draws row by row; ``places`` are the columns of the lanes."""

    def __init__(
        self, found: Diagram, options: ReportOptions, width: int, places: list[int]
    ) -> None:
        self._found = found
        self._options = options
        self._width = width
        self._places = places
        self._more = self._plain("…")

    def _plain(self, words: str) -> str:
        return words.translate(_ASCII) if self._options.ascii else words

    def head(self) -> str:
        """Return the names of the lanes, each in the middle above its own."""
        line = _Line(self._width)
        for number, (lane, place) in enumerate(zip(self._found.lanes, self._places, strict=True)):
            before = self._places[number - 1] if number else 0
            name = self._plain(lane_name(lane, self._options.language))
            if number:
                name = cut(name, min(_GAP - 2, place - before - 2), self._more)
            start = min(place - columns(name) // 2, self._width - columns(name))
            line.put(max(start, 0), name)
        return paint(line.text(), "bold", self._options.colour)

    def row(self, step: Step) -> str:
        """Return one step."""
        line = _Line(self._width)
        holes = step.kind in ("pause", "left_out")
        for number, place in enumerate(self._places):
            if number:
                sign = "│" if number in step.open else "┊"
            else:
                sign = "┃" if step.running else "┊"
            line.put(place, self._plain("⋮" if holes else sign))
        if not holes:
            time = duration(step.event.t - self._found.began, self._options.language)
            line.put(self._places[0] - 3 - columns(time), time)
        if step.lane != step.to:
            self._arrow(line, step)
        else:
            self._mark(line, step)
        kind = _KINDS.get(step.kind, "")
        if step.kind == "mark" and step.event.event in _MARKS:
            kind = "odd"
        return paint(line.text(), kind, self._options.colour and bool(kind))

    def _arrow(self, line: _Line, step: Step) -> None:
        start, end = sorted((self._places[step.lane], self._places[step.to]))
        room = end - start - 1
        line.put(start + 1, self._plain(_LINES[step.kind]) * room)
        words = self._label(step, room - 6)
        line.put(start + 1 + (room - columns(words) - 2) // 2, f" {words} ")
        sign = "✗" if step.kind == "refused" else "◄" if step.to < step.lane else "►"
        line.put(start + 1 if step.to < step.lane else end - 1, self._plain(sign))

    def _mark(self, line: _Line, step: Step) -> None:
        place = self._places[step.lane]
        if step.kind == "mark":
            line.put(place, self._plain(_MARKS.get(step.event.event, "●")))
        right = self._width - place - 2
        words = self._label(step, max(right, place - 2) if step.lane else right)
        # The last lane may stand so close to the edge that only its left side has room.
        start = place + 2 if columns(words) <= right else place - 1 - columns(words)
        line.put(max(start, 0), words)

    def _label(self, step: Step, room: int) -> str:
        """Return the words for a step, cut so that the number of bytes stays."""
        language = self._options.language
        words = self._plain(label(step, self._found, language))
        if not weight(step, language):
            return cut(words, room, self._more)
        count = say("in_brackets", language, words=weight(step, language))
        if columns(words + count) > room:
            short = say("bytes_short", language, n=f"{step.bytes:,}")
            count = say("in_brackets", language, words=short)
        if columns(words + count) <= room:
            return words + count
        quote = '"' if words.endswith('"') else ""
        return cut(words, room - columns(count + quote), self._more) + quote + count


class _Line:
    """One line of cells, a column each; what is put later covers what was there."""

    def __init__(self, width: int) -> None:
        self._cells = [" "] * width

    def put(self, place: int, words: str) -> None:
        for char in words:
            taken = columns(char)
            if not taken and place:
                self._cells[place - 1] += char
            elif taken and place + taken <= len(self._cells):
                self._cells[place] = char
                if taken > 1:
                    self._cells[place + 1] = ""
            place += taken

    def text(self) -> str:
        return "".join(self._cells).rstrip()
