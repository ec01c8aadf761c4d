"""The gradings of a session: one child process at work, and a fresh one that stands by.

A save in the middle of a grading takes effect at once: the child that is at work is told to
end, and the one that stands by, its imports done, takes over.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grader.watching.messages import Answer, Began, Job, decode, encode
from grader.watching.serving import GRACE_S

_LAST_GRACE_S = 3.0
_JOIN_S = 1.0


@dataclass(frozen=True)
class Heard:
    """What a child has said; no message: it has ended, and ``code`` is how."""

    child: Child
    message: Answer | None
    code: int = 0


class Child:
    """The session's end of one child process; ``hear`` is called from a thread."""

    def __init__(self, command: Sequence[str], hear: Callable[[Heard], None]) -> None:
        self._hear = hear
        self._killer: threading.Timer | None = None
        # A group of its own: Ctrl-C is for the session, which tells its children itself.
        flags: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=os.sep,  # the folder that we are in may be gone by now
            start_new_session=True,
            creationflags=flags,
        )
        self._thread = threading.Thread(target=self._read, name="gradings", daemon=True)
        self._thread.start()

    def send(self, job: Job) -> None:
        """Ask for a grading; of several that have not begun, the last one is done."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it has ended, which is heard soon
            self._process.stdin.write(encode(job))
            self._process.stdin.flush()

    def dismiss(self, grace: float = GRACE_S) -> None:
        """Tell the child to end, without waiting; it is killed where it does not."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        if self._killer is None:
            self._killer = threading.Timer(grace, self._process.kill)
            self._killer.daemon = True
            self._killer.start()

    def wait(self, seconds: float) -> None:
        """Wait for the child's end, and bring it about where it takes longer."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join(_JOIN_S)

    def _read(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                try:
                    message = decode(line)
                except ValueError:
                    self._process.kill()  # no language that we know
                    break
                if not isinstance(message, Job):
                    self._hear(Heard(self, message))
        code = self._process.wait()
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        if self._killer is not None:
            self._killer.cancel()
        self._hear(Heard(self, None, code))


class Gradings:
    """Grades the newest job, whatever became of the ones before it."""

    def __init__(self, command: Sequence[str], hear: Callable[[Heard], None]) -> None:
        self._command = command
        self._hear = hear
        self._at_work: Child | None = None
        self._standing_by: Child | None = None
        self._leaving: list[Child] = []
        self._wanted: Job | None = None
        self._has_begun = False
        self._tickets = 0

    @property
    def wanted(self) -> Job | None:
        """The job whose answer is awaited."""
        return self._wanted

    def start(self, job: Job) -> None:
        """Grade a job, and give up the one before it."""
        self.stop()
        self._tickets += 1
        self._wanted = replace_ticket(job, self._tickets)
        self._send()

    def stop(self) -> None:
        """Give up the grading that is under way, if there is one."""
        self._wanted = None
        if self._has_begun:
            self._let_go()

    def take(self, heard: Heard) -> Answer | int | None:
        """Return an answer to the job that is wanted, or how its child ended; None: pass over."""
        if heard.message is None and heard.child in self._leaving:
            self._leaving.remove(heard.child)
        if heard.child is self._standing_by and heard.message is None:
            self._standing_by = None
        if heard.child is not self._at_work:
            return None
        if heard.message is None:
            self._at_work, self._has_begun = None, False
            wanted, self._wanted = self._wanted, None
            return heard.code if wanted else None
        is_wanted = self._wanted is not None and heard.message.ticket == self._wanted.ticket
        if isinstance(heard.message, Began):
            self._has_begun = True
            if not is_wanted:  # it took the job up just before it was given up
                self._let_go()
                if self._wanted is not None:
                    self._send()
                return None
            if self._standing_by is None:
                self._standing_by = Child(self._command, self._hear)
            return heard.message
        self._has_begun = False
        if is_wanted:
            self._wanted = None
            return heard.message
        return None

    def close(self) -> None:
        """End every child, and wait for that."""
        children = [*self._leaving, *filter(None, (self._at_work, self._standing_by))]
        for child in children:
            child.dismiss(_LAST_GRACE_S)
        for child in children:
            child.wait(_LAST_GRACE_S)
        self._at_work = self._standing_by = self._wanted = None
        self._leaving = []

    def _send(self) -> None:
        assert self._wanted is not None
        if self._at_work is None:
            self._at_work = self._standing_by or Child(self._command, self._hear)
            self._standing_by = None
        self._at_work.send(self._wanted)

    def _let_go(self) -> None:
        if self._at_work is not None:
            self._at_work.dismiss()
            self._leaving.append(self._at_work)
        self._at_work, self._has_begun = None, False


def replace_ticket(job: Job, ticket: int) -> Job:
    """Return the same job under another number."""
    return Job(ticket, job.exercise, job.path, job.language, job.isolation)
