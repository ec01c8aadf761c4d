"""A cluster of real Dask processes over loopback, some of them killed while they work."""

from __future__ import annotations

import os
import pkgutil
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from grader.classroom import cluster
from grader.classroom.cluster import ClusterBackend, ClusterError, open_cluster
from grader.classroom.work import Job
from tests.classroom.cluster_farm import (
    EX01,
    FAKES,
    PATIENCE,
    ROOT,
    Farm,
    Held,
    Running,
    end,
    is_gone,
    job,
)

_REASON = "the extra `cluster` is not installed"
distributed = pytest.importorskip("distributed", reason=_REASON)
pytest.importorskip("cryptography", reason=_REASON)
if sys.platform != "linux":
    pytest.skip("the processes are watched and killed as Linux has it", allow_module_level=True)

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    """A scheduler of this test's own, without workers."""
    with ExitStack() as stack:
        farm = Farm(tmp_path, stack)
        farm.start_scheduler()
        yield farm


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a cluster with two fake workers, each started anew where it dies."""
    with ExitStack() as stack:
        farm = Farm(tmp_path_factory.mktemp("farm"), stack)
        farm.start_scheduler()
        farm.start_worker("--nworkers", "2", "--preload", FAKES)
        client = stack.enter_context(distributed.Client(farm.address, set_as_default=False))
        client.wait_for_workers(2, timeout=PATIENCE)
        yield farm.address


@pytest.fixture
def connect() -> Iterator[Callable[..., ClusterBackend]]:
    """Return a function that connects once there are workers enough; closed at the end."""
    with ExitStack() as stack:

        def connect(address: str, workers: int = 1) -> ClusterBackend:
            backend = stack.enter_context(closing(open_cluster(address, "en", patience_s=PATIENCE)))
            backend._client.wait_for_workers(workers, timeout=PATIENCE)
            return backend

        yield connect


@pytest.fixture
def held(tmp_path: Path) -> Held:
    return Held(tmp_path)


def test_jobs_come_back_each_once(two: str, connect: Callable[..., ClusterBackend]) -> None:
    done = list(connect(two, 2).results(job(ticket, "ok") for ticket in range(20)))
    assert sorted(one.ticket for one in done) == list(range(20))
    assert not any(one.error for one in done)


def test_jobs_are_taken_as_workers_fall_free(
    two: str, connect: Callable[..., ClusterBackend]
) -> None:
    taken: list[int] = []

    def jobs() -> Iterator[Job]:
        for ticket in range(12):
            taken.append(ticket)
            yield job(ticket, "ok")

    most = 0
    for given, _ in enumerate(connect(two, 2).results(jobs())):
        most = max(most, len(taken) - given)
    assert most <= 4  # one at work and one to be fetched, for each worker


def test_a_worker_that_dies_costs_a_retry(
    two: str, connect: Callable[..., ClusterBackend], tmp_path: Path
) -> None:
    jobs = [job(ticket, "ok") for ticket in range(6)]
    jobs.insert(2, job(6, f"once {tmp_path / 'marker'}"))
    done = list(connect(two, 2).results(jobs))
    assert sorted(one.ticket for one in done) == list(range(7))
    assert not any(one.error for one in done)
    assert (tmp_path / "marker").exists()


def test_a_worker_killed_from_outside_costs_a_retry(
    two: str, connect: Callable[..., ClusterBackend], held: Held
) -> None:
    running = Running(connect(two, 2), [job(0, held.source), *(job(n, "ok") for n in (1, 2, 3))])
    first, _ = held.pids()
    assert sorted(running.next() for _ in range(3)) == [1, 2, 3]
    os.kill(first, signal.SIGKILL)
    second, own = held.pids()
    assert second != first
    os.kill(own, signal.SIGKILL)  # the pool's process this time, and the pool tries again
    assert held.pids()[0] == second
    running.backend.close()
    assert running.finish() == []


def test_a_submission_that_kills_its_worker_twice_is_an_error(
    two: str, connect: Callable[..., ClusterBackend]
) -> None:
    jobs = [job(0, "ok"), job(1, "kill"), *(job(n, "ok") for n in range(2, 8))]
    done = {one.ticket: one for one in connect(two, 2).results(jobs)}
    assert sorted(done) == list(range(8))
    assert "has died over it" in done[1].error
    assert "KilledWorker" in done[1].log
    assert not any(one.error for ticket, one in done.items() if ticket != 1)


def test_stop_waits_for_what_is_under_way(two: str, connect: Callable[..., ClusterBackend]) -> None:
    backend = connect(two, 2)
    taken: list[int] = []

    def jobs() -> Iterator[Job]:
        for ticket in range(50):
            taken.append(ticket)
            yield job(ticket, "ok")

    done = []
    for one in backend.results(jobs()):
        backend.stop()
        done.append(one.ticket)
    assert sorted(done) == taken
    assert len(taken) <= 4


def test_close_ends_what_is_under_way(
    two: str, connect: Callable[..., ClusterBackend], held: Held
) -> None:
    running = Running(connect(two, 2), [job(0, held.source)])
    watch = held.watch()
    running.backend.close()
    assert running.finish() == []
    assert running.error is None
    assert is_gone(watch)
    assert len(list(connect(two, 2).results([job(1, "ok"), job(2, "ok")]))) == 2


def test_a_run_that_is_left_ends_what_is_under_way(
    two: str, connect: Callable[..., ClusterBackend], held: Held
) -> None:
    results = connect(two, 2).results([job(0, "ok"), job(1, held.source)])
    assert next(results).ticket == 0
    watch = held.watch()
    results.close()  # type: ignore[attr-defined]
    assert is_gone(watch)


def test_workers_of_another_version_are_refused_once(
    two: str, connect: Callable[..., ClusterBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "engine_digest", lambda: "newer")
    with pytest.raises(ClusterError, match="another state of socket-dojo"):
        list(connect(two, 2).results(job(ticket, "ok") for ticket in range(5)))


def test_workers_that_cannot_isolate_are_refused_once(
    farm: Farm, connect: Callable[..., ClusterBackend]
) -> None:
    farm.start_worker("--preload", FAKES, PATH=str(farm.folder))  # no bubblewrap there
    with pytest.raises(ClusterError, match=r"isolation full"):
        list(connect(farm.address).results(job(ticket, "ok") for ticket in range(5)))


def test_over_plain_tcp_only_the_full_rung(
    two: str, connect: Callable[..., ClusterBackend]
) -> None:
    backend = connect(two, 2)
    (done,) = backend.results([job(0, "ok")])
    assert done.log.split()[1] == "full"
    with pytest.raises(ClusterError, match="shares the machine's network"):
        list(backend.results([job(1, "ok", "none")]))


@pytest.mark.parametrize("answer", [bytes, str], ids=["empty", "text"])
def test_what_is_no_answer_is_an_error(
    answer: type, two: str, connect: Callable[..., ClusterBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = connect(two, 2)
    submit = backend._client.submit
    rogue = lambda task, *words, **options: submit(answer, **options)  # noqa: E731
    monkeypatch.setattr(backend._client, "submit", rogue)
    done = {one.ticket: one for one in backend.results(job(n, "ok") for n in range(3))}
    assert sorted(done) == [0, 1, 2]
    assert all("no proper answer" in one.error for one in done.values())


def test_what_cannot_be_read_is_an_error_of_its_own(
    two: str, connect: Callable[..., ClusterBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = connect(two, 2)
    submit = backend._client.submit
    # A function of a module that only the workers have: its pickle cannot be loaded here.
    strange = iter([(pkgutil.resolve_name, "cluster_fakes:do")])

    def submit_one_strange(*words: object, **options: object) -> object:
        return submit(*next(strange, words), **options)

    monkeypatch.setattr(backend._client, "submit", submit_one_strange)
    done = {one.ticket: one for one in backend.results(job(n, "ok") for n in range(4))}
    assert [bool(done[n].error) for n in range(4)] == [True, False, False, False]
    assert "cluster_fakes" in done[0].error


def test_a_scheduler_that_dies_ends_the_run(
    farm: Farm, connect: Callable[..., ClusterBackend], held: Held
) -> None:
    farm.start_worker("--preload", FAKES)
    running = Running(connect(farm.address), [job(0, "ok"), job(1, held.source), job(2, "ok")])
    held.pids()
    assert farm.scheduler is not None
    farm.scheduler.kill()
    assert running.finish() == [0]
    assert isinstance(running.error, ClusterError)
    assert "the same command goes on" in str(running.error)


def test_a_cluster_without_workers_is_not_waited_for_for_ever(
    farm: Farm, connect: Callable[..., ClusterBackend], held: Held
) -> None:
    with pytest.raises(ClusterError, match="no worker"):
        open_cluster(farm.address, "en", patience_s=1.0)
    worker = farm.start_worker("--preload", FAKES)
    backend = connect(farm.address)
    backend._patience_s = 1.0
    running = Running(backend, [job(0, held.source)])
    held.pids()
    end(worker)
    running.finish()
    assert isinstance(running.error, ClusterError)
    assert "no worker" in str(running.error)


def test_workers_need_the_package_and_nothing_else(
    farm: Farm, connect: Callable[..., ClusterBackend], tmp_path: Path
) -> None:
    site = tmp_path / "site"
    shutil.copytree(ROOT / "grader", site / "grader", ignore=shutil.ignore_patterns("__pycache__"))
    farm.start_worker(PYTHONPATH=str(site))
    reference = ROOT / "solutions" / EX01.folder / f"{EX01.slug}.py"
    jobs = [job(0, b"def broken(:"), job(1, reference.read_bytes())]
    done = {one.ticket: one for one in connect(farm.address).results(jobs)}
    assert [done[n].error for n in (0, 1)] == ["", ""]
    verdicts = [done[n].verdict for n in (0, 1)]
    assert [verdict and verdict.status for verdict in verdicts] == ["failed", "passed"]


def test_workers_without_the_package_are_told_of(
    farm: Farm, connect: Callable[..., ClusterBackend], tmp_path: Path
) -> None:
    empty = tmp_path / "site" / "grader"
    empty.mkdir(parents=True)
    (empty / "__init__.py").touch()
    farm.start_worker(PYTHONPATH=str(empty.parent))
    with pytest.raises(ClusterError, match="not installed there"):
        list(connect(farm.address).results([job(0, "ok")]))


def test_tls(
    tmp_path: Path, connect: Callable[..., ClusterBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    import dask

    made = distributed.Security.temporary()
    (tmp_path / "ca.pem").write_text(made.tls_ca_file, encoding="ascii")
    (tmp_path / "key.pem").write_text(made.tls_client_key, encoding="ascii")
    paths = {"ca-file": str(tmp_path / "ca.pem")}
    for role in ("scheduler", "worker", "client"):
        paths[f"{role}.cert"] = str(tmp_path / "ca.pem")
        paths[f"{role}.key"] = str(tmp_path / "key.pem")
    with ExitStack() as stack:
        farm = Farm(tmp_path, stack)
        for name, path in paths.items():
            word = name.upper().replace(".", "__").replace("-", "_")
            farm.surroundings[f"DASK_DISTRIBUTED__COMM__TLS__{word}"] = path
        farm.start_scheduler("--protocol", "tls")
        farm.start_worker("--preload", FAKES)
        with pytest.raises(ClusterError, match="COMM__TLS"):
            open_cluster(farm.address, "en", patience_s=5.0)
        with dask.config.set({f"distributed.comm.tls.{name}": to for name, to in paths.items()}):
            (done,) = connect(farm.address).results([job(0, "ok", "none")])
        assert done.log.split()[1] == "none"


def test_a_cluster_of_our_own(
    connect: Callable[..., ClusterBackend], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    backend = connect("local:2")
    jobs = [job(ticket, f"def broken(:  # {ticket}") for ticket in range(3)]
    done = {one.ticket: one for one in backend.results(jobs)}
    assert sorted(done) == [0, 1, 2]
    assert [one.verdict and one.verdict.status for one in done.values()] == ["failed"] * 3
    masks = backend._client.run(signal.pthread_sigmask, signal.SIG_BLOCK, [])
    assert set(map(frozenset, masks.values())) == {frozenset()}
    sessions = backend._client.run(os.getsid, 0)
    pids = backend._client.run(os.getpid)
    assert sessions == pids  # Ctrl-C on the terminal is not for them
    assert len(pids) == 2
    watches = [os.pidfd_open(pid) for pid in pids.values()]
    backend.close()
    assert all(map(is_gone, watches))
    assert list(tmp_path.iterdir()) == []


def test_a_cluster_of_our_own_ends_with_a_killed_command(tmp_path: Path) -> None:
    program = (
        "import os, sys\n"
        "from grader.classroom.cluster import open_cluster\n"
        "if __name__ == '__main__':\n"
        "    backend = open_cluster('local:1', 'en')\n"
        "    print(*backend._client.run(os.getpid).values(), flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as process:
        assert process.stdout is not None
        watch = os.pidfd_open(int(process.stdout.readline()))
        process.kill()
        assert is_gone(watch)


@pytest.mark.parametrize(
    "address",
    ["", "local", "local:0", "local:257", "local:-1", "127.0.0.1:8786", "http://a:1", "tcp://a"],
)
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(ClusterError, match="that is no cluster"):
        open_cluster(address, "en")


def test_a_scheduler_that_is_not_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        port = taken.getsockname()[1]
        with pytest.raises(ClusterError, match="there is no answer") as error:
            open_cluster(f"tcp://127.0.0.1:{port}", "en", patience_s=0.5)
    assert "\n" not in str(error.value)


def test_a_connection_that_fails_leaves_nothing_for_the_end() -> None:
    program = (
        "import grader.classroom.cluster as c\ntry: c.open_cluster('tls://127.0.0.1:9', 'en')\n"
        "except c.ClusterError as error: kept = error\n"  # with all that its traceback knows
    )
    bare = {name: value for name, value in os.environ.items() if not name.startswith("DASK_")}
    ended = subprocess.run([sys.executable, "-c", program], env=bare, capture_output=True)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_without_the_extra_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"pip install .*cluster"):
        open_cluster("local:1", "en")


def test_nothing_of_dask_is_imported_before_it_is_asked_for() -> None:
    program = (
        "import sys, grader.classroom.cluster\n"
        "sys.exit(any(name.partition('.')[0] in ('dask', 'distributed') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
