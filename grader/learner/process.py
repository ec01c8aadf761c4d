"""The judge's handle on one learner process: load it, call it, read what it answers."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from grader.learner import plain
from grader.model import Location
from grader.sandbox.base import DUMP_SIGNAL, Child

_FRAME = re.compile(r'^ {2}File "(?P<path>[^"\n]+)", line (?P<line>\d+) in (?P<function>\S+)', re.M)
_DUMP_PATIENCE = 0.3


@dataclass
class Raised:
    """An exception that crossed the pipe: names and text, never an object."""

    type: str
    bases: list[str]
    text: str
    frames: list[tuple[int, str]]
    errno: str = ""

    def is_a(self, name: str) -> bool:
        """Say whether the exception is an instance of ``name`` ("builtins.TimeoutError")."""
        return name in self.bases


@dataclass
class Call:
    """One call of a learner's function, from ``started`` to ``ended`` (time.monotonic()).

    ``began`` is when the function itself was entered, as its process says: arguments of many
    MiB take time on their way.  What a call took at least counts from ``started``, what it
    took at most from ``began``.  ``ended`` is when the judge saw the end; it had not come yet at
    ``ended_after``, when the judge had last looked.
    """

    target: str
    started: float = 0.0
    began: float = 0.0
    ended: float = 0.0
    ended_after: float = 0.0
    state: str = "running"
    value: object = None
    raised: Raised | None = None
    items: list[object] = field(default_factory=list)
    item_times: list[float] = field(default_factory=list)
    sockets: list[dict[str, object]] = field(default_factory=list)

    @property
    def finished(self) -> bool:
        """Whether the call has returned, raised, or can't go on."""
        return self.state != "running"


