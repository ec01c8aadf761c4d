"""Output that is bounded, and pipes that never block."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.harness.lab import Lab
from grader.model import Limits
from grader.sandbox import processes
from grader.sandbox.base import (
    Drain,
    Output,
    await_readable,
    executable,
    process_limit,
    rlimits,
)


def test_keeps_the_beginning_of_an_output_and_counts_the_rest() -> None:
    output = Output(5)
    output.feed(b"abc")
    assert output.text() == "abc"
    output.feed(b"defgh")
    output.feed(b"ij")
    assert output.text() == "abcde…"
    assert output.total == 10
    assert not output.ended.is_set()
    output.feed(b"")
    assert output.ended.is_set()


def test_shows_what_is_no_text() -> None:
    output = Output(100)
    output.feed("é".encode()[:1] + b"\xff\0")
    assert output.text() == "\\xc3\\xff\0"


def test_drains_many_pipes_at_once() -> None:
    drain, ends, outputs = Drain(), [], []
    for _ in range(20):
        reading, writing = os.pipe()
        outputs.append(Output(1 << 20))
        drain.add(reading, outputs[-1])
        ends.append(writing)
    for end in ends:
        assert os.write(end, bytes(1 << 16)) == 1 << 16
    for end in ends[:10]:
        os.close(end)
    for output in outputs[:10]:
        assert output.ended.wait(60)
        assert output.total == 1 << 16
    drain.close()
    assert all(output.ended.is_set() for output in outputs)
    for end in ends[10:]:
        os.close(end)


def test_the_interpreter_is_the_real_one() -> None:
    assert Path(executable()).is_file()
    assert not Path(executable()).is_symlink()


def test_a_limit_is_never_nothing() -> None:
    assert rlimits(Limits(cpu_s=0.1))["RLIMIT_CPU"] == 1


def test_processes_are_counted_only_where_they_are_the_sandboxs_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else a user with much running of their own could start nothing in a submission."""
    limits = Limits(processes=300)
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    assert process_limit(limits) == {}
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "", "5.14.0-1", "", "")))
    assert process_limit(limits, namespace=True)["RLIMIT_NPROC"] >= 8 * 300
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "", "5.10.0", "", "")))
    assert process_limit(limits, namespace=True) == {}
    assert process_limit(limits, user=61200)["RLIMIT_NPROC"] >= 8 * 300
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    assert process_limit(limits, namespace=True) == {}


HEAVY = """
import os
def serve(host, port):
    return None
def crowd():
    pids = []
    for _ in range(8):
        pid = os.fork()
        if pid == 0:
            held = bytearray(30 << 20)
            for at in range(0, len(held), 4096):
                held[at] = 1
            os.read(os.pipe()[0], 1)
        pids.append(pid)
    return len(pids)
"""


@pytest.mark.parametrize(
    "isolation",
    [
        pytest.param("full", marks=pytest.mark.needs_bwrap),
        pytest.param("partial", marks=pytest.mark.needs_landlock),
        "none",
    ],
)
@pytest.mark.needs_proc
def test_what_is_stopped_is_gone(open_lab: Callable[..., Lab], isolation: str) -> None:
    """Its listener, too: the next server of a check is to have that port."""
    lab = open_lab(HEAVY, isolation)
    calling = lab.call("crowd")
    assert calling.returns() == 8
    child = calling.process.child
    pids = [*processes.descendants(child.root), *([child.root] if child.root_is_learner else [])]
    assert len(pids) >= 9
    lab.stop(calling.process)
    assert [processes.state(pid) for pid in pids] == ["Z"] * len(pids)


def test_waits_for_descriptors_of_any_number() -> None:
    import resource

    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 1200:
        pytest.skip("this machine gives no process so many descriptors")
    reading, writing = os.pipe()
    high = os.dup2(reading, 1100)
    assert not await_readable(high, 0)
    os.write(writing, b"x")
    assert await_readable(high, 0)
    for fd in (reading, writing, high):
        os.close(fd)
