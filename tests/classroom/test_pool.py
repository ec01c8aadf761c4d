"""The pool: every job has one result, whatever becomes of the workers, and none outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.catalog import load_exercise
from grader.classroom import pool as pool_module
from grader.classroom.pool import Pool, PoolError, default_workers, patience
from grader.classroom.work import Done, Job, engine_digest
from grader.model import Check, Exercise, Limits, Text
from grader.sandbox.processes import state

from .conftest import NAME, ROOT, TINY, job

Eventually = Callable[[Callable[[], bool]], None]
Make = Callable[..., Pool]


@pytest.fixture
def make(obedient: list[str]) -> Iterator[Make]:
    """Return a function that makes a pool of obedient workers; all are closed at the end."""
    made: list[Pool] = []

    def bound(one: Job) -> float:
        return 2.0 if b"forever" in one.source else 120.0

    def make(jobs: int = 2) -> Pool:
        made.append(Pool(jobs, command=obedient, bound=bound))
        return made[-1]

    yield make
    for one in made:
        one.close()


def jobs(*sources: str) -> list[Job]:
    return [job(source.encode(), ticket) for ticket, source in enumerate(sources)]


def by_ticket(found: Iterator[Done]) -> dict[int, Done]:
    results = {}
    for done in found:
        assert done.ticket not in results, "two results for one job"
        results[done.ticket] = done
    return results


def gone(*pids: int) -> bool:
    return all(state(pid) == "Z" for pid in pids)


# -- jobs that go well -------------------------------------------------------------------


def test_every_job_has_its_result_from_few_long_lived_workers(make: Make) -> None:
    results = by_ticket(make(3).results(jobs(*["print"] * 30)))
    assert sorted(results) == list(range(30))
    assert 1 <= len({done.log for done in results.values()}) <= 3


def test_no_more_workers_than_jobs(make: Make) -> None:
    pool = make(8)
    assert len(by_ticket(pool.results(jobs("print")))) == 1
    assert len(pool._members) == 1


def test_no_jobs_no_workers(make: Make) -> None:
    pool = make(8)
    assert by_ticket(pool.results([])) == {}
    assert pool._members == []


def test_workers_stay_for_the_next_jobs(make: Make) -> None:
    pool = make(1)
    assert (
        by_ticket(pool.results(jobs("print")))[0].log
        == by_ticket(pool.results(jobs("print")))[0].log
    )


def test_jobs_are_taken_only_when_workers_fall_free(make: Make) -> None:
    taken = []

    def giving() -> Iterator[Job]:
        for one in jobs(*["print"] * 20):
            taken.append(one)
            yield one

    pool, seen = make(2), 0
    for _ in pool.results(giving()):
        seen += 1
        assert len(taken) <= seen + 2 * 2
    assert seen == 20


def test_a_job_larger_than_a_pipe(make: Make) -> None:
    big = "print " * (1 << 17)
    results = by_ticket(make(2).results(jobs(big[:4], big.replace("print", "p"), "print")))
    assert sorted(results) == [0, 1, 2]


def test_what_a_worker_has_printed_goes_with_an_error(make: Make) -> None:
    results = by_ticket(make(1).results(jobs("first", "then error")))
    assert results[1].error == "an error"
    assert results[1].log == "said by then\nsaid by error\n"


# -- jobs that go wrong ------------------------------------------------------------------

ENDS = {"die": "7", "kill": "SIGKILL", "crash": "SIGSEGV", "raise": "9", "garbage:4": ""}


@pytest.mark.parametrize("way", ENDS)
def test_a_job_that_ends_its_worker_twice_is_an_error_and_the_rest_goes_on(
    make: Make, way: str
) -> None:
    results = by_ticket(make(2).results(jobs("print", way, "print", "print", way, "print")))
    assert sorted(results) == list(range(6))
    for ticket, done in results.items():
        if ticket in (1, 4):
            assert "twice" in done.error
            assert ENDS[way] in done.error
            assert done.log.count(f"said by {way.partition(':')[0]}") == 2  # both of them are told
        else:
            assert not done.error
            assert done.log


def test_a_job_that_ends_its_worker_once_is_done_by_a_fresh_one(make: Make, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    pool = make(2)
    by_ticket(pool.results(jobs(*["print"] * 6)))
    old = {str(member.pid) for member in pool._members}
    results = by_ticket(pool.results(jobs(f"once:{mark}", "print", "print")))
    assert not any(done.error for done in results.values())
    assert mark.read_text() in old
    assert results[0].log != mark.read_text()


def test_a_worker_that_gives_no_answer_is_killed_with_all_below_it(
    make: Make, tmp_path: Path, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "SAYING_S", 0.2)
    pids = tmp_path / "pids"
    results = by_ticket(make(2).results(jobs(f"child:{pids} forever hang", "print")))
    assert "no answer within 2 s" in results[0].error
    assert "in do" in results[0].log  # where it hung
    assert not results[1].error
    eventually(lambda: gone(*map(int, pids.read_text().split())))


def test_an_exception_of_the_asker_ends_what_is_under_way(
    make: Make, tmp_path: Path, eventually: Eventually
) -> None:
    pids = tmp_path / "pids"
    pool = make(2)
    found = pool.results(jobs("print", f"child:{pids} hang"))
    assert next(found).ticket == 0
    eventually(pids.exists)
    found.close()  # type: ignore[attr-defined]
    eventually(lambda: gone(*map(int, pids.read_text().split())))
    assert by_ticket(pool.results(jobs("print", "print"))).keys() == {0, 1}


# -- workers that are replaced -------------------------------------------------------------


def test_a_worker_is_replaced_after_so_many_jobs(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "MOST_JOBS", 3)
    results = by_ticket(make(1).results(jobs(*["print"] * 8)))
    pids = [results[ticket].log for ticket in range(8)]
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [3, 3, 2]


@pytest.mark.needs_proc
def test_a_worker_that_has_grown_is_replaced(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "MOST_GROWTH", 32 << 20)
    results = by_ticket(make(1).results(jobs("print", "grow:64", "print", "print")))
    pids = [results[ticket].log for ticket in range(4)]
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [2, 2]


# -- the end -------------------------------------------------------------------------------


def test_stop_waits_for_what_is_under_way_and_takes_no_more(make: Make) -> None:
    pool = make(2)
    results = []
    for done in pool.results(jobs(*["print"] * 50)):
        results.append(done)
        pool.stop()
    assert 1 <= len(results) <= 4
    assert by_ticket(pool.results(jobs("print"))) == {}


def test_stop_from_a_signal(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = make(1)
    before = signal.signal(signal.SIGTERM, lambda *_: pool.stop())
    try:
        found = pool.results(jobs(*["print"] * 50))
        next(found)
        os.kill(os.getpid(), signal.SIGTERM)
        assert len(list(found)) <= 2
    finally:
        signal.signal(signal.SIGTERM, before)


def test_close_ends_workers_at_work(make: Make, tmp_path: Path, eventually: Eventually) -> None:
    pids = tmp_path / "pids"
    pool = make(2)
    found = pool.results(jobs("print", f"child:{pids} hang", "print"))
    next(found)
    eventually(pids.exists)
    pool.close()
    eventually(lambda: gone(*map(int, pids.read_text().split())))


def test_close_ends_idle_workers(make: Make) -> None:
    pool = make(2)
    by_ticket(pool.results(jobs("print", "print")))
    pids = [member.pid for member in pool._members]
    pool.close()
    assert gone(*pids)


PARENT = """
import sys
sys.path.insert(0, {root!r})
from grader.classroom.pool import Pool
from tests.classroom.conftest import job
list(Pool(2, command={command!r}).results([job({source!r}), job({other!r}, 1)]))
"""


@pytest.mark.needs_proc
def test_workers_end_when_the_parent_is_killed(
    obedient: list[str], tmp_path: Path, eventually: Eventually
) -> None:
    """SIGKILL, which tells nobody anything; what is below a worker is the sandbox's business."""
    files = [tmp_path / "one", tmp_path / "two"]
    sources = [f"child:{file} hang".encode() for file in files]
    program = PARENT.format(root=str(ROOT), command=obedient, source=sources[0], other=sources[1])
    parent = subprocess.Popen([sys.executable, "-c", program])
    eventually(lambda: all(file.exists() for file in files))
    parent.kill()
    parent.wait()
    workers, children = zip(*(map(int, file.read_text().split()) for file in files), strict=True)
    eventually(lambda: gone(*workers))
    for pid in children:
        os.kill(pid, signal.SIGKILL)


