"""The parent's end of one worker process: gives it jobs, hears what it says, ends it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from grader.classroom.work import Job
from grader.classroom.worker import END_OF_LOG, WHERE_SIGNAL, Answer, decode, framed, read_frame
from grader.sandbox import processes

KEPT_BYTES = 64 << 10  # of what a worker prints on standard error, the end
START_S = 120.0
SAYING_S = 1.0  # how long a worker that hangs may take to say where


@dataclass
class Task:
    """A job, and why it is to be done in a fresh worker: what became of the one before."""

    job: Job
    earlier: str = ""


class Member:
    """The parent's end of one worker; ``hear`` is called from a thread.

    It hears each answer, and at the end None with the exit status (negative: a signal).
    """

    def __init__(
        self,
        command: Sequence[str],
        surroundings: Mapping[str, str],
        hear: Callable[[Member, Answer | None, int], None],
    ) -> None:
        self.task: Task | None = None
        self.ready = False
        self.jobs = 0
        self.memory = 0
        self.deadline = time.monotonic() + START_S
        self.told_where = False
        self.ended = False
        self._hear = hear
        self._said: deque[bytes] = deque()
        self._said_all = threading.Event()
        # A session of its own: Ctrl-C is for the parent, which tells its workers itself.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=os.sep,  # the folder that we are in may be gone by now
            env={**os.environ, **surroundings},
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        self._listener = threading.Thread(target=self._listen, name="worker", daemon=True)
        self._keeper = threading.Thread(target=self._keep, name="worker-errors", daemon=True)
        self._keeper.start()
        self._listener.start()

    @property
    def pid(self) -> int:
        """The worker's process."""
        return self._process.pid

    @property
    def is_fresh(self) -> bool:
        """Whether it has not had a job yet."""
        return self.jobs == 0 and self.task is None

    def give(self, task: Task, bound: float) -> None:
        """Have a job done within ``bound`` seconds."""
        self.task = task
        self.told_where = False
        self.deadline = time.monotonic() + bound
        self._said.clear()
        self._said_all.clear()
        # The pipe may be smaller than the job, and a worker that hangs reads no more.
        frame = framed(task.job)
        threading.Thread(target=self._write, args=(frame,), daemon=True).start()

    def log(self) -> str:
        """Return the end of what the worker has printed since it was given its job."""
        if self._process.poll() is not None:
            self._keeper.join(SAYING_S)
        else:
            self._said_all.wait(SAYING_S)
        said = b"".join(list(self._said)).removesuffix(END_OF_LOG)
        return said[-KEPT_BYTES:].decode("utf-8", "backslashreplace")

    def say_where(self) -> None:
        """Have a worker that hangs print where it is."""
        self.told_where = True
        if WHERE_SIGNAL is not None:
            with contextlib.suppress(OSError):
                self._process.send_signal(WHERE_SIGNAL)

    def dismiss(self) -> None:
        """Tell the worker to end, without waiting for that."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def kill(self) -> None:
        """End the worker at once, with everything below it."""
        if self._process.poll() is None:
            processes.kill_tree(self._process.pid)

    def wait(self, seconds: float) -> None:
        """Wait for the worker's end, and bring it about where it takes longer."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        for thread in (self._listener, self._keeper):
            thread.join(SAYING_S)
        self.dismiss()

    def _write(self, frame: bytes) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it has ended, which is heard soon
            self._process.stdin.write(frame)
            self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            try:
                while (data := read_frame(stream)) is not None:
                    self._hear(self, decode(data, Answer), 0)
            except ValueError:
                self.kill()  # no language that we know
        self._hear(self, None, self._process.wait())

    def _keep(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stream:
            while data := stream.read1(8192):  # type: ignore[attr-defined]
                self._said.append(data)
                if data.endswith(END_OF_LOG):
                    self._said_all.set()
                while len(self._said) > 1 and sum(map(len, list(self._said))) > 2 * KEPT_BYTES:
                    self._said.popleft()
