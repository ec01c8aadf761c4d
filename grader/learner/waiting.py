"""Waiting for a learner's code: for events, with a deadline, and never for nothing.

Everything that a peer waits for goes through ``Waiter.until``.  It returns when one of the
sockets is ready, and raises CheckFailed when that can no longer happen: the call is over,
the process has gone, every thread is blocked for good (``stuck``), one runs and runs
(``spinning``), or the time is up (``silent``).
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from grader.learner import network, tracing, watch
from grader.learner.delay import DelayMeter
from grader.learner.ends import death_of, raised_failure
from grader.learner.failure import CheckFailed
from grader.learner.process import LearnerProcess
from grader.learner.transcript import Transcript
from grader.model import Location

DEFAULT_BOUND = 5.0
WHOLE_BOUND = 120.0
_FIRST_LOOK = 0.03
_SLICE, _LATER_SLICE, _AT_FIRST = 0.025, 0.05, 0.25
_STABLE = 0.08
_STABLE_UNDER_WAY = 1.0
SPIN_CPU = 0.25
_LONG_ENOUGH, _ALL_THE_TIME = 1.0, 0.8
_SPIN_PER_BYTE = 1.0 / (8 << 20)
_SIOCOUTQ = 0x5411
_PROGRESS_CAP = 60.0
_MOST_PATIENCE = 2.0
_EXPLANATION = 0.1
_INNER_CALLS = ("futex", "restart")  # the interpreter's own, no word of a learner's
# A SYN that met a full backlog comes again after 1 s and after 3 s (RFC 6298): something can
# still happen, whatever the learner's threads are blocked in.
_SYN_PATIENCE = 3.5


@dataclass
class _Seen:
    """What the last look at a process showed, and since when it has not changed."""

    signature: tuple[object, ...] = ()
    since: float = 0.0
    lost: float = 0.0
    known_after: float = 0.0
    cpu_base: dict[int, int] = field(default_factory=dict)
    runnable_base: dict[int, tuple[int, float]] = field(default_factory=dict)
    queued: int = -1


class Waiter:
    """The clock, the watch and the deadline of one check."""

    def __init__(
        self, meter: DelayMeter, transcript: Transcript, network_pid: int, queues: network.Queues
    ) -> None:
        self.meter = meter
        self.transcript = transcript
        self.network_pid = network_pid
        self.queues = queues
        self.learners: list[LearnerProcess] = []
        self.peers: list[socket.socket] = []
        self.bound = DEFAULT_BOUND
        self.spin_cpu = SPIN_CPU
        self.whole_bound = WHOLE_BOUND
        self._born, self._lost_before = time.monotonic(), meter.total()
        self._locate = True

    def until(
        self,
        read: Iterable[socket.socket] = (),
        write: Iterable[socket.socket] = (),
        *,
        done: Callable[[], bool] | None = None,
        bound: float | None = None,
        watch_learner: bool = True,
        connecting: bool = False,
        locate: bool = True,
    ) -> tuple[list[socket.socket], list[socket.socket]]:
        """Wait until a socket is ready or ``done()`` is true; return the ready ones.

        ``bound`` is in seconds of a machine that is not late.  ``done`` is asked again
        after each event of a learner process.  ``locate`` must be false where the check goes
        on after a failure: finding the learner's line interrupts its system calls.  Raises
        CheckFailed (see the module).
        """
        self._locate = locate
        reading, writing = list(read), list(write)
        bound = self.bound if bound is None else bound
        first = began = time.monotonic()
        lost = self.meter.total()
        queued: int | None = None
        seen: dict[int, _Seen] = {}
        over_since: float | None = None
        while True:
            if done is not None and done():
                return [], []
            spent = time.monotonic() - began - (self.meter.total() - lost)
            left = min(bound - spent, self._left_of_all())
            pause = _SLICE if time.monotonic() - first < _AT_FIRST else _LATER_SLICE
            ready = self._poll(reading, writing, 0.0 if left <= 0 else min(pause, left))
            if ready[0] or ready[1]:
                return ready[0], ready[1]
            if ready[2] and left > 0:
                continue
            if left <= 0:
                if done is not None and done():
                    return [], []
                if not watch_learner:
                    raise CheckFailed("silent", stuck=True)
                raise self._late(seen, connecting)
            if not watch_learner or not self.learners:
                continue
            if all(_is_over(learner) for learner in self.learners):
                # What was sent before the end is here by now, or will never be.
                now = time.monotonic()
                over_since = over_since or now
                if self._alone() or now - over_since > _STABLE:
                    raise self._over()
            if spent >= _FIRST_LOOK and watch.supported:
                before, queued = queued, self._queued()
                if before not in (None, queued) and time.monotonic() - first < _PROGRESS_CAP:
                    # A learner that reads is at work, however slowly: the time begins anew.
                    began, lost = time.monotonic(), self.meter.total()
                if not connecting or spent > _SYN_PATIENCE:
                    self._look(seen, left, connecting)

    def overdue(self) -> bool:
        """Say whether the time of the whole check is up; for loops that find work without end."""
        return self._left_of_all() <= 0

    def _left_of_all(self) -> float:
        """Return what is left of the time that the whole check may take, the machine's aside."""
        lost = self.meter.total() - self._lost_before
        left = self.whole_bound - (time.monotonic() - self._born - lost)
        if left <= 0 and watch.supported:
            # Who was kept from a processor for so long was not slow.
            left += min(self._kept_waiting(), _MOST_PATIENCE * self.whole_bound)
        return left

    def _kept_waiting(self) -> float:
        """Return how many seconds the busiest thread of each learner process had to queue."""
        waited = 0.0
        for process in self.learners:
            if process.state != "gone":
                waited += max((t.queue_ns for t in _threads_of(process)), default=0) / 1e9
        return waited

    def explained(self, failure: CheckFailed) -> CheckFailed:
        """Return what is behind a connection that broke: an exception of the learner's, often."""
        with contextlib.suppress(CheckFailed):
            self.until(done=self.over, bound=_EXPLANATION, watch_learner=False)
        if not self.learners or not self.over():
            return failure
        found = self._over()
        if found.kind == "ended":
            return failure
        found.expected = found.expected or failure.expected
        return found

    def over(self) -> bool:
        """Say whether every learner process has ended its call."""
        return bool(self.learners) and all(_is_over(process) for process in self.learners)

    def _poll(
        self, reading: list[socket.socket], writing: list[socket.socket], timeout: float
    ) -> tuple[list[socket.socket], list[socket.socket], bool]:
        controls = {p.control: p for p in self.learners if p.state != "gone"}
        looked = time.monotonic()
        readable, writable = _ready([*reading, *controls], writing, timeout)
        any_event = False
        for control, process in controls.items():
            if control not in readable:
                process.quiet_at = looked
            elif control not in reading:
                any_event |= process.feed()
        # What the peers see counts first, also where the learner's process ended after it.
        return [s for s in readable if s in reading], writable, any_event

    def _alone(self) -> bool:
        """Say whether nothing but the runner is left of every learner process."""
        if not watch.supported:
            return True
        for process in self.learners:
            if process.state == "gone":
                continue
            if len(watch.threads(process.child.root, process.child.root_is_learner)) > 1:
                return False
        return True

    def _look(self, seen: dict[int, _Seen], left: float, connecting: bool) -> None:
        """Look at what every thread does; raise CheckFailed where nothing can happen any more."""
        now = time.monotonic()
        quiet = []
        for number, process in enumerate(self.learners):
            if process.state == "gone":
                continue
            last = seen.setdefault(number, _Seen(known_after=process.born))
            threads = _threads_of(process)
            self._check_spinning(process, threads, last)
            signature = _signature(threads)
            if signature != last.signature:
                if last.since:
                    last.known_after = last.since
                last.signature, last.since, last.lost = signature, now, self.meter.total()
                return
            stable = now - last.since - (self.meter.total() - last.lost)
            if not threads or not self._quiet(threads, last, left, now, connecting):
                return
            quiet.append((process, threads, stable))
        if not quiet:
            return
        needed = _STABLE_UNDER_WAY if self.under_way() else _STABLE
        if min(stable for _, _, stable in quiet) < needed:
            return
        if any(watch.has_hidden_limit(t) for _, threads, _ in quiet for t in threads):
            return
        if any(_signature(_threads_of(process)) != _signature(seen) for process, seen, _ in quiet):
            return  # it has woken while it was looked at, and its socket may be another's by now
        # A call that is over waits for its next order; one that is not is what hangs.
        running = [seen for seen in quiet if not _is_over(seen[0])]
        process, threads, _ = (running or quiet)[-1]
        raise self._stuck(process, threads)

    def _quiet(
        self,
        threads: list[watch.Thread],
        last: _Seen,
        left: float,
        now: float,
        connecting: bool,
    ) -> bool:
        for thread in threads:
            if thread.mode == "timed":
                rest = thread.wakes_in - (0.0 if thread.absolute else now - last.known_after)
                if rest <= left + 0.5:
                    return False
            elif thread.mode != "blocked":
                return False
            if connecting and thread.call in ("accept", "poll", "select", "epoll_wait"):
                return False
        return True

    def _check_spinning(
        self, process: LearnerProcess, threads: list[watch.Thread], last: _Seen
    ) -> None:
        allowance = self.spin_cpu + self.transcript.moved * _SPIN_PER_BYTE
        for thread in threads:
            runnable = thread.run_ns + thread.queue_ns
            last.runnable_base.setdefault(thread.tid, (runnable, time.monotonic()))
            base = last.cpu_base.setdefault(thread.tid, thread.run_ns)
            if (thread.run_ns - base) / 1e9 < allowance:
                continue
            queued = self._queued()
            if queued != last.queued:
                last.queued = queued
                last.cpu_base = {t.tid: t.run_ns for t in threads}
                return
            raise CheckFailed("spinning", stuck=True, location=self._spinning_at(process, thread))

    def _queued(self) -> int:
        """Return how many bytes wait for the learner in the receive queues of its sockets."""
        return sum((self._waiting_at(sock) or 0) + _unacknowledged(sock) for sock in self.peers)

    def _waiting_at(self, peer: socket.socket) -> int | None:
        """Return how many bytes wait at the learner's end of a peer's connection."""
        try:
            if peer.family == socket.AF_INET and peer.type == socket.SOCK_STREAM:
                return self.queues.waiting(peer.getpeername(), peer.getsockname())
        except OSError:
            pass
        return None

    def under_way(self) -> bool:
        """Say whether bytes of a peer are neither with the learner nor waiting for it."""
        return any(_unacknowledged(sock) and not self._waiting_at(sock) for sock in self.peers)

    def _stuck(self, process: LearnerProcess, threads: list[watch.Thread]) -> CheckFailed:
        if _is_over(process):
            return self._over()
        sleeping = all(thread.mode == "timed" for thread in threads)
        place = self._place(process, threads, "sleeping" if sleeping else "blocked")
        return CheckFailed("sleeping" if sleeping else "stuck", stuck=True, location=place)

    def _late(self, seen: dict[int, _Seen], connecting: bool) -> CheckFailed:
        if self.learners and all(_is_over(process) for process in self.learners):
            return self._over()
        place, for_good = None, bool(self.learners) and watch.supported and not connecting
        for number, process in enumerate(self.learners):
            if process.state != "gone" and watch.supported:
                threads = _threads_of(process)
                if number in seen and (busy := _never_slept(threads, seen[number])):
                    # On a busy machine who runs in circles gets little of a processor.
                    place = self._spinning_at(process, busy)
                    return CheckFailed("spinning", stuck=True, location=place)
                limited = any(thread.mode != "blocked" for thread in threads)
                still = number in seen and seen[number].signature == _signature(threads)
                for_good &= still and not limited and not any(map(watch.has_hidden_limit, threads))
                place = self._place(process, threads, "sleeping" if limited else "blocked") or place
        if self._left_of_all() <= 0:
            return CheckFailed("check_too_long", stuck=True, location=place)
        # Without a limit and where it was at the last look: on a calm machine it had been seen for
        # long enough by now to be called stuck.
        return CheckFailed("stuck" if for_good else "silent", stuck=True, location=place)

    def _over(self) -> CheckFailed:
        """Say how a call or process ended while something else was awaited of it."""
        process = self.learners[-1]
        call = process.call
        if process.state == "gone":
            return death_of(process)
        if process.state == "broken" or (call is not None and call.raised is not None):
            raised = process.load_error if call is None else call.raised
            return raised_failure(raised)
        return CheckFailed("ended")

    def _place(
        self, process: LearnerProcess, threads: list[watch.Thread], state: str
    ) -> Location | None:
        if not self._locate:
            return None
        meant = threads[:1]
        for thread in threads:
            if thread.call in watch.SOCKET_CALLS:
                meant = [thread]
        location = process.where([*meant, *threads])
        if location is None:
            return None
        call = meant[0].call
        if state == "spinning" and call not in watch.SOCKET_CALLS:
            call = ""
        doing = f"{call}()" if call and not call.isdigit() else ""
        return Location(line=location.line, function=location.function, state=state, doing=doing)

    def _spinning_at(self, process: LearnerProcess, thread: watch.Thread) -> Location | None:
        place = self._place(process, [thread], "spinning")
        return None if place is None else with_calls(place, process, thread.tid)


