"""How much processor time was spent by everything that was started, sandboxes included.

What a process and the children that it has waited for have used (getrusage(2)) misses most of it:
in a PID namespace that is killed as a whole nobody waits for the processes.  A control group
counts them all, where one can be made; else the whole machine is counted (proc(5), stat), which
is right only where nothing else runs.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_NAME = f"dojo-bench-{os.getpid()}"


@dataclass(frozen=True)
class Meter:
    """``read()`` gives seconds of processor time; compare two readings.  ``exact``: ours alone."""

    read: Callable[[], float]
    exact: bool


@contextlib.contextmanager
def metering() -> Iterator[Meter]:
    """Count what this process starts from now on."""
    for made in (_first_version, _second_version):
        with contextlib.suppress(OSError, ValueError, IndexError):
            folder, before, members, read = made()
            (folder / members).write_text(str(os.getpid()))
            try:
                yield Meter(read, exact=True)
            finally:
                with contextlib.suppress(OSError):
                    (before / members).write_text(str(os.getpid()))
                    folder.rmdir()
            return
    yield Meter(_machine, exact=False)


_Group = tuple[Path, Path, str, Callable[[], float]]


def _first_version() -> _Group:
    """Make a group of the controller cpuacct (cgroups(7), version 1; OSError)."""
    before = _GROUPS / "cpuacct" / _own("cpuacct").lstrip("/")
    folder = before / _NAME
    usage = folder / "cpuacct.usage"
    folder.mkdir()
    return folder, before, "tasks", lambda: int(usage.read_text()) / 1e9


def _second_version() -> _Group:
    """Make a group of the unified hierarchy (cgroups(7), version 2; OSError)."""
    before = _GROUPS / _own("").lstrip("/")
    folder = before / _NAME
    folder.mkdir()

    def read() -> float:
        words = dict(line.split() for line in (folder / "cpu.stat").read_text().splitlines())
        return int(words["usage_usec"]) / 1e6

    try:
        read()
    except (OSError, KeyError):
        folder.rmdir()
        raise OSError("no cpu.stat") from None
    return folder, before, "cgroup.procs", read


def _own(controller: str) -> str:
    """Return the group that this process is in (proc(5), cgroup; IndexError: none)."""
    lines = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    return next((path for _, names, path in lines if controller in names.split(",")), "/")


def _machine() -> float:
    """Return the seconds that all processors have been busy; not a number where unknown."""
    try:
        words = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:]
    except OSError:
        return float("nan")
    ticks = [int(word) for word in words[:8]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")