# -- where no worker can be started ----------------------------------------------------------


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    pool = Pool(2, command=[str(tmp_path / "none")])
    with pytest.raises(PoolError, match="No such file"):
        by_ticket(pool.results(jobs("print")))
    pool.close()


def test_workers_that_end_before_they_begin() -> None:
    program = "import sys; sys.exit('no module named this')"
    pool = Pool(2, command=[sys.executable, "-c", program])
    with pytest.raises(PoolError, match="no module named this") as caught:
        by_ticket(pool.results(jobs("print")))
    pool.close()
    assert caught.value.log == "no module named this\n"


# -- the real one ----------------------------------------------------------------------------


def test_a_real_worker_grades(root: Path, best: str) -> None:
    exercise = load_exercise(root, "ex03")
    sources = [b"def serve(:\n", b"", b"\xff\xfe", b"x = 1\n" + bytes([7])]
    pool = Pool(1)
    try:
        found = by_ticket(
            pool.results(
                Job(n, exercise, source, engine_digest(), "zh", best)  # type: ignore[arg-type]
                for n, source in enumerate(sources)
            )
        )
    finally:
        pool.close()
    assert [found[n].error for n in range(4)] == [""] * 4
    verdicts = [found[n].verdict for n in range(4)]
    assert [v and v.status for v in verdicts] == ["failed"] * 4
    assert [v and v.language for v in verdicts] == ["zh"] * 4
    assert [v and v.checks[0].diagnosis for v in verdicts[:3]] == [
        "syntax_error",
        "file_empty",
        "file_not_utf8",
    ]


