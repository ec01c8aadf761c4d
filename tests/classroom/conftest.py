"""What the tests of classes share: tiny exercises, verdicts, collections, workers that obey."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from grader.classroom.model import Collection, Handed, Student
from grader.classroom.work import Done, Job, engine_digest
from grader.model import Check, CheckResult, Exercise, GraderInfo, Isolation, Text, Verdict

ROOT = Path(__file__).resolve().parents[2]
NAME = Text("name", "名")
TINY = Exercise("ex90", "tiny", NAME, NAME, (), {}, (Check("a_check", NAME, 2.0),))
OTHER = Exercise("ex91", "other", NAME, NAME, (), {}, (Check("a_check", NAME, 3.0),))


def job(source: bytes, ticket: int = 0, exercise: Exercise = TINY) -> Job:
    """Return a job of this grader."""
    return Job(ticket, exercise, source, engine_digest())


def verdict(source: bytes, status: str = "passed", exercise: Exercise = TINY) -> Verdict:
    """Return a verdict about a source; a message says which."""
    check = CheckResult(
        id="a_check",
        title="name",
        status="passed" if status == "passed" else "failed" if status == "failed" else "error",
        points=exercise.max_score,
        earned=exercise.max_score if status == "passed" else 0.0,
        visibility="public",
        duration_s=0.0,
        message=f"about {source!r}",
    )
    return Verdict(
        exercise=exercise.id,
        slug=exercise.slug,
        submission=f"{exercise.slug}.py",
        sha256=hashlib.sha256(source).hexdigest(),
        status=status,  # type: ignore[arg-type]
        score=check.earned,
        max_score=check.points,
        duration_s=0.1,
        seed=1,
        isolation=Isolation("full", "bubblewrap"),
        grader=GraderInfo("1", "3"),
        checks=(check,),
    )


class Class:
    """A class in memory: who has handed in which bytes for which exercise."""

    def __init__(self, files: Iterable[tuple[str, str, bytes]], absent: Iterable[str] = ()) -> None:
        self.sources: dict[str, bytes] = {}
        handed = []
        for student, exercise, source in files:
            digest = hashlib.sha256(source).hexdigest()
            self.sources[digest] = source
            origin = f"{student}/{exercise}.py"
            name = f"{exercise}.py"
            handed.append(Handed(student, exercise, origin, name, digest, len(source)))
        keys = list(dict.fromkeys([one.student for one in handed] + list(absent)))
        students = tuple(Student(key, key.title()) for key in keys)
        self.collection = Collection("class", "folders", students, tuple(handed), ())

    def read(self, sha256: str) -> bytes | None:
        """Return the bytes of a file."""
        return self.sources.get(sha256)


class FakeBackend:
    """Grades at once, as a source begins: ``fail``, ``ours``, ``boom``, or anything that passes.

    ``most``: it stops by itself after so many results, as if it had been told to.
    """

    def __init__(self, most: int | None = None, breaks: BaseException | None = None) -> None:
        self.most = most
        self.breaks = breaks
        self.graded: list[bytes] = []
        self.error = ""

    def results(self, jobs: Iterable[Job]) -> Iterator[Done]:
        """Give each job's result."""
        for one in jobs:
            if self.most is not None and len(self.graded) >= self.most:
                if self.breaks is not None:
                    raise self.breaks
                return
            self.graded.append(one.source)
            yield self._done(one)

    def _done(self, one: Job) -> Done:
        if self.error or one.source.startswith(b"boom"):
            return Done(one.ticket, error=self.error or "it died", log="the log\nof it")
        status = "passed"
        if one.source.startswith(b"fail"):
            status = "failed"
        elif one.source.startswith(b"ours"):
            status = "error"
        return Done(one.ticket, verdict(one.source, status, one.exercise))

    def stop(self) -> None:
        """Stop now."""
        self.most = 0

    def close(self) -> None:
        """Do nothing."""


OBEDIENT = """
import os, signal, subprocess, sys, time
sys.path.insert(0, {root!r})
from grader.classroom import worker
from grader.classroom.work import Done

worker._warm_up = lambda: None
kept = []

def do(job):
    for word in job.source.decode().split():
        name, _, value = word.partition(":")
        print("noise for the frames")
        print("said by", name, file=sys.stderr, flush=True)
        if name == "die":
            os._exit(7)
        elif name == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif name == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        elif name == "once" and not os.path.exists(value):
            with open(value, "w") as file:
                file.write(str(os.getpid()))
            os._exit(7)
        elif name == "child":
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
            with open(value + ".new", "w") as file:
                file.write(f"{{os.getpid()}} {{child.pid}}")
            os.rename(value + ".new", value)
        elif name == "hang":
            time.sleep(1000)
        elif name == "grow":
            kept.append(bytearray(int(value) << 20))
        elif name == "cycle":
            circle = [bytearray(b"x") * (int(value) << 20)]
            circle.append(circle)
        elif name == "garbage":
            os.write(int(value), b"\\xff" * 64)
        elif name == "error":
            return Done(job.ticket, error="an error")
        elif name == "raise":
            raise SystemExit(9)
    return Done(job.ticket, log=str(os.getpid()))

sys.exit(worker.serve(do))
"""


@pytest.fixture(scope="session")
def obedient(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return a command that starts a worker which does what each source says.

    Its real frames go to descriptor 4 (0 to 2, and a copy of 0 come first).
    """
    import sys

    path = tmp_path_factory.mktemp("worker") / "obedient.py"
    path.write_text(OBEDIENT.format(root=str(ROOT)), encoding="utf-8")
    return [sys.executable, "-I", str(path)]
