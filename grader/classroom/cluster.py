"""Past one machine: the same jobs on a Dask cluster, the verdicts back to the one store.

An address is ``local:N`` (N worker processes, started here), or that of a scheduler:
``tcp://HOST:PORT``, ``tls://HOST:PORT``.  Who can talk to a scheduler can run code on all of its
workers and on whoever uses it (docs/cluster.md).  Hence over plain TCP submissions are graded on
the ``full`` rung only, the one whose network is not the machine's.

Nothing of Dask is imported before a cluster is opened.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import pkgutil
import re
import shutil
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import ExitStack
from importlib import import_module
from itertools import chain
from multiprocessing import resource_tracker
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import msgspec

from grader.classroom.cluster_worker import (
    Reply,
    allow_one_retry,
    grade_there,
    let_go,
    pack,
    unpack,
    why_not,
)
from grader.classroom.work import Done, Job, engine_digest
from grader.model import Language
from grader.sandbox import IsolationChoice
from grader.texts import text

PATIENCE_S = 60.0  # without any worker, or without an answer of the scheduler
_LOOK_S = 2.0
_ANSWER_S = 15.0
_CLOSING_S = 5.0
# Asked for by a function of the standard library: a worker that is sent one of ours and cannot
# import it ends without a word.
_ENGINE = "grader.classroom.cluster_worker:ENGINE"
_MOST_WORKERS = 256
_LOCAL = re.compile(r"local:([0-9]{1,4})")
_REMOTE = re.compile(r"(?:tcp|tls)://[^\s/]+:[0-9]{1,5}/?")
_LOGGERS = (
    *("distributed", "distributed.client", "distributed.worker", "distributed.nanny"),
    *("distributed.scheduler", "distributed.core", "tornado", "tornado.application", "asyncio"),
)

_T = TypeVar("_T")


class ClusterError(Exception):
    """The cluster cannot be had, or is lost; the text is one line for whoever asked.

    The results that came before it are good.
    """


def open_cluster(
    address: str, language: Language, *, patience_s: float = PATIENCE_S
) -> ClusterBackend:
    """Connect to a cluster, or start one here, and wait for its first worker (ClusterError)."""
    local = _LOCAL.fullmatch(address)
    workers = int(local[1]) if local else 0
    if not (1 <= workers <= _MOST_WORKERS if local else _REMOTE.fullmatch(address)):
        shown = address[:200]
        raise ClusterError(text("cluster.bad_address", language, address=shown, most=_MOST_WORKERS))
    try:
        distributed = _dask()
    except ImportError as error:
        raise ClusterError(text("cluster.not_installed", language, error=error)) from None
    closing = ExitStack()
    try:
        at = _start_here(distributed, workers, closing) if local else address
        # To be closed before it is made: of one whose making failed (TLS without a certificate)
        # the interpreter's end would wait for a thread that is gone, and show a traceback.
        client = distributed.Client.__new__(distributed.Client)
        closing.callback(_quietly, lambda: client.close(_LOOK_S))
        client.__init__(at, timeout=min(patience_s, _ANSWER_S), set_as_default=False)
        client.run_on_scheduler(pkgutil.resolve_name, _ENGINE)
        client.run_on_scheduler(allow_one_retry)
        client.wait_for_workers(1, timeout=patience_s)
    except BaseException as error:
        closing.close()
        if not isinstance(error, Exception):
            raise
        raise ClusterError(_why_not(error, address, language)) from None
    is_private = address.startswith(("local:", "tls:"))
    return ClusterBackend(client, language, closing, is_private, patience_s)


def _dask() -> Any:
    """Import Dask, which then logs nothing: what matters is said in one line, and by us."""
    import_module("cryptography")
    dask = import_module("dask")
    if "logging" not in dask.config.config:
        dask.config.set({"logging": dict.fromkeys(_LOGGERS, "critical")})
    return import_module("distributed")


def _start_here(distributed: Any, workers: int, closing: ExitStack) -> Any:
    """Start a scheduler and worker processes that only this process can talk to."""
    dask = import_module("dask")
    folder = tempfile.mkdtemp(prefix="dojo-cluster-")
    closing.callback(shutil.rmtree, folder, ignore_errors=True)
    settings = {"temporary-directory": folder, "distributed.scheduler.http.routes": []}
    with dask.config.set(settings), _deaf_to_the_terminal():
        cluster = distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            security=distributed.Security.temporary(),
            scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
            silence_logs=logging.CRITICAL,
            memory_limit=0,  # it would be the worker's own: the pool looks after its processes
            preload="grader.classroom.cluster_worker",
        )
    closing.callback(_quietly, lambda: cluster.close(_LOOK_S))
    return cluster


@contextlib.contextmanager
def _deaf_to_the_terminal() -> Iterator[None]:
    """Have threads that are started meanwhile, and their processes, not hear of Ctrl-C.

    What comes meanwhile is kept for us.
    """
    if sys.platform == "win32":
        yield
        return
    resource_tracker.ensure_running()  # starting it later would undo this
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _why_not(error: Exception, address: str, language: Language) -> str:
    key = "cluster.cannot_start" if address.startswith("local:") else "cluster.cannot_connect"
    if isinstance(error, ImportError | AttributeError):
        key = "cluster.no_package"
    return text(key, language, address=address, where=address, error=_line(error))


def _line(error: BaseException) -> str:
    """Return an error of Dask's in one line."""
    shown = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return " ".join(shown.split())[:500]


