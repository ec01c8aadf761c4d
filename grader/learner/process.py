"""The judge's handle on one learner process: load it, call it, read what it answers."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from grader.learner import plain, watch
from grader.model import Location
from grader.sandbox.base import DUMP_BYTES, DUMP_SIGNAL, Child

# The learner's process may write what it likes into the dump: all of it is bounded.
_FRAME = re.compile(
    r'^ {2}File "(?P<path>[^"\n]{1,4096})", line (?P<line>[0-9]{1,7}) in (?P<function>\S{1,100})',
    re.M,
)
_END = re.compile(r"(exit|signal) [0-9]{1,3}$")
_DUMP_PATIENCE = 2.0
_LOOKS, _LOOKS_AT_SILENCE = 3, 40
# For all processes of a check together: it may have started hundreds that run in circles.
_DUMPS_PATIENCE, _MOST_DUMPS = 3.0, 8
_PIECE = 1 << 20
_ORDER_BOUND = 30.0
# How long an order may be on its way to the function: so much, and so many bytes in a second.
_ON_ITS_WAY = 1.0
_DECODED_PER_S = 8 << 20
# What the answers to one call may come to, in bytes; each costs so much more, however short.
_MOST_ANSWERS = plain.MAX_FRAME + (64 << 20)
_ANSWER_COST = 500
_MOST_LINES = 10_000_000
_MOST_LISTED = 100
_ENDS = frozenset({"returned", "raised", "unreadable", "cannot_call", "too_much"})
_PROBLEMS = frozenset({"missing", "not_callable", "is_async", "not_async", "parameters"})


@dataclass
class Raised:
    """An exception that crossed the pipe: names and text, never an object.

    ``source`` is the learner's line that it came from, as far as it is known.
    """

    type: str
    bases: list[str]
    text: str
    frames: list[tuple[int, str]]
    errno: str = ""
    source: str = ""

    def is_a(self, name: str) -> bool:
        """Say whether the exception is an instance of ``name`` ("builtins.TimeoutError")."""
        return name in self.bases


@dataclass
class Call:
    """One call of a learner's function, from ``started`` to ``ended`` (time.monotonic()).

    ``began`` is when the function itself was entered, as its process says: arguments of many
    MiB take time on their way.  ``ended`` is when the judge saw the end; it had not come yet at
    ``ended_after``, when the judge had last looked.  ``ended_at`` is when the function was left,
    as its process says, but between these two.
    """

    target: str
    started: float = 0.0
    began: float = 0.0
    ended: float = 0.0
    ended_after: float = 0.0
    ended_at: float = 0.0
    state: str = "running"
    entered: bool = False
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

    def __init__(self, child: Child, path_suffix: str, lines: Sequence[str] = ()) -> None:
        self.child = child
        self._lines = lines
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
        self._spent = 0
        self._arrives_by = 0.0
        self._handed = 0
        self._args: Sequence[Sequence[object]] = ()
        self._sockets_before: set[str] = set()

    def order(self, **order: object) -> None:
        """Send one order; a learner process that has gone is noticed when it is read."""
        # The runner reads an order before anything of the learner's runs; a process that has
        # stopped itself, or its runner, would otherwise be waited for without end.
        self.control.settimeout(_ORDER_BOUND)
        self._spent = 0
        parts = plain.pieces(order)
        size = sum(map(len, parts))
        try:
            for part in parts:
                self.control.sendall(part)
        except TimeoutError:
            self.child.kill()
            self._gone("deaf")
        except OSError:
            self._gone()
        finally:
            if self.state != "gone":
                self.control.setblocking(False)
            self._arrives_by = time.monotonic() + _ON_ITS_WAY + size / _DECODED_PER_S

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
        # Of an iterator that is still in use nothing is said (see child.py).
        whole = mode != "iterate" or take is None
        self._handed = sum(arg[0] == "connected" for arg in args) if whole else 0
        self._sockets_before = self._open_sockets() if self._handed else set()
        self._args = args
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
            piece = self.control.recv(_PIECE)
        except BlockingIOError:
            self.quiet_at = looked
            return False
        except OSError:
            piece = b""
        if not piece:
            self._gone()
            return True
        self._incoming += piece
        any_event = self._parse()
        if not any_event or (self.call is not None and not self.call.finished):
            self.quiet_at = looked  # who says something else has not answered yet
        return any_event

    def _parse(self) -> bool:
        any_event = False
        while len(self._incoming) >= 4 and self.state != "gone":
            try:
                size = plain.frame_size(self._incoming[:4])
                if len(self._incoming) < 4 + size:
                    break
                self._spent += size + _ANSWER_COST
                if self._spent > _MOST_ANSWERS:
                    raise plain.PlainError("more answers than any call has")
                # Not copied: what a frame costs at the most is decode()'s law.
                with memoryview(self._incoming) as view:
                    event = plain.decode(view[4 : 4 + size])
                if not isinstance(event, dict):
                    raise plain.PlainError("an event is a dict")
                del self._incoming[: 4 + size]
                self._take(event)
            except plain.PlainError:
                # Only the learner's own code can have written this: its process is no use now.
                self._incoming = bytearray()
                self.child.kill()
                self._gone("garbled")
            any_event = True
        return any_event

    def _take(self, event: dict[object, object]) -> None:
        """Take one event; one that is not due has been forged, and counts for nothing."""
        kind = event.get("event")
        if kind == "loaded" and self.state == "fresh":
            self.state = "loaded"
            self.problems = _problems(event.get("problems"))
        elif kind == "load_failed" and self.state == "fresh":
            self.state = "broken"
            self.load_error = _raised(event, self._lines)
        elif kind == "released" and self.released is None:
            warned = _listed(event.get("warnings"))
            self.released = [_text(warning, 200) for warning in warned[:20]]
        elif self.call is not None and not self.call.finished:
            self._take_answer(self.call, kind, event)

    def _take_answer(self, call: Call, kind: object, event: dict[object, object]) -> None:
        now = time.monotonic()
        if kind == "calling":
            at = event.get("at")
            if not call.entered:
                at = max(call.started, at) if type(at) is float else now
                call.began = min(now, at, self._arrives_by)
            call.entered = True
        elif kind == "item":
            call.items.append(event.get("value"))
            call.item_times.append(now)
        elif isinstance(kind, str) and kind in _ENDS:
            call.ended = now
            call.ended_after = max(call.began, min(self.quiet_at, now))
            at = event.get("at")
            call.ended_at = min(max(at, call.ended_after), now) if type(at) is float else now
            call.sockets = self._confirmed(_sockets(event.get("sockets")))
            if kind == "returned":
                call.value = self._returned(event)
            elif kind != "too_much":
                call.raised = _raised(event, self._lines)
            call.state = kind

    def _returned(self, event: dict[object, object]) -> object:
        """Return what a call returned: an argument of many MiB is named, and does not cross."""
        given = event.get("given")
        if type(given) is int and 0 <= given < len(self._args):
            kind, *rest = self._args[given]
            if kind == "numbered":
                return plain.Numbered(*rest)  # type: ignore[arg-type]
        return event.get("value")

    def _confirmed(self, states: list[dict[str, object]]) -> list[dict[str, object]]:
        """Return what is said of handed sockets, as far as it can be so: one state for each.

        What is not said is taken for the worst, and no more of them are open than the kernel
        shows to have come since the call began.
        """
        if not self._handed:
            return states
        states = (states + [{"open": False, "timeout": None}] * self._handed)[: self._handed]
        if watch.supported and self.state != "gone":
            left = len(self._open_sockets() - self._sockets_before)
            if left < sum(state["open"] is True for state in states):
                return [{**state, "open": False} for state in states]
        return states

    def _open_sockets(self) -> set[str]:
        found = watch.descriptors(self.child.root, self.child.root_is_learner)
        return {kind for fds in found.values() for kind in fds.values() if kind[:6] == "socket"}

    def _gone(self, how: str = "") -> None:
        if self.state == "gone":
            return
        self.state = "gone"
        self.end = how or self._end_status()
        if self.call is not None and not self.call.finished:
            self.call.state = "gone"
            now = time.monotonic()
            self.call.ended = self.call.ended_after = self.call.ended_at = now

    def _end_status(self) -> str:
        if self.child.status < 0:
            return ""
        import select

        ready, _, _ = select.select([self.child.status], [], [], 1.0)
        end = _END.search(self.child.end_status() if ready else "")
        return end[0] if end else ""

    def where(self, threads: Sequence[watch.Thread]) -> Location | None:
        """Ask for the Python stacks (faulthandler) and return the learner's line.

        It is the line of the first of these threads, if that runs the learner's code; else one
        of its process's, or of the next process's.
        """
        if self.child.dump < 0 or not DUMP_SIGNAL:
            return None
        until = time.monotonic() + _DUMPS_PATIENCE
        asked = {thread.pid: thread.tid for thread in reversed(threads)}
        for pid in list(dict.fromkeys(thread.pid for thread in threads))[:_MOST_DUMPS]:
            if time.monotonic() > until or not _handles(pid, DUMP_SIGNAL):
                continue
            os.pwrite(self.child.dump, bytes(DUMP_BYTES), 0)
            os.lseek(self.child.dump, 0, os.SEEK_SET)
            with contextlib.suppress(OSError):
                watch.signal_thread(pid, asked[pid], DUMP_SIGNAL)
            found = self._await_dump()
            if found is not None:
                return found
        return None

    def _await_dump(self) -> Location | None:
        """Wait until a dump is complete (no line comes any more) and return the learner's line.

        On a busy machine the process has to wait for a processor first, and perhaps again
        between two lines.
        """
        import select

        until = time.monotonic() + _DUMP_PATIENCE
        size, same = 0, 0
        while time.monotonic() < until and same < _LOOKS_AT_SILENCE:
            select.select([], [], [], 0.003)
            dumped = self._dumped()
            same = same + 1 if dumped and len(dumped) == size else 0
            size = len(dumped)
            if same >= _LOOKS:
                found = self._parse_dump(dumped.decode("utf-8", "replace"))
                if found is not None:
                    return found
        return None

    def _dumped(self) -> bytes:
        return os.pread(self.child.dump, DUMP_BYTES, 0).partition(b"\0")[0]

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

    def close(self, *, gone: bool = False) -> None:
        """End the process and everything it started; ``gone`` as in `Child.close`."""
        self.child.close(gone=gone)


def _handles(pid: int, number: int) -> bool:
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("SigCgt:"):
                    return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    except OSError:
        pass
    return False


def _text(value: object, limit: int) -> str:
    """Return a text that crossed, cut; "" for what is none (str() of a frame is no small thing)."""
    return value[:limit] if isinstance(value, str) else ""


def _listed(value: object) -> list[object]:
    return value[:_MOST_LISTED] if isinstance(value, list) else []


def _line(value: object) -> int:
    """Return a line number, 0 for what can't be one (True, thousands of digits)."""
    return value if type(value) is int and 0 < value < _MOST_LINES else 0


