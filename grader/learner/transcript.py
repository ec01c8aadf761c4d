"""What went over the wire and when: the script of a check is its transcript."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

from grader.learner.plain import Numbered
from grader.model import Event

PREVIEW_BYTES = 64
_MOST_EVENTS = 400
_MOST_LOST = 3  # of a character's four bytes


def preview_of(head: bytes, size: int) -> str:
    """Return the `preview` of ``size`` bytes of which ``head`` are the first ones."""
    return preview(head if size <= PREVIEW_BYTES else head[:PREVIEW_BYTES].ljust(PREVIEW_BYTES + 1))


def preview(data: bytes, limit: int = PREVIEW_BYTES, quote: str = '"') -> str:
    """Return the beginning of ``data`` for a reader, to stand between two of ``quote``.

    What is text in UTF-8 is shown as text, also where a character is cut at either end; what is
    not is shown as ASCII, every other byte as ``\\xNN``.
    """
    cut = data[:limit].replace(b"\\", rb"\\").replace(quote.encode(), b"\\" + quote.encode())
    end = _end_of_text(cut)
    if end is None:
        text = cut.decode("ascii", "backslashreplace")
    else:
        # A character that is cut in the data is shown in bytes; one that we cut is left out.
        text = cut[: end if len(data) > limit else None].decode("utf-8", "backslashreplace")
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return shown + "…" if len(data) > limit else shown


def _end_of_text(data: bytes) -> int | None:
    """Return where the last whole character ends; None where ``data`` is no text in UTF-8.

    The first character may have lost its beginning, the last one its end.
    """
    begin = 0
    while begin < min(_MOST_LOST, len(data)) and data[begin] & 0xC0 == 0x80:
        begin += 1
    for end in range(len(data), max(begin, len(data) - _MOST_LOST) - 1, -1):
        with contextlib.suppress(UnicodeDecodeError):
            data[begin:end].decode()
            return end
    return None


@dataclass
class _Line:
    """An event as it is noted: what a reader sees of its bytes is made when somebody asks."""

    t: float
    who: str
    event: str
    size: int
    note: str
    head: bytes = b""

    def event_of(self) -> Event:
        shown = self.note or preview_of(self.head, self.size)
        return Event(self.t, self.who, self.event, self.size, shown)


class Transcript:
    """The events of one check, in order; ``t`` counts from the check's beginning."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self._events: list[_Line] = []
        self.moved = 0

    def add(
        self,
        who: str,
        event: str,
        data: bytes | Numbered = b"",
        note: str = "",
        at: float | None = None,
        apart: bool = False,
    ) -> None:
        """Note one event; ``data`` is what was sent or received, ``at`` (monotonic) when it was.

        A datagram is noted ``apart``: it is never a piece of what went before it.
        """
        self.moved += len(data)
        if at is not None:
            self._put(_Line(max(at - self.began, 0.0), who, event, len(data), note))
            return
        last = self._events[-1] if self._events else None
        now = time.monotonic() - self.began
        if (
            last is not None
            and not apart
            and event in ("send", "receive")
            and (last.who, last.event) == (who, event)
            and last.size > PREVIEW_BYTES
        ):
            # Pieces of one long stream are one line: what matters is how much has moved.
            last.size += len(data)
            return
        head = b"" if note else bytes(data[: PREVIEW_BYTES + 1])
        self._events.append(_Line(now, who, event, len(data), note, head))
        if len(self._events) > _MOST_EVENTS:
            del self._events[_MOST_EVENTS // 2 : _MOST_EVENTS // 2 + 40]

    def forget(self) -> None:
        """Begin anew: what has been noted is no part of what is to be told."""
        self._events.clear()

    def _put(self, event: _Line) -> None:
        """Put an event that is told of later where it belongs; never before its own side's last."""
        place = len(self._events)
        while place:
            last = self._events[place - 1]
            if last.t <= event.t or last.who == event.who:
                break
            place -= 1
        before = self._events[place - 1].t if place else 0.0
        event.t = max(event.t, before)
        self._events.insert(place, event)

    def events(self) -> tuple[Event, ...]:
        """Return the events so far; a very long middle is left out."""
        return tuple(line.event_of() for line in self._events)
