"""What keeps a busy machine out of a verdict: turns played again, shares of what there was."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from grader.harness import idleness
from grader.harness import test_ex01_bytes_codec as ex01
from grader.harness.contracts import turns
from grader.harness.idleness import SHARE, Usage, idle_share

Times = tuple[float, float]


class Machine:
    """A process's clock, processor time and queueing, as a test wants them to go by."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.threads: dict[int, Times] = {}
        monkeypatch.setattr(idleness, "time", SimpleNamespace(monotonic=lambda: self.now))
        monkeypatch.setattr(idleness, "_threads", lambda process: dict(self.threads))
        monkeypatch.setattr(idleness, "_cpu", lambda process: self.run())
        monkeypatch.setattr(idleness, "_sleeps_for_good", lambda process, waiter: False)

    def run(self) -> float:
        return sum(run for run, _ in self.threads.values())

    def go(self, wall: float, **threads: Times) -> None:
        """Let time go by; each thread runs and queues so long meanwhile."""
        self.now += wall
        for name, (run, queue) in threads.items():
            tid = int(name.removeprefix("t"))
            old = self.threads.get(tid, (0.0, 0.0))
            self.threads[tid] = (old[0] + run, old[1] + queue)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def usage() -> Usage:
    return Usage(None)  # type: ignore[arg-type]


def test_who_spins_is_busy_however_little_he_gets(machine: Machine) -> None:
    seen = usage()
    machine.go(1.0, t1=(0.04, 0.96))
    assert seen.share() == pytest.approx(1.0)
    assert seen.kept_waiting()


def test_who_sleeps_is_idle_however_long_he_waits_to_be_woken(machine: Machine) -> None:
    seen = usage()
    machine.go(1.0, t1=(0.005, 0.6), t2=(0.002, 0.1))
    assert seen.share() < SHARE
    assert seen.kept_waiting()


def test_what_is_asked_late_is_not_diluted(machine: Machine) -> None:
    seen = usage()
    machine.go(1.0, t1=(0.04, 0.96))
    machine.go(3.0, t1=(0.0, 0.0))
    assert seen.share(1.0) == pytest.approx(1.0)
    assert seen.share() < SHARE


def test_a_thread_that_has_ended_counts(machine: Machine) -> None:
    seen = usage()
    machine.go(0.5, t1=(0.0, 0.0), t2=(0.3, 0.1))
    seen.look()
    del machine.threads[2]
    machine.go(0.5, t1=(0.0, 0.0))
    assert seen.share() == pytest.approx(0.3 / 0.9)


def test_what_no_look_has_seen_counts_by_the_clock_of_the_process(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = usage()
    monkeypatch.setattr(idleness, "_cpu", lambda process: 0.25)
    machine.go(1.0)
    assert seen.share() == pytest.approx(0.25)
    assert not seen.kept_waiting()


@pytest.mark.parametrize(
    ("windows", "busy", "looked"),
    [
        ([(0.01, 0.0)], False, 1),
        ([(0.2, 0.0), (0.01, 0.0)], False, 2),  # something was still being finished
        ([(0.1, 0.0), (0.1, 0.0), (0.01, 0.0)], True, 2),
        ([(0.4, 0.0)], True, 1),
        # On a busy machine finishing takes longer, and so does spinning.
        ([(0.05, 0.95), (0.05, 0.9), (0.05, 0.9), (0.01, 0.3)], False, 4),
        ([(0.06, 0.94)] * 9, True, 5),
        ([(0.02, 0.98)] * 9, True, 8),
    ],
)
def test_windows_follow_until_enough_has_run_to_tell(
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    windows: list[Times],
    busy: bool,
    looked: int,
) -> None:
    due, count = iter(windows), 0

    def pause(*_: Any) -> None:
        nonlocal count
        count += 1
        machine.go(1.0, t1=next(due))

    monkeypatch.setattr(idleness, "_pause", pause)
    share = idle_share(None, None)  # type: ignore[arg-type]
    assert (share >= SHARE, count) == (busy, looked)


# -- turns -----------------------------------------------------------------------------


def played(*, late: float, kept_waiting: float, forgiven: int = 0) -> list[float]:
    """Play turns whose one step comes ``late`` after the call began; return their timeouts.

    The first ``forgiven`` of them end later than they should, on a machine that is late.
    """
    notes: list[str] = []
    lab: Any = SimpleNamespace(
        say=lambda key, **values: f"{key} {values}",
        transcript=SimpleNamespace(add=lambda who, event, note: notes.append(note)),
    )
    timeouts = []
    for turn in turns(lab, 100.0):
        timeouts.append(turn.timeout)
        call = SimpleNamespace(started=time.monotonic() - late)
        let_off = len(timeouts) <= forgiven
        turn.acted(
            SimpleNamespace(call=call, kept_waiting=lambda: kept_waiting, forgiven=let_off)  # type: ignore[arg-type]
        )
    assert len(notes) == len(timeouts) - 1
    return timeouts


@pytest.mark.parametrize(
    ("late", "kept_waiting", "timeouts"),
    [
        (0.0, 0.0, [100.0]),
        (0.0, 99.0, [100.0]),
        (101.0, 0.0, [100.0, 600.0]),
        (50.0, 60.0, [100.0, 600.0]),
        (9999.0, 0.0, [100.0, 600.0, 1600.0]),
    ],
)
def test_a_turn_counts_where_every_step_came_in_time(
    late: float, kept_waiting: float, timeouts: list[float]
) -> None:
    assert played(late=late, kept_waiting=kept_waiting) == timeouts


@pytest.mark.parametrize(
    ("forgiven", "timeouts"), [(1, [100.0, 600.0]), (9, [100.0, 600.0, 1600.0])]
)
def test_a_turn_in_which_lateness_was_forgiven_is_played_again(
    forgiven: int, timeouts: list[float]
) -> None:
    assert played(late=0.0, kept_waiting=0.0, forgiven=forgiven) == timeouts


# -- random data -----------------------------------------------------------------------


def test_random_characters_of_ex01_hold_no_line_end_in_any_encoding() -> None:
    control = set(b"\t\n\v\f\r \0\x7f")
    for code in (*ex01._CHINESE, *ex01._EMOJI):
        encodings = ["utf-8", "utf-16-le", "utf-16-be", *(["gbk"] if code < 0x10000 else [])]
        assert all(control.isdisjoint(chr(code).encode(encoding)) for encoding in encodings)
    assert min(len(ex01._CHINESE), len(ex01._EMOJI)) > 40
