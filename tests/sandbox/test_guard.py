"""A learner that starts too many processes is stopped, and told so; the machine lives on."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import cast

from grader.catalog import load_exercise
from grader.judge import Options, grade
from grader.sandbox import processes
from grader.sandbox.base import Child
from grader.sandbox.guard import Guard, bytes_in, total_tasks

ROOT = Path(__file__).parents[2]
# Bounded, so that a guard that fails to act harms nobody: 512 processes.
BOMB = """
import os, signal
def serve(host, port):
    for _ in range(9):
        os.fork()
    signal.pause()
def echo(host, port, message, timeout=5.0):
    return serve(host, port)
"""


def test_a_fork_bomb_is_stopped_and_named(tmp_path: Path) -> None:
    path = tmp_path / "tcp_echo.py"
    path.write_text(BOMB, encoding="utf-8")
    only = ("server_echoes_one_message",)
    verdict = grade(load_exercise(ROOT, "ex03"), path, Options(only=only))
    assert verdict.status == "failed"
    assert verdict.checks[0].diagnosis == "too_many_threads"


class Known:
    """A check that has ended; while it is asked about that, another check begins."""

    def __init__(self, guard: Guard, other: Child) -> None:
        self.begun = threading.Thread(target=guard.watch, args=(other,))

    @property
    def closed(self) -> bool:
        """Return True, when the other check is watched or has to wait for that."""
        if self.begun.ident is None:
            self.begun.start()
            self.begun.join(0.2)
        return True


class Begins:
    closed = False


def test_of_checks_that_begin_side_by_side_none_is_forgotten() -> None:
    guard = Guard(most=1 << 20, memory=1 << 40)
    guard.close()  # nothing is to be looked at here
    one, other = cast(Child, Begins()), cast(Child, Begins())
    known = Known(guard, other)
    guard.watch(cast(Child, known))
    guard.watch(one)
    known.begun.join()
    assert sorted(map(id, guard.watched())) == sorted(map(id, (one, other)))


def test_counts_tasks_and_stops_over_the_limit() -> None:
    assert processes.count_tasks(1, 0) >= 1
    assert total_tasks() > 1


def test_adds_up_what_is_in_a_folder(tmp_path: Path) -> None:
    most = 1 << 20
    assert bytes_in(tmp_path / "gone", most) == 0
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/file").write_bytes(bytes(100_000))
    (tmp_path / "a/up").symlink_to(tmp_path)
    assert 100_000 <= bytes_in(tmp_path, most) < 200_000
    (tmp_path / "hole").touch()
    os.truncate(tmp_path / "hole", 1 << 40)
    assert bytes_in(tmp_path, most) < 200_000
    for number in range(300):
        (tmp_path / str(number)).touch()
    assert bytes_in(tmp_path, most) > most
