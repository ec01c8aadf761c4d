"""What went over the wire and when: the script of a check is its transcript."""

from __future__ import annotations

import time

from grader.model import Event

PREVIEW_BYTES = 64
_MOST_EVENTS = 400


def preview(data: bytes, limit: int = PREVIEW_BYTES) -> str:
    """Return the beginning of ``data`` for a reader: UTF-8, everything else escaped."""
    cut = data[:limit]
    text = cut.decode("utf-8", "backslashreplace")
    if len(data) > limit:
        whole = data[: limit + 3].decode("utf-8", "ignore")
        if whole and not any(ord(c) == 0xFFFD for c in whole):
            text = data[:limit].decode("utf-8", "ignore") or text
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return shown + "…" if len(data) > limit else shown


class Transcript:
    """The events of one check, in order; ``t`` counts from the check's beginning."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self._events: list[Event] = []
        self.moved = 0

    def add(self, who: str, event: str, data: bytes = b"", note: str = "") -> None:
        """Note one event; ``data`` is what was sent or received."""
        self.moved += len(data)
        last = self._events[-1] if self._events else None
        now = time.monotonic() - self.began
        if (
            last is not None
            and event in ("send", "receive")
            and (last.who, last.event) == (who, event)
            and last.bytes > PREVIEW_BYTES
        ):
            # Pieces of one long stream are one line: what matters is how much has moved.
            self._events[-1] = Event(last.t, who, event, last.bytes + len(data), last.preview)
            return
        self._events.append(Event(now, who, event, len(data), note or preview(data)))
        if len(self._events) > _MOST_EVENTS:
            del self._events[_MOST_EVENTS // 2 : _MOST_EVENTS // 2 + 40]

    def events(self) -> tuple[Event, ...]:
        """Return the events so far; a very long middle is left out."""
        return tuple(self._events)
