"""Real Dask workers and real pools whose grading does what the submission says, to order.

Dask loads this file in each worker (``--preload``); the pool there runs it as its process.  A
submission is words: ``ok``; ``kill`` the Dask worker; ``once MARKER``, that, the first time;
``hold FIFO``, write the process numbers of the Dask worker and its own there and stay.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from grader.classroom import cluster_worker
from grader.classroom.pool import Pool
from grader.classroom.work import Done, Job
from grader.classroom.worker import serve


def dask_setup(worker: object) -> None:
    """Have this worker grade with this file."""
    command = [sys.executable, __file__]
    cluster_worker._hands = cluster_worker.Hands(lambda: Pool(jobs=1, command=command))


def do(job: Job) -> Done:
    """Do what a submission says; the log tells who has done it, and on which rung."""
    word, _, place = job.source.decode().partition(" ")
    if word == "hold":
        with open(place, "w", encoding="ascii") as pipe:  # open as long as this process is there
            pipe.write(f"{os.getppid()} {os.getpid()}\n")
            pipe.flush()
            _stay()
    if word == "kill" or (word == "once" and not os.path.exists(place)):
        if place:
            Path(place).touch()
        os.kill(os.getppid(), signal.SIGKILL)
        _stay()
    return Done(job.ticket, log=f"{os.getppid()} {job.isolation}")


def _stay() -> NoReturn:
    while True:
        signal.pause()


if __name__ == "__main__":
    sys.exit(serve(do))
