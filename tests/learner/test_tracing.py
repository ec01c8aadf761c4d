"""What a thread that spins calls: seen from outside, and it goes on afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from grader.learner.tracing import Calls, commonest_call, supported

pytestmark = pytest.mark.skipif(not supported, reason="ptrace is for Linux on 64 bits")

AT_THE_END = "import socket\na, b = socket.socketpair()\nb.close()\n"
Start = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a program that says when it has begun; whoever asks for its state has no parent's
    part in it (see `with_calls`), so the program is a grandchild."""
    with ExitStack() as stack:

        def run(code: str) -> subprocess.Popen[str]:
            shell = f"{sys.executable} -c '{code}' & echo $!; wait"
            process = stack.enter_context(
                subprocess.Popen(["sh", "-c", shell], stdout=subprocess.PIPE, text=True)
            )
            stack.callback(process.kill)
            return process

        yield run


def begun(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    assert process.stdout.readline() == "begun\n"
    return pid


def traced(pid: int) -> Calls:
    """Look until there is something to say: a busy machine may give the program no time at all."""
    deadline = time.monotonic() + 60
    while (found := commonest_call(pid)) is None:
        assert time.monotonic() < deadline
    return found


def end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


@pytest.mark.needs_proc
def test_a_loop_after_the_end_calls_recv_for_nothing(start: Start) -> None:
    process = start(f'{AT_THE_END}print("begun", flush=True)\nwhile not a.recv(9): pass')
    pid = begun(process)
    try:
        for _ in range(2):  # it goes on, and can be looked at again
            found = traced(pid)
            assert found.name == "recv"
            assert found.count == found.empty > 1
            assert found.seconds > 0
    finally:
        end(pid)


@pytest.mark.needs_proc
def test_recv_counts_before_what_is_called_as_often(start: Start) -> None:
    loop = 'a.settimeout(9)\nprint("begun", flush=True)\nwhile not a.recv(9): pass'
    pid = begun(start(AT_THE_END + loop))
    try:
        assert traced(pid).name == "recv"
    finally:
        end(pid)


@pytest.mark.needs_proc
@pytest.mark.parametrize(
    "code",
    [
        'print("begun", flush=True)\nwhile True: pass',
        'import time\nprint("begun", flush=True)\ntime.sleep(100)',
    ],
)
def test_nothing_is_said_where_no_call_is_made(start: Start, code: str) -> None:
    pid = begun(start(code))
    try:
        assert commonest_call(pid) is None
    finally:
        end(pid)


def test_a_process_that_has_gone_is_no_error() -> None:
    process = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                             stdout=subprocess.PIPE, text=True, check=True)  # fmt: skip
    assert commonest_call(int(process.stdout)) is None
