"""The child process of ``watch``: grades one job after the other until its input ends.

It is a process of its own so that keys stay alive while it grades, and so that a grading which
hangs or crashes is thrown away as a whole.  The end of its input tells it to end, in the middle
of a grading as well, and that comes whatever becomes of the parent.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import IO

from grader.model import Language
from grader.sandbox import SandboxError
from grader.watching.messages import Began, Done, Fault, Job, Message, decode, encode

GRACE_S = 5.0
Describe = Callable[[BaseException, Language], tuple[str, int]]


def serve(describe: Describe, end_if_asked: Callable[[], None]) -> int:
    """Grade what standard input asks for, and answer on standard output.

    ``describe`` words an error, ``end_if_asked`` raises where a signal has come: a grading that
    one has cut short is not to be believed.
    """
    requests, answers = _streams()
    jobs: SimpleQueue[Job | None] = SimpleQueue()
    threading.Thread(target=_receive, args=(requests, jobs), daemon=True).start()
    _warm_up()
    while True:
        job = jobs.get()
        while not jobs.empty():  # only the newest content is worth a grading
            job = jobs.get()
        if job is None:
            return 0

        def answer(message: Message) -> None:
            answers.write(encode(message))
            answers.flush()

        try:
            done = _grade(job, answer)
        except Exception as error:  # noqa: BLE001 - told, and the next job may go better
            line, code = describe(error, job.language)
            done = Fault(job.ticket, line, code, isinstance(error, SandboxError))
        end_if_asked()
        answer(done)


def _grade(job: Job, answer: Callable[[Message], None]) -> Message:
    from grader.judge import Judge, Options
    from grader.submission import read_submission

    # As `grader.judge.grade` does it, but the source is kept: it is what the verdict is about.
    submission, problem = read_submission(Path(os.fsdecode(job.path)), job.exercise.slug)
    answer(Began(job.ticket))
    options = Options(job.language, job.isolation)  # type: ignore[arg-type]
    verdict = Judge(job.exercise, submission, options).verdict(problem)
    return Done(job.ticket, verdict, submission.source)


def _streams() -> tuple[IO[bytes], IO[bytes]]:
    """Take the two pipes away from everything else that would read or print."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return requests, answers


def _receive(requests: IO[bytes], jobs: SimpleQueue[Job | None]) -> None:
    for line in requests:
        job = decode(line)
        if isinstance(job, Job):
            jobs.put(job)
    jobs.put(None)
    _interrupt_main()
    end = threading.Timer(GRACE_S, os._exit, (1,))
    end.daemon = True
    end.start()


def _interrupt_main() -> None:
    if sys.platform == "win32":
        _thread.interrupt_main()
    else:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)


def _warm_up() -> None:
    """Import what a grading needs, so that a save does not wait for it."""
    import grader.harness.lab
    import grader.harness.probe
    import grader.harness.session
    import grader.judge
    import grader.learner.delay  # noqa: F401