def with_calls(place: Location, process: LearnerProcess, tid: int) -> Location:
    """Add to the place of a thread that spins which call it makes, and how often."""
    if process.child.root_is_learner:
        return place  # the judge's own child: whoever waits for it would meet the tracer's stops
    made = tracing.commonest_call(tid)
    if made is None or made.name in _INNER_CALLS:
        return place
    return Location(
        line=place.line,
        function=place.function,
        state=place.state,
        doing=f"{made.name}()",
        calls=made.count,
        empty=made.empty,
        seconds=round(made.seconds, 3),
    )


def _unacknowledged(peer: socket.socket) -> int:
    """Return how many bytes a peer has sent that the learner's side has not taken (tcp(7))."""
    if sys.platform != "linux" or peer.type != socket.SOCK_STREAM:
        return 0
    import fcntl

    try:
        return int(struct.unpack("i", fcntl.ioctl(peer.fileno(), _SIOCOUTQ, bytes(4)))[0])
    except (OSError, ValueError):
        return 0


def _ready(
    reading: list[socket.socket], writing: list[socket.socket], timeout: float
) -> tuple[list[socket.socket], list[socket.socket]]:
    if not hasattr(select, "poll"):
        readable, writable, failed = select.select(reading, writing, writing, timeout)
        return readable, list({*writable, *failed})
    poll = select.poll()
    masks: dict[int, int] = {}
    by_fd: dict[int, socket.socket] = {}
    for sock, mask in [(s, select.POLLIN) for s in reading] + [
        (s, select.POLLOUT) for s in writing
    ]:
        by_fd[sock.fileno()] = sock
        masks[sock.fileno()] = masks.get(sock.fileno(), 0) | mask
    for fd, mask in masks.items():
        poll.register(fd, mask)
    readable, writable = [], []
    bad = select.POLLERR | select.POLLHUP | select.POLLNVAL
    for fd, event in poll.poll(timeout * 1000):
        if masks[fd] & select.POLLIN and event & (select.POLLIN | bad):
            readable.append(by_fd[fd])
        if masks[fd] & select.POLLOUT and event & (select.POLLOUT | bad):
            writable.append(by_fd[fd])
    return readable, writable


def _never_slept(threads: list[watch.Thread], seen: _Seen) -> watch.Thread | None:
    """Return a thread that ran or wanted to run all the time, for a second at the least."""
    now = time.monotonic()
    for thread in threads:
        runnable, since = seen.runnable_base.get(thread.tid, (0, now))
        spent = (thread.run_ns + thread.queue_ns - runnable) / 1e9
        if now - since >= _LONG_ENOUGH and spent >= _ALL_THE_TIME * (now - since):
            return thread
    return None


def _threads_of(process: LearnerProcess) -> list[watch.Thread]:
    return watch.threads(process.child.root, process.child.root_is_learner)


def _signature(threads: Iterable[watch.Thread]) -> tuple[object, ...]:
    """Return what stays the same as long as no thread runs."""
    return tuple((thread.tid, thread.raw, thread.run_ns) for thread in threads)


def _is_over(process: LearnerProcess) -> bool:
    if process.state in ("gone", "broken"):
        return True
    return process.call is not None and process.call.finished
