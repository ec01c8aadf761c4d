"""``bench class``: how many submissions a second, beside what else there is.

The class is made of the suite's own files, each of them different: eight of ten pass (the
reference and the variants), one hangs, one is wrong (the mistakes).  Beside it: the same
submissions in a loop of single gradings; pytest with a third as many checks and no isolation,
once per submission; and the floor, a fork and a connection.

Processor time is that of everything that was started (see ``_processor``).
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from grader.catalog import load_exercise, mistakes, solution_path, variants
from grader.classroom.pool import Pool, default_workers
from grader.classroom.work import Job, engine_digest
from grader.commands._processor import Meter, metering
from grader.model import Exercise, Language
from grader.sandbox import IsolationChoice
from grader.texts import text

HANGING = b"""
import socket
def serve(host, port):
    with socket.create_server((host, port)) as listener:
        connection, _ = listener.accept()
        listener.accept()
def echo(host, port, message, timeout=5.0):
    with socket.create_connection((host, port)) as sock:
        return sock.recv(1)
"""
_BARE = """
import socket, sys, threading, time
import pytest
sys.path.insert(0, {folder!r})
import tcp_echo

@pytest.fixture
def address():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        address = sock.getsockname()
    threading.Thread(target=tcp_echo.serve, args=address, daemon=True).start()
    return address

def connected(address):
    for _ in range(500):
        try:
            return socket.create_connection(address, 5)
        except ConnectionRefusedError:
            time.sleep(0.01)
    raise AssertionError("nobody listens")

@pytest.mark.parametrize("size", [1, 1000, 100_000])
def test_echo(address, size):
    with connected(address) as sock:
        data = b"x" * size
        threading.Thread(target=sock.sendall, args=(data,)).start()
        got = b""
        while len(got) < size:
            got += sock.recv(65536)
        assert got == data

def test_next_client(address):
    for _ in range(2):
        with connected(address) as sock:
            sock.sendall(b"hello")
            assert sock.recv(5) == b"hello"

@pytest.mark.parametrize("message", [b"hello", b"", b"x" * 5000])
def test_client(address, message):
    connected(address).close()
    assert tcp_echo.echo(*address, message) == message