class LearnerProcess:
    """One process that runs the submission, for one check.

    Never blocks: ``feed`` is called when ``control`` is readable, and turns what came into
    the state of ``call``.  ``state`` is fresh, loaded, broken (the submission cannot be
    loaded) or gone.
    """

    def __init__(self, child: Child, path_suffix: str) -> None:
        self.child = child
        self.control = child.control
        self.control.setblocking(False)
        self.born = time.monotonic()
        self.quiet_at = self.born
        self.state = "fresh"
        self.problems: list[dict[str, object]] = []
        self.load_error: Raised | None = None
        self.call: Call | None = None
        self.released: list[str] | None = None
        self.end = ""
        self._path_suffix = path_suffix
        self._incoming = bytearray()

    def order(self, **order: object) -> None:
        """Send one order; a learner process that has gone is noticed when it is read."""
        self.control.setblocking(True)
        try:
            self.control.sendall(plain.encode(order))
        except OSError:
            self._gone()
        finally:
            if self.state != "gone":
                self.control.setblocking(False)

    def load(self, functions: dict[str, int], send_cap: bool = False) -> None:
        """Have the submission loaded; its functions are to take so many arguments."""
        self.order(op="load", functions=functions, send_cap=send_cap)

    def start_call(
        self,
        target: str,
        args: Sequence[Sequence[object]],
        mode: str = "plain",
        attributes: Sequence[str] = (),
        take: int | None = None,
        keep: str = "",
    ) -> Call:
        """Have a function called; the returned Call changes as answers come."""
        now = time.monotonic()
        self.call = Call(target, started=now, began=now)
        self.order(
            op="call",
            target=target,
            args=[list(arg) for arg in args],
            mode=mode,
            attributes=list(attributes),
            take=take,
            keep=keep,
        )
        return self.call

    def release(self) -> None:
        """Have the process drop what the last call returned or raised, and collect garbage."""
        self.released = None
        self.order(op="release")

    def feed(self) -> bool:
        """Read what has come on the control pipe; True if anything did."""
        looked = time.monotonic()
        try:
            while True:
                piece = self.control.recv(1 << 20)
                if not piece:
                    self._gone()
                    return True
                self._incoming += piece
                if len(piece) < 1 << 20:
                    break
        except BlockingIOError:
            pass
        except OSError:
            self._gone()
            return True
        any_event = self._parse()
        if not any_event:
            self.quiet_at = looked
        return any_event

    def _parse(self) -> bool:
        any_event = False
        while len(self._incoming) >= 4 and self.state != "gone":
            try:
                size = plain.frame_size(bytes(self._incoming[:4]))
                if len(self._incoming) < 4 + size:
                    break
                event = plain.decode(bytes(self._incoming[4 : 4 + size]))
                if not isinstance(event, dict):
                    raise plain.PlainError("an event is a dict")
                del self._incoming[: 4 + size]
                self._take(event)
            except (plain.PlainError, TypeError, ValueError, KeyError, IndexError):
                # Only the learner's own code can have written this: its process is no use now.
                self.child.kill()
                self._gone("garbled")
            any_event = True
        return any_event

    def _take(self, event: dict[object, object]) -> None:
        kind = event.get("event")
        if kind == "loaded":
            self.state = "loaded"
            problems = event.get("problems")
            if isinstance(problems, list):
                self.problems = [p for p in problems if isinstance(p, dict) and p.get("problem")]
        elif kind == "load_failed":
            self.state = "broken"
            self.load_error = _raised(event)
        elif kind == "released":
            warned = event.get("warnings")
            self.released = [str(w) for w in warned] if isinstance(warned, list) else []
        elif self.call is not None and not self.call.finished:
            self._take_answer(self.call, str(kind), event)

    def _take_answer(self, call: Call, kind: str, event: dict[object, object]) -> None:
        if kind == "calling":
            at, now = event.get("at"), time.monotonic()
            call.began = min(now, max(call.started, at)) if isinstance(at, float) else now
            return
        if kind == "item":
            call.items.append(event.get("value"))
            call.item_times.append(time.monotonic())
            return
        call.ended = time.monotonic()
        call.ended_after = max(call.began, min(self.quiet_at, call.ended))
        sockets = event.get("sockets")
        call.sockets = (
            [s for s in sockets if isinstance(s, dict)] if isinstance(sockets, list) else []
        )
        if kind == "returned":
            call.value = event.get("value")
        if kind in ("raised", "unreadable", "cannot_call"):
            call.raised = _raised(event)
        call.state = kind

    def _gone(self, how: str = "") -> None:
        if self.state == "gone":
            return
        self.state = "gone"
        self.end = how or self._end_status()
        if self.call is not None and not self.call.finished:
            self.call.state = "gone"
            self.call.ended = self.call.ended_after = time.monotonic()

    def _end_status(self) -> str:
        if self.child.status < 0:
            return ""
        import select

        ready, _, _ = select.select([self.child.status], [], [], 1.0)
        return self.child.end_status() if ready else ""

    def where(self, pids: Sequence[int]) -> Location | None:
        """Ask each process for its Python stacks (faulthandler) and return the learner's line."""
        if self.child.dump < 0 or not DUMP_SIGNAL:
            return None
        for pid in pids:
            if not _handles(pid, DUMP_SIGNAL):
                continue
            os.ftruncate(self.child.dump, 0)
            os.lseek(self.child.dump, 0, os.SEEK_SET)
            with contextlib.suppress(OSError):
                os.kill(pid, DUMP_SIGNAL)
            found = self._parse_dump(self._await_dump())
            if found is not None:
                return found
        return None

    def _await_dump(self) -> str:
        """Wait until a dump is complete: its last line is followed by no more."""
        import select

        until = time.monotonic() + _DUMP_PATIENCE
        size, same = 0, 0
        while time.monotonic() < until and same < 3:
            select.select([], [], [], 0.003)
            now = os.fstat(self.child.dump).st_size
            same = same + 1 if now == size and now else 0
            size = now
        return os.pread(self.child.dump, 1 << 16, 0).decode("utf-8", "replace")

    def _parse_dump(self, dump: str) -> Location | None:
        best: Location | None = None
        for block in dump.split("\n\n"):
            for match in _FRAME.finditer(block):
                if match["path"].endswith(self._path_suffix):
                    place = Location(line=int(match["line"]), function=match["function"])
                    if best is None or block.startswith("Current"):
                        best = place
                    break
        return best

    def close(self) -> None:
        """End the process and everything it started."""
        self.child.close()


def _handles(pid: int, number: int) -> bool:
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("SigCgt:"):
                    return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    except OSError:
        pass
    return False


def _raised(event: dict[object, object]) -> Raised:
    bases = event.get("bases")
    frames = event.get("frames")
    places: list[tuple[int, str]] = []
    if isinstance(frames, list):
        for frame in frames[:20]:
            if isinstance(frame, list) and len(frame) == 2 and isinstance(frame[0], int):
                places.append((frame[0], str(frame[1])[:100]))
    return Raised(
        str(event.get("type", ""))[:100],
        [str(base)[:200] for base in bases[:50]] if isinstance(bases, list) else [],
        str(event.get("text", ""))[:2000],
        places,
        str(event.get("errno", ""))[:20],
    )


def signal_name(end: str) -> str:
    """Return "SIGKILL" for "signal 9", and "" for anything that is no signal."""
    word, _, number = end.partition(" ")
    if word != "signal" or not number.isdigit():
        return ""
    try:
        return signal.Signals(int(number)).name
    except ValueError:
        return f"signal {number}"
