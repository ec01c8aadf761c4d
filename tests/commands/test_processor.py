"""Processor time is counted for everything that is started, and groups do not stay behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader.commands import _processor

_BUSY = """
import os, sys, time
if os.fork() == 0:  # nobody waits for this one
    if os.fork() == 0:
        while time.process_time() < 0.3: pass
        os.close(1)
        os._exit(0)
    os._exit(0)
os.wait()
"""


def spent(meter: _processor.Meter) -> float:
    before = meter.read()
    subprocess.run([sys.executable, "-c", _BUSY], stdout=subprocess.PIPE, check=True)
    return meter.read() - before


def groups() -> set[Path]:
    return set(Path("/sys/fs/cgroup").glob(f"**/dojo-bench-{os.getpid()}"))


@pytest.mark.needs_proc
def test_orphans_count() -> None:
    with _processor.metering() as meter:
        assert spent(meter) > 0.2
    assert not groups()


@pytest.mark.needs_proc
def test_without_a_group_the_machine_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_processor, "_GROUPS", Path("/nowhere"))
    with _processor.metering() as meter:
        assert not meter.exact
        assert spent(meter) > 0.2


def test_where_nothing_is_known_it_is_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise OSError

    monkeypatch.setattr(Path, "read_text", refuse)
    assert _processor._machine() != _processor._machine()