def test_a_grader_that_has_changed_meanwhile_mixes_nothing(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every job would be refused: that is said once, and the next run goes on."""
    monkeypatch.setattr(pool_module, "engine_digest", lambda: "as it was")
    with pytest.raises(PoolError, match="have changed"):
        by_ticket(make().results(jobs("print")))


def test_a_worker_of_another_grader_refuses(root: Path) -> None:
    exercise = load_exercise(root, "ex03")
    pool = Pool(1)
    try:
        (done,) = pool.results([Job(1, exercise, b"x", "another engine")])
    finally:
        pool.close()
    assert "another version" in done.error


# -- figures ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "workers"),
    [
        pytest.param({"cpu.max": "150000 100000\n"}, 6, id="second-version"),
        pytest.param({"cpu.max": "max 100000\n"}, 192, id="no-quota"),
        pytest.param({"cpu.max": "20000 100000\n"}, 3, id="a-fifth-of-a-core"),
        pytest.param(
            {"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"},
            9,
            id="first-version",
        ),
        pytest.param(
            {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"},
            192,
            id="first-version-without",
        ),
        pytest.param({"cpu.max": "1 0"}, 192, id="nonsense"),
        pytest.param({}, 192, id="no-groups"),
    ],
)
def test_a_container_has_as_many_workers_as_it_has_time(
    files: dict[str, str], workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)), raising=False)
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    assert default_workers(tmp_path) == workers


def test_there_are_always_two_workers_and_patience_has_an_end() -> None:
    assert default_workers() >= 2
    checks = tuple(Check(f"c{n}", NAME, 1.0) for n in range(4))
    big = Exercise("ex90", "big", NAME, Text("s", "s"), (), {}, checks, Limits(check_s=10.0))
    assert patience(job(b"", exercise=big)) == patience(job(b"", exercise=TINY)) - 120 + 40