"""


@dataclass
class Measured:
    """One way of grading: how many, how long in all, and the processor time of all of it."""

    name: str
    count: int
    wall_s: float
    cpu_s: float
    note: str = ""


def run(
    root: Path, count: int, workers: int | None, isolation: IsolationChoice, language: Language
) -> list[Measured]:
    """Measure a class of ``count`` and what it is compared with."""
    exercise = load_exercise(root, "ex03")
    sources = list(_class(root, exercise, count))
    workers = workers or default_workers()
    few = max(3, count // 50)
    with metering() as meter:
        rows = [
            _class_row(meter, exercise, sources, workers, isolation, language),
            _measured(
                meter, "single", few, lambda: _single(root, exercise, sources[:few], isolation)
            ),
            _measured(meter, "pytest", few, lambda: _bare_pytest(root, exercise, few)),
            _measured(meter, "floor", 10 * few, lambda: _floor(10 * few)),
        ]
    if not meter.exact:
        rows[0].note += "\n" + text("cli.bench_inexact", language)
    return rows


def _class(root: Path, exercise: Exercise, count: int) -> Iterator[bytes]:
    right = [solution_path(root, exercise), *variants(root, exercise)]
    wrong = [mistake.path for mistake in mistakes(root, exercise)]
    for number in range(count):
        if number % 10 == 8:
            source = HANGING
        elif number % 10 == 9:
            source = wrong[number // 10 % len(wrong)].read_bytes()
        else:
            source = right[number % len(right)].read_bytes()
        yield source + f"\n# {number}\n".encode()


def _class_row(
    meter: Meter,
    exercise: Exercise,
    sources: list[bytes],
    workers: int,
    isolation: IsolationChoice,
    language: Language,
) -> Measured:
    statuses: dict[str, int] = {}
    sizes: list[int] = []
    pool = Pool(workers)

    def grade() -> None:
        jobs = (
            Job(number, exercise, source, engine_digest(), "en", isolation)
            for number, source in enumerate(sources)
        )
        try:
            for done in pool.results(jobs):
                status = done.verdict.status if done.verdict else "error"
                statuses[status] = statuses.get(status, 0) + 1
                if sum(statuses.values()) in (len(sources) // 10, len(sources)):
                    sizes.append(_biggest_worker())
        finally:
            pool.close()

    row = _measured(meter, "class", len(sources), grade)
    counts = ", ".join(f"{statuses[name]} {name}" for name in sorted(statuses))
    memory = " → ".join(f"{size >> 20}" for size in sizes)
    row.note = text(
        "cli.bench_class", language, workers=workers, counts=counts, memory=memory or "–"
    )
    return row


def _single(
    root: Path, exercise: Exercise, sources: list[bytes], isolation: IsolationChoice
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{exercise.slug}.py"
        for source in sources:
            file.write_bytes(source)
            command = [sys.executable, "-m", "grader", "grade", exercise.id, "--file", str(file)]
            _finish([*command, "--isolation", isolation, "--format", f"json={folder}/v"], root)


def _bare_pytest(root: Path, exercise: Exercise, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        test = Path(folder) / "test_bare.py"
        test.write_text(_BARE.format(folder=folder), encoding="utf-8")
        source = solution_path(root, exercise).read_bytes()
        for number in range(count):
            (Path(folder) / f"{exercise.slug}.py").write_bytes(source + b"# %d\n" % number)
            _finish([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)])


def _finish(command: list[str], folder: Path | None = None) -> None:
    subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )


def _floor(count: int) -> None:
    """Fork, connect, exchange a message, wait for the end."""
    if not hasattr(os, "fork"):
        return
    with socket.create_server(("127.0.0.1", 0)) as listener:
        for _ in range(count):
            child = os.fork()
            if child == 0:
                try:
                    connection, _ = listener.accept()
                    connection.sendall(connection.recv(100))
                finally:
                    os._exit(0)
            with socket.create_connection(listener.getsockname()) as sock:
                sock.sendall(b"hello")
                sock.recv(100)
            os.waitpid(child, 0)


# -- what it took --------------------------------------------------------------------------


def _measured(meter: Meter, name: str, count: int, work: Callable[[], None]) -> Measured:
    before, began = meter.read(), time.perf_counter()
    work()
    wall = time.perf_counter() - began
    return Measured(name, count, wall, meter.read() - before)


def _biggest_worker() -> int:
    """Return how many bytes of memory the biggest of our children holds (proc(5), statm)."""
    from grader.sandbox.processes import children, read

    most = 0
    for pid in children(os.getpid()):
        with suppress(OSError, IndexError, ValueError):
            most = max(
                most, int(read(f"/proc/{pid}/statm").split()[1]) * os.sysconf("SC_PAGE_SIZE")
            )
    return most


def print_rows(rows: list[Measured], cores: int, language: Language) -> None:
    """Print a table: rates, in all and for each core, processor time each, ratios to the first."""
    print(f"{'':26} {'n':>6} {'wall s':>8} {'/s':>7} {'/s/core':>8} {'cpu s':>7}   ratio")
    rate = rows[0].count / rows[0].wall_s
    for row in rows:
        own = row.count / row.wall_s
        name = text(f"cli.bench_{row.name}_row", language)
        # One after the other keeps one core busy, whatever the machine has.
        used = cores if row.name == "class" else 1
        print(
            f"{name:26} {row.count:6} {row.wall_s:8.2f} {own:7.2f} {own / used:8.2f}"
            f" {row.cpu_s / row.count:7.3f}   {rate / own:.2f}"
        )
    print(rows[0].note)
