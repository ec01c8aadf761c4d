"""What a task of a cluster does where it runs, without a cluster."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from grader.catalog import load_exercise
from grader.classroom import cluster_worker
from grader.classroom.cluster_worker import Hands, Reply, grade_there, pack, unpack
from grader.classroom.work import Done, Job, engine_digest
from grader.classroom.worker import MOST_BYTES

EX01 = load_exercise(Path(__file__).resolve().parents[2], "ex01")


def job(ticket: int) -> Job:
    return Job(ticket, EX01, b"x = 1\n", engine_digest())


class FakePool:
    """A `Backend` of one process that says so, waits for leave, breaks, or is closed."""

    def __init__(self, breaks: bool = False) -> None:
        self.breaks = breaks
        self.entered = threading.Event()
        self.leave = threading.Event()
        self.leave.set()
        self.closed = False
        self.stopped = False

    def results(self, jobs: Iterable[Job]) -> Iterator[Done]:
        for one in jobs:
            self.entered.set()
            assert self.leave.wait(60)
            if self.breaks:
                raise OSError("no room\nat all")
            if not self.closed:
                yield Done(one.ticket, log=str(id(self)))

    def stop(self) -> None:
        self.stopped = True

    def close(self) -> None:
        self.closed = True
        self.leave.set()


class Opened(list[FakePool]):
    """Opens pools, and remembers them."""

    def open(self) -> FakePool:
        self.append(FakePool())
        return self[-1]


def test_a_message_comes_back_as_it_was() -> None:
    asked = Job(7, EX01, bytes(range(256)), "digest", "zh", "full")
    assert unpack(pack(asked), Job) == asked


def test_a_message_with_half_a_character_comes_back_as_it_was() -> None:
    reply = Reply("host", Done(1, error="\ud800"))
    assert unpack(pack(reply), Reply) == reply


@pytest.mark.parametrize(
    "data",
    [
        None,
        "text",
        b"",
        b"not compressed",
        zlib.compress(b""),
        zlib.compress(b"{"),
        zlib.compress(b"\xc1"),
        zlib.compress(b"{}"),
        pack(Done(1)),
        pack(Reply("host"))[:-1],
        zlib.compress(bytes(MOST_BYTES + 1)),
        zlib.compress(b'{"where":' + b"[" * 100_000),
    ],
    ids=lambda data: str(data)[:12] if data is None or len(data) < 20 else f"long{len(data)}",
)
def test_what_is_no_message_is_one_kind_of_error(data: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpack(data, Reply)


def test_a_process_is_kept_for_the_next_job() -> None:
    opened = Opened()
    hands = Hands(opened.open)
    logs = [hands.do("session", job(ticket)).log for ticket in range(3)]
    assert len(opened) == 1
    assert len(set(logs)) == 1


def test_jobs_at_once_have_a_process_each() -> None:
    opened = Opened()
    hands = Hands(opened.open)
    first = opened.open()
    first.leave.clear()
    hands._idle.append(first)
    thread = threading.Thread(target=hands.do, args=("session", job(0)), daemon=True)
    thread.start()
    assert first.entered.wait(60)
    hands.do("session", job(1))
    first.leave.set()
    thread.join(60)
    assert len(opened) == 2
    assert not any(pool.closed for pool in opened)


@pytest.mark.parametrize("session", ["mine", None], ids=["session", "all"])
def test_letting_go_ends_what_is_under_way(session: str | None) -> None:
    opened = Opened()
    hands = Hands(opened.open)
    hands.do("theirs", job(0))  # an idle one
    busy = opened.open()
    busy.leave.clear()
    hands._idle.append(busy)
    found: list[Done] = []
    thread = threading.Thread(target=lambda: found.append(hands.do("mine", job(5))), daemon=True)
    thread.start()
    assert busy.entered.wait(60)
    hands.let_go("nobody's")
    assert not busy.closed
    hands.let_go(session)
    thread.join(60)
    assert busy.closed
    assert busy.stopped
    assert opened[0].closed is (session is None)
    assert found == [Done(5, error="the grading was called off")]
    assert not hands.do("mine", job(6)).error  # by another process


def test_a_process_that_breaks_is_an_error_of_its_job() -> None:
    hands = Hands(lambda: FakePool(breaks=True))
    done = hands.do("session", job(3))
    assert done.ticket == 3
    assert "no room" in done.error


def test_a_process_that_cannot_be_had_is_an_error_of_its_job() -> None:
    def fail() -> FakePool:
        raise OSError("no processes left")

    assert "no processes left" in Hands(fail).do("session", job(3)).error


def test_another_graders_job_is_not_even_read() -> None:
    reply = unpack(grade_there("session", "another digest", b"not a job"), Reply)
    assert reply.done is None
    assert reply.where


def test_a_job_is_done_and_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_worker, "_hands", Hands(FakePool))
    reply = unpack(grade_there("session", engine_digest(), pack(job(9))), Reply)
    assert reply.done is not None
    assert reply.done.ticket == 9


def test_a_job_that_cannot_be_read_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_worker, "_hands", Hands(FakePool))
    with pytest.raises(ValueError, match="header"):
        grade_there("session", engine_digest(), b"not a job")


@pytest.mark.parametrize(("before", "after"), [(3, 1), (1, 1), (0, 0)], ids=str)
def test_a_scheduler_allows_one_retry(before: int, after: int) -> None:
    scheduler = SimpleNamespace(allowed_failures=before)
    cluster_worker.allow_one_retry(scheduler)
    assert scheduler.allowed_failures == after
