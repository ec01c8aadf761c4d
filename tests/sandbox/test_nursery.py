"""One nursery, many submissions: each has a zygote of its own, and none leaves anything behind."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.catalog import load_exercise, solution_path
from grader.judge import Options, grade
from grader.model import Limits
from grader.sandbox import IsolationChoice, SandboxError, Submission, open_sandbox, processes
from grader.sandbox.bubblewrap import make_nursery
from grader.sandbox.nursery import Nursery, await_end

ROOT = Path(__file__).resolve().parents[2]
Eventually = Callable[[Callable[[], bool]], None]
# 300 SyntaxWarnings: what Python says about them is more than a pipe holds.
WARNINGS = b"\ndef _odd(x):\n" + b"".join(b"    assert (x, 'say %d')\n" % n for n in range(300))


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    made = make_nursery()
    yield made
    made.close()


def reference() -> bytes:
    exercise = load_exercise(ROOT, "ex03")
    return solution_path(ROOT, exercise).read_bytes()


def graded(source: bytes, folder: Path, nursery: Nursery | None, *only: str) -> list[str]:
    """Return the checks that did not pass."""
    file = folder / "tcp_echo.py"
    file.write_bytes(source)
    checks = only or ("server_echoes_one_message", "client_lets_refusal_through")
    options = Options(isolation="full", only=checks)
    verdict = grade(load_exercise(ROOT, "ex03"), file, options, nursery)
    assert [check.id for check in verdict.checks] == list(checks)
    return [f"{check.id}: {check.message}" for check in verdict.checks if check.status != "passed"]


@pytest.mark.needs_bwrap
def test_one_process_for_many_submissions(nursery: Nursery, tmp_path: Path) -> None:
    pids = set()
    for number in range(3):
        assert graded(reference() + b"\n# %d" % number, tmp_path, nursery) == []
        assert nursery.process is not None
        pids.add(nursery.process.pid)
    assert len(pids) == 1
    assert graded(b"def serve(", tmp_path, nursery)
    assert graded(reference(), tmp_path, nursery) == []


@pytest.mark.needs_bwrap
def test_descriptors_and_processes_do_not_add_up(nursery: Nursery, tmp_path: Path) -> None:
    def count() -> tuple[int, int]:
        assert nursery.process is not None
        open_here = len(os.listdir("/proc/self/fd"))
        return open_here, len(processes.descendants(nursery.process.pid))

    graded(reference(), tmp_path, nursery)
    before = count()
    for _ in range(3):
        graded(reference(), tmp_path, nursery)
    assert count() == before


@pytest.mark.needs_bwrap
@pytest.mark.parametrize("how", ["killed", "closed"])
def test_begins_anew_where_it_has_gone(how: str, nursery: Nursery, tmp_path: Path) -> None:
    graded(reference(), tmp_path, nursery)
    assert nursery.process is not None
    before = nursery.process.pid
    if how == "killed":
        nursery.process.kill()
        nursery.process.wait()
    else:
        nursery.close()
    assert graded(reference(), tmp_path, nursery) == []
    assert nursery.process is not None
    assert nursery.process.pid != before


@pytest.mark.needs_bwrap
def test_ends_with_everything_in_it(nursery: Nursery, eventually: Eventually) -> None:
    sandbox = open_sandbox("full", Submission("x.py", b"", "x"), Limits(), nursery=nursery)
    child = sandbox.fork()
    assert nursery.process is not None
    below = processes.descendants(nursery.process.pid)
    assert len(below) >= 4  # bubblewrap's own, the nursery, the zygote, the check's
    nursery.close()
    eventually(lambda: all(processes.state(pid) == "Z" for pid in below))
    child.close()
    sandbox.close()


@pytest.mark.needs_bwrap
def test_a_zygote_that_hangs_on_is_ended(nursery: Nursery, eventually: Eventually) -> None:
    nursery.start()
    ours, theirs = socket.socketpair()
    nursery.order(theirs)
    theirs.close()
    pidfd = nursery.born()
    ended = select.poll()
    ended.register(pidfd, select.POLLIN)
    assert not ended.poll(0)
    await_end(pidfd, 0.01)  # it waits for what it is for: nobody hangs up
    assert ended.poll(0)
    os.close(pidfd)
    ours.close()


@pytest.mark.needs_bwrap
def test_a_sandbox_given_up_before_it_answered_leaves_no_zygote(
    nursery: Nursery, tmp_path: Path
) -> None:
    from grader.sandbox.bubblewrap import BubblewrapSandbox

    BubblewrapSandbox(Submission("x.py", b"", "x"), Limits(), nursery).close()
    assert graded(reference(), tmp_path, nursery) == []


def test_what_does_not_start_says_why() -> None:
    made = Nursery(lambda: (["/bin/sh", "-c", "echo no such luck >&2; exit 3"], ()))
    made.start()
    ours, theirs = socket.socketpair()
    made.order(theirs)
    with pytest.raises(SandboxError, match="does not answer"):
        made.born()
    assert made.complaint() == "no such luck"
    assert made.process is None
    assert made.complaint() == ""
    ours.close()
    theirs.close()


@pytest.mark.parametrize(
    "isolation",
    [
        pytest.param("full", marks=pytest.mark.needs_bwrap),
        pytest.param("partial", marks=pytest.mark.needs_landlock),
        "none",
        "spawn",
    ],
)
def test_warnings_of_the_compiler_hold_nobody_up(
    isolation: IsolationChoice, tmp_path: Path
) -> None:
    file = tmp_path / "tcp_echo.py"
    file.write_bytes(reference() + WARNINGS)
    options = Options(isolation=isolation, only=("server_echoes_one_message",))
    verdict = grade(load_exercise(ROOT, "ex03"), file, options)
    assert verdict.status == "passed", verdict.checks[0].message


@pytest.mark.needs_bwrap
def test_warnings_of_one_do_not_hold_up_the_next(nursery: Nursery, tmp_path: Path) -> None:
    for _ in range(3):
        assert graded(reference() + WARNINGS, tmp_path, nursery, "server_echoes_one_message") == []