def _raised(event: dict[object, object], lines: Sequence[str]) -> Raised:
    places = [
        (_line(frame[0]), _text(frame[1], 100))
        for frame in _listed(event.get("frames"))[:20]
        if isinstance(frame, list) and len(frame) == 2
    ]
    return Raised(
        _text(event.get("type"), 100),
        [_text(base, 200) for base in _listed(event.get("bases"))[:50]],
        _text(event.get("text"), 2000),
        places,
        _text(event.get("errno"), 20),
        lines[places[-1][0] - 1] if places and 0 < places[-1][0] <= len(lines) else "",
    )


def _problems(found: object) -> list[dict[str, object]]:
    """Return what keeps functions from being called, as far as it is the runner's to say."""
    problems: list[dict[str, object]] = []
    for problem in _listed(found):
        what = problem.get("problem") if isinstance(problem, dict) else None
        if isinstance(problem, dict) and isinstance(what, str) and what in _PROBLEMS:
            name = _text(problem.get("function"), 100)
            line = _line(problem.get("line"))
            found_one: dict[str, object] = {"function": name, "problem": what, "line": line}
            if "names" in problem:
                found_one["names"] = [_text(name, 100) for name in _listed(problem["names"])]
            problems.append(found_one)
    return problems


def _sockets(found: object) -> list[dict[str, object]]:
    """Return what the runner says of the sockets that were handed over, in exactly its form."""
    states: list[dict[str, object]] = []
    for state in _listed(found):
        state = state if isinstance(state, dict) else {}
        timeout = state.get("timeout")
        timeout = timeout if type(timeout) in (int, float) else None
        states.append({"open": state.get("open") is True, "timeout": timeout})
    return states


def signal_name(end: str) -> str:
    """Return "SIGKILL" for "signal 9", and "" for anything that is no signal."""
    word, _, number = end.partition(" ")
    if word != "signal" or not number.isdigit():
        return ""
    try:
        return signal.Signals(int(number)).name
    except ValueError:
        return f"signal {number}"
