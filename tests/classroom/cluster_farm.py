"""Dask's own commands as processes, and what watches over them, for the tests of clusters."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

from grader.catalog import load_exercise
from grader.classroom.cluster import ClusterBackend
from grader.classroom.work import Done, Job, engine_digest
from grader.sandbox import IsolationChoice

ROOT = Path(__file__).resolve().parents[2]
FAKES = str(Path(__file__).with_name("cluster_fakes.py"))
PATIENCE = 60.0
NO_FIXED_PORTS = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0")
AT = re.compile(r"(?:Scheduler at|Waiting to connect to): +(\S+)")
EX01 = load_exercise(ROOT, "ex01")


def job(ticket: int, source: str | bytes, isolation: IsolationChoice = "auto") -> Job:
    content = source if isinstance(source, bytes) else source.encode()
    return Job(ticket, EX01, content, engine_digest(), "en", isolation)


@dataclass
class Farm:
    """Dask's own commands, each a process group; ``address`` is the scheduler's."""

    folder: Path
    stack: ExitStack
    surroundings: dict[str, str] = field(default_factory=dict)
    address: str = ""
    scheduler: subprocess.Popen[str] | None = None

    def start(self, *words: str, **surroundings: str) -> subprocess.Popen[str]:
        """Start one, and wait until it says where the scheduler is."""
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *words, "--host", "127.0.0.1", *NO_FIXED_PORTS],
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env={**os.environ, **self.surroundings, **surroundings},
            start_new_session=True,
        )
        said: SimpleQueue[str] = SimpleQueue()
        reader = threading.Thread(target=listen, args=(process, said.put), daemon=True)
        reader.start()
        self.stack.callback(reader.join, PATIENCE)
        self.stack.callback(end, process)
        self.address = said.get(timeout=PATIENCE)
        assert self.address, "it has ended"
        return process

    def start_scheduler(self, *words: str) -> None:
        self.scheduler = self.start(
            "scheduler", "--port", "0", *words, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1"
        )

    def start_worker(self, *words: str, **surroundings: str) -> subprocess.Popen[str]:
        own = ("--nthreads", "1", "--memory-limit", "0", "--local-directory", str(self.folder))
        return self.start("worker", self.address, *own, *words, **surroundings)


def listen(process: subprocess.Popen[str], hear: Callable[[str], None]) -> None:
    """Hear the scheduler's address as soon as a process logs it; "" is its end."""
    assert process.stderr is not None
    with process.stderr as lines:
        for line in lines:
            if found := AT.search(line):
                hear(found[1])
    hear("")


def end(process: subprocess.Popen[str]) -> None:
    """Kill a process and what it has started (nannies start workers)."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)


class Held:
    """Submissions that tell where they are, and stay there."""

    def __init__(self, folder: Path) -> None:
        path = folder / "fifo"
        os.mkfifo(path)
        self._pipe = os.open(path, os.O_RDWR)
        self.source = f"hold {path}"

    def pids(self) -> tuple[int, int]:
        """Wait for one, and return the processes of its Dask worker and of its own."""
        ready, _, _ = select.select([self._pipe], [], [], PATIENCE)
        assert ready, "no submission has come to that"
        worker, own = os.read(self._pipe, 100).split()
        return int(worker), int(own)

    def watch(self) -> int:
        """Wait for one, and return the pidfd of its process."""
        return os.pidfd_open(self.pids()[1])


class Running(threading.Thread):
    """A run in a thread of its own: its results, and the error that has ended it."""

    def __init__(self, backend: ClusterBackend, jobs: list[Job]) -> None:
        super().__init__(daemon=True)
        self.backend, self.jobs = backend, jobs
        self.error: Exception | None = None
        self._done: SimpleQueue[Done] = SimpleQueue()
        self.start()

    def run(self) -> None:
        try:
            for done in self.backend.results(self.jobs):
                self._done.put(done)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error

    def next(self) -> int:
        """Wait for the next result, and return its ticket."""
        return self._done.get(timeout=PATIENCE).ticket

    def finish(self) -> list[int]:
        """Wait for the end, and return the tickets of what has come since."""
        self.join(PATIENCE)
        assert not self.is_alive()
        return [self._done.get().ticket for _ in range(self._done.qsize())]


def is_gone(pidfd: int) -> bool:
    """Wait until a process has ended."""
    ready, _, _ = select.select([pidfd], [], [], PATIENCE)
    os.close(pidfd)
    return bool(ready)
