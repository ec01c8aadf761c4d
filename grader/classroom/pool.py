"""Workers of this machine: processes of our own that grade one job after the other.

`Pool` is a `work.Backend`.  One thread decides everything; each worker has threads that read what
it says.  A job is taken only when a worker can begin it.  A worker that dies over a job, or takes
beyond all measure, is ended with everything below it, and the job is tried once more in a fresh
one.  Workers are replaced from time to time, and when their memory has grown.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue

from grader.classroom._member import KEPT_BYTES, SAYING_S, START_S, Member, Task
from grader.classroom.work import Done, Job, engine_digest
from grader.classroom.worker import Answer
from grader.model import Language
from grader.texts import text

MOST_JOBS = 500
MOST_GROWTH = 256 << 20
_FAILED_STARTS = 3
_FOR_EACH_CORE = 3  # a quarter more gradings a second than two; four gain nothing
_GRACE_S = 5.0
_LONGEST_WAIT_S = 3600.0
_ROOT = str(Path(__file__).resolve().parents[2])
_BEGIN = """\
import sys
if sys.argv[1] not in sys.path:
    sys.path.insert(0, sys.argv[1])
from grader.classroom.worker import serve
sys.exit(serve())
"""
# -I: nothing of the current folder, of the user's site or of PYTHON* is taken for ours.
COMMAND = (sys.executable, "-I", "-c", _BEGIN, _ROOT)


class PoolError(Exception):
    """No worker can grade; the text is one line, ``log`` what the last one has printed."""

    def __init__(self, line: str, log: str) -> None:
        super().__init__(line)
        self.log = log


def default_workers(groups: Path = Path("/sys/fs/cgroup")) -> int:
    """Return how many workers make good use of this machine: much of a grading is waiting.

    A container may see every core of its machine and yet have the time of two: ``groups`` is
    where its control group says so (cgroups(7), cpu.max or cpu.cfs_quota_us).
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    for names in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        with suppress(OSError, ValueError, ZeroDivisionError):
            quota, period = " ".join((groups / name).read_text() for name in names).split()
            if int(quota) > 0:
                cores = min(cores, math.ceil(int(quota) / int(period)))
    return _FOR_EACH_CORE * cores


def patience(job: Job) -> float:
    """Return after how many seconds without an answer a worker is given up.

    The checks run side by side and bound themselves; all of them one after the other is beyond
    what any submission takes, on a busy machine too.
    """
    return START_S + job.exercise.limits.check_s * max(1, len(job.exercise.checks))


