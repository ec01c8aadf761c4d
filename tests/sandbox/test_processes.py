"""Process trees, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from grader.sandbox import processes

pytestmark = pytest.mark.needs_proc

Eventually = Callable[[Callable[[], bool]], None]

TREE = """
import ctypes, os, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
for depth in range(3):
    if os.fork() == 0:
        os.setsid()
        os.fork()
        while True:
            time.sleep(1000)
print("ready", flush=True)
while True:
    time.sleep(1000)
"""


@pytest.fixture
def tree() -> Iterator[int]:
    """Yield the root of seven processes in four sessions."""
    with subprocess.Popen(
        [sys.executable, "-S", "-c", TREE], stdout=subprocess.PIPE, start_new_session=True
    ) as root:
        assert root.stdout is not None
        root.stdout.readline()
        yield root.pid
        processes.kill_tree(root.pid)
        root.wait()


def test_finds_all_descendants_parents_first(tree: int, eventually: Eventually) -> None:
    eventually(lambda: len(processes.descendants(tree)) == 6)
    found = processes.descendants(tree)
    assert set(found[:3]) == set(processes.children(tree))
    assert tree not in found


def test_adopted_orphans_are_descendants(tree: int, eventually: Eventually) -> None:
    eventually(lambda: len(processes.descendants(tree)) == 6)
    middle = processes.children(tree)[0]
    (orphan,) = processes.children(middle)
    os.kill(middle, signal.SIGKILL)
    eventually(lambda: orphan in processes.children(tree))


def test_kills_the_whole_tree(tree: int, eventually: Eventually) -> None:
    eventually(lambda: len(processes.descendants(tree)) == 6)
    found = processes.descendants(tree)
    processes.kill_tree(tree)
    eventually(lambda: all(processes.state(pid) == "Z" for pid in [tree, *found]))


def test_tells_states_apart(tree: int, eventually: Eventually) -> None:
    eventually(lambda: processes.state(tree) == "S")
    os.kill(tree, signal.SIGSTOP)
    eventually(lambda: processes.state(tree) == "T")
    with subprocess.Popen([sys.executable, "-S", "-c", ""]) as short:
        eventually(lambda: processes.state(short.pid) == "Z")


def test_nothing_is_found_of_what_is_not_there(tree: int) -> None:
    gone = subprocess.Popen([sys.executable, "-S", "-c", ""])
    gone.wait()
    assert processes.descendants(gone.pid) == []
    assert processes.state(gone.pid) == "Z"
    processes.kill_tree(gone.pid)
    for pid in (0, -1):
        processes.kill_tree(pid)
    assert processes.state(tree) != "Z"