def _quietly(action: Callable[[], object]) -> None:
    """Close something of a cluster that may be gone already."""
    with contextlib.suppress(Exception):
        action()


class ClusterBackend:
    """A `Backend` whose workers are a cluster's."""

    def __init__(
        self,
        client: Any,
        language: Language,
        closing: ExitStack,
        is_private: bool,
        patience_s: float,
    ) -> None:
        self._client = client
        self._language = language
        self._closing = closing
        self._is_private = is_private
        self._patience_s = patience_s
        self._session = uuid.uuid4().hex
        self._under_way: dict[str, tuple[int, Any]] = {}  # by the task's key: ticket, future
        self._at_work: set[str] = set()  # keys of those that have not come back
        self._finished: SimpleQueue[Any] = SimpleQueue()
        self._stopped = False
        self._rung: IsolationChoice = "auto"
        self._threads = 1
        self._examined: set[str] = set()
        self._looked_at = self._heard_at = float("-inf")

    def results(self, jobs: Iterable[Job]) -> Iterator[Done]:
        """Give each job's result as it comes (ClusterError: the cluster is lost).

        As many jobs are at work as the cluster has threads: a job that is queued with a worker
        would be blamed for that worker's death, too.
        """
        waiting = iter(jobs)
        first = None if self._stopped else next(waiting, None)
        if first is None:
            return
        waiting = chain([first], waiting)
        self._rung = self._rung_for(first)
        self._looked_at, self._heard_at = float("-inf"), time.monotonic()
        try:
            while self._top_up(waiting):
                yield from self._next(waiting)
        finally:
            self._call_off()

    def stop(self) -> None:
        """Take no further jobs (from any thread, or a signal's handler)."""
        self._stopped = True

    def close(self) -> None:
        """End what is under way on the workers, and those that were started here."""
        self._stopped = True
        self._call_off()
        self._closing.close()

    def _top_up(self, waiting: Iterator[Job]) -> bool:
        """Send jobs while threads are free; False: nothing is left to wait for."""
        self._look()
        while not self._stopped and len(self._at_work) < self._threads:
            job = next(waiting, None)
            if job is None:
                break
            self._send(job)
        return bool(self._under_way)

    def _send(self, job: Job) -> None:
        key = f"dojo_grade-{uuid.uuid4().hex}"
        data = pack(msgspec.structs.replace(job, isolation=self._rung_for(job)))
        future = self._client.submit(
            grade_there, self._session, engine_digest(), data, key=key, pure=False
        )
        self._under_way[key] = (job.ticket, future)
        self._at_work.add(key)
        future.add_done_callback(self._finished.put)

    def _rung_for(self, job: Job) -> IsolationChoice:
        """Return where to grade a job (ClusterError: nowhere that is safe)."""
        if self._is_private or job.isolation == "full":
            return job.isolation
        if job.isolation == "auto":
            return "full"
        raise ClusterError(text("cluster.open_network", self._language, rung=job.isolation))

    def _next(self, waiting: Iterator[Job]) -> Iterator[Done]:
        """Wait a while for tasks to finish, and give what came of them."""
        found = []
        with contextlib.suppress(Empty):
            found.append(self._finished.get(timeout=_LOOK_S))
            while True:
                found.append(self._finished.get_nowait())
        ready = {future.key: future for future in found if future.key in self._under_way}
        if any(future.status in ("cancelled", "lost") for future in ready.values()):
            raise ClusterError(text("cluster.lost", self._language))
        self._at_work -= ready.keys()
        problem = None
        try:
            if ready:
                self._top_up(waiting)  # first: workers have something to do while this is fetched
        except ClusterError as error:
            problem = error  # what is there is given all the same
        fetched = self._fetch(ready)
        for key, future in ready.items():
            if key not in self._under_way:  # called off by another thread
                continue
            done = self._done(future, fetched.get(key))
            if done is None:
                future.add_done_callback(self._finished.put)
                continue
            self._heard_at = time.monotonic()
            del self._under_way[key]
            yield done
        if problem is not None:
            raise problem

    def _fetch(self, ready: dict[str, Any]) -> dict[str, object]:
        """Return results by key, or the error that one is; None: that its task has had."""
        if not ready:
            return {}
        try:
            found: dict[str, object] = self._ask(lambda: self._client.gather(ready, errors="skip"))
            return found
        except (TimeoutError, asyncio.TimeoutError):
            return {}  # gone with its worker: it is made again, and comes again
        except Exception as error:  # noqa: BLE001 - what could not be read, one of them
            if len(ready) == 1:
                return dict.fromkeys(ready, error)
        return {key: self._fetch({key: ready[key]}).get(key) for key in ready}

    def _done(self, future: Any, data: object) -> Done | None:
        """Return what came of a task; None: it is not known yet."""
        ticket = self._under_way[future.key][0]
        if isinstance(data, Exception):
            return Done(ticket, error=text("cluster.bad_reply", self._language, error=_line(data)))
        if data is not None:
            return self._read(ticket, data)
        return self._failure(ticket, future) if future.status == "error" else None

    def _read(self, ticket: int, data: object) -> Done:
        try:
            reply = unpack(data, Reply)
        except ValueError as error:
            return Done(ticket, error=text("cluster.bad_reply", self._language, error=error))
        if reply.done is None:
            raise ClusterError(text("cluster.other_version", self._language, where=reply.where))
        if reply.done.ticket != ticket:
            return Done(ticket, error=text("cluster.bad_reply", self._language, error="ticket"))
        return reply.done

    def _failure(self, ticket: int, future: Any) -> Done:
        """Return why a task has failed."""
        try:
            error = self._ask(lambda: future.exception())
        except Exception as unknown:  # noqa: BLE001 - an exception that does not exist here
            error = unknown
        if type(error).__name__ == "KilledWorker":
            line = text("cluster.worker_died", self._language)
            return Done(ticket, error=line, log=_line(error))
        return Done(ticket, error=_line(error))

    def _look(self) -> None:
        """Ask now and then how much the cluster can take (ClusterError: nothing for too long)."""
        now = time.monotonic()
        if now - self._looked_at < _LOOK_S:
            return
        self._looked_at = now
        key = "cluster.lost"
        try:
            found: dict[str, int] = self._ask(lambda: self._client.nthreads())
            threads = sum(found.values())
            key = "cluster.no_workers"
        except Exception:  # noqa: BLE001 - Dask has many for a scheduler that does not answer
            threads = 0
        if threads:
            self._threads, self._heard_at = threads, now
            self._examine([address for address in found if address not in self._examined])
        elif time.monotonic() - self._heard_at > self._patience_s:
            raise ClusterError(text(key, self._language, seconds=round(self._patience_s)))

    def _examine(self, workers: list[str]) -> None:
        """Ask workers that are new whether they can grade, and as we do (ClusterError: no)."""
        engines = self._ask_workers(workers, pkgutil.resolve_name, _ENGINE)
        for where, engine in engines.items():
            if isinstance(engine, ImportError | AttributeError):
                line = text("cluster.no_package", self._language, where=where, error=_line(engine))
                raise ClusterError(line)
            if isinstance(engine, str) and engine != engine_digest():
                raise ClusterError(text("cluster.other_version", self._language, where=where))
        able = self._ask_workers(list(engines), why_not, self._rung, self._language)
        for where, reason in able.items():
            if isinstance(reason, str):
                self._examined.add(where)
                if reason:
                    values = {"where": where, "rung": self._rung, "reason": reason}
                    raise ClusterError(text("cluster.no_isolation", self._language, **values))

    def _ask_workers(self, workers: list[str], *call: object) -> dict[str, object]:
        """Have workers call a function, and return the answers by address; errors are some.

        Who does not answer is left out, and asked again another time.
        """
        if not workers:
            return {}

        def ask() -> Awaitable[dict[str, object]]:
            found: Awaitable[dict[str, object]] = self._client.run(
                *call, workers=workers, on_error="return"
            )
            return found

        with contextlib.suppress(Exception):
            return self._ask(ask)
        return {}

    def _ask(self, question: Callable[[], Awaitable[_T]], seconds: float = _ANSWER_S) -> _T:
        """Ask the cluster something, for so long (TimeoutError, and what Dask raises)."""
        answer: _T = self._client.sync(question, callback_timeout=seconds)
        return answer

    def _call_off(self) -> None:
        """Forget what is under way, and end it where it runs."""
        futures = [future for _, future in self._under_way.values()]
        self._under_way = {}
        self._at_work = set()
        if futures and self._client.status == "running":
            _quietly(lambda: self._ask(lambda: self._client.cancel(futures), _CLOSING_S))
            _quietly(lambda: self._ask(lambda: self._client.run(let_go, self._session), _CLOSING_S))