class Pool:
    """``jobs`` workers on this machine, started when there is work for them (`work.Backend`).

    ``surroundings`` are environment variables for the workers, such as TMPDIR; ``command`` is
    what starts one, and ``bound`` how long one may take over a job.
    """

    def __init__(
        self,
        jobs: int | None = None,
        *,
        surroundings: Mapping[str, str] | None = None,
        command: Sequence[str] = COMMAND,
        bound: Callable[[Job], float] = patience,
    ) -> None:
        self._most = max(1, jobs or default_workers())
        self._surroundings = dict(surroundings or {})
        self._command = command
        self._bound = bound
        self._events: SimpleQueue[tuple[Member, Answer | None, int] | None] = SimpleQueue()
        self._members: list[Member] = []
        self._leaving: list[Member] = []
        self._waiting: deque[Task] = deque()
        self._source: Iterator[Job] | None = None
        self._stopped = False
        self._failed_starts = 0
        self._language: Language = "en"  # of the jobs

    def results(self, jobs: Iterable[Job]) -> Iterator[Done]:
        """Give each job's result as it comes, in any order (PoolError: no worker starts)."""
        self._source = iter(jobs)
        try:
            while True:
                self._assign()
                if not self._waiting and not any(member.task for member in self._members):
                    return
                done = self._next_result()
                if done is not None:
                    self._assign()  # first: the worker has something to do while this is stored
                    yield done
        finally:
            self._source = None
            self._waiting.clear()
            for member in [member for member in self._members if member.task]:
                self._remove(member)

    def stop(self) -> None:
        """Take no further jobs; those under way are waited for."""
        self._stopped = True
        self._events.put(None)

    def close(self) -> None:
        """End the workers: at once where they are at work."""
        members = [*self._members, *self._leaving]
        self._members, self._leaving = [], []
        for member in members:
            if member.task:
                member.kill()
            else:
                member.dismiss()
        for member in members:
            member.wait(_GRACE_S)

    # -- jobs to workers ---------------------------------------------------------------

    def _assign(self) -> None:
        """Give workers that are free something to do, and start those that are missing."""
        if self._stopped:
            self._source = None
            self._waiting.clear()
            return
        busy = sum(1 for member in self._members if member.task)
        while self._source is not None and len(self._waiting) < self._most - busy:
            job = next(self._source, None)
            if job is None:
                self._source = None
            else:
                self._waiting.append(Task(job))
                self._language = job.language
        for member in self._members:
            if member.ready and not member.task:
                task = self._take(member)
                if task is not None:
                    member.give(task, self._bound(task.job))
        while len(self._members) < self._most and self._lacks_workers():
            self._start()

    def _take(self, member: Member) -> Task | None:
        for task in self._waiting:
            if member.is_fresh or not task.earlier:
                self._waiting.remove(task)
                return task
        return None

    def _lacks_workers(self) -> bool:
        starting = sum(1 for member in self._members if not member.ready)
        return starting < len(self._waiting)

    def _start(self) -> None:
        try:
            member = Member(self._command, self._surroundings, self._hear)
        except OSError as error:
            if self._members:  # the system has no room for more: these do it
                self._most = len(self._members)
                return
            raise PoolError(self._say("no_start", error=error), "") from None
        self._members.append(member)

    def _hear(self, member: Member, answer: Answer | None, code: int) -> None:
        self._events.put((member, answer, code))

    # -- what workers say --------------------------------------------------------------

    def _next_result(self) -> Done | None:
        """Wait until a worker says something, ends, or is overdue."""
        now = time.monotonic()
        deadlines = [m.deadline for m in self._members if m.task or not m.ready]
        wait = min([_LONGEST_WAIT_S, *(deadline - now for deadline in deadlines)])
        try:
            event = self._events.get(timeout=max(0.0, wait))
        except Empty:
            return self._give_up_overdue()
        if event is None:
            return None
        member, answer, code = event
        if answer is None:
            member.ended = True
            if member in self._leaving:
                self._leaving.remove(member)
        if member not in self._members:
            return None
        if answer is None:
            return self._lost(member, _shown(code))
        return self._answered(member, answer)

    def _answered(self, member: Member, answer: Answer) -> Done | None:
        if answer.done is None:
            if answer.engine != engine_digest():
                raise PoolError(self._say("changed"), "")
            member.ready = True
            self._failed_starts = 0
            return None
        task, member.task = member.task, None
        if task is None or task.job.ticket != answer.done.ticket:
            member.task = task
            return self._lost(member, "?")  # it answers what nobody has asked
        done = answer.done
        if done.error and not done.log:
            done = Done(done.ticket, done.verdict, done.error, member.log())
        member.jobs += 1
        member.memory = member.memory or answer.memory
        if member.jobs >= MOST_JOBS or answer.memory - member.memory > MOST_GROWTH:
            self._remove(member)
        return done

    def _give_up_overdue(self) -> Done | None:
        now = time.monotonic()
        for member in list(self._members):
            if (member.task or not member.ready) and member.deadline <= now:
                if not member.told_where:
                    member.say_where()
                    member.deadline = now + SAYING_S
                else:
                    return self._lost(member, "")
        return None

    def _lost(self, member: Member, end: str) -> Done | None:
        """Do without a worker that has died, or hangs (no ``end``)."""
        task = member.task
        self._remove(member)
        if task is None:
            if not member.ready:
                self._failed_starts += 1
                if self._failed_starts >= _FAILED_STARTS:
                    log = member.log()
                    last = log.strip().rpartition("\n")[2][:300] or end
                    raise PoolError(self._say("no_start", error=last), log)
            return None
        job = task.job
        key = "worker_died" if end else "worker_hung"
        seconds = f"{self._bound(job):.0f}"
        line = text(f"classroom.{key}", job.language, end=end, seconds=seconds)
        log = "\n".join(part for part in (task.earlier, line, member.log()) if part)
        if task.earlier:
            return Done(job.ticket, error=line, log=log[-2 * KEPT_BYTES :])
        self._waiting.appendleft(Task(job, log))
        return None

    def _say(self, key: str, **values: object) -> str:
        return text(f"classroom.{key}", self._language, **values)

    def _remove(self, member: Member) -> None:
        """Have a worker end: at once where it is at work, or has not come to begin."""
        self._members.remove(member)
        if not member.ended:
            self._leaving.append(member)
            if member.task or not member.ready:
                member.kill()
        member.dismiss()


def _shown(code: int) -> str:
    """Return an exit status for people: ``1``, or a signal's name."""
    if code >= 0:
        return str(code)
    try:
        return signal.Signals(-code).name
    except ValueError:
        return str(code)
