"""Progress by a clock of the tests' own: counts, rates, lines when they are due."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import time
from queue import SimpleQueue
from select import select

import pytest
from rich.console import Console

from grader.classroom.progress import Lines, Progress, duration, picture, showing
from grader.model import LANGUAGES, Language
from grader.report._layout import columns


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


def note(
    progress: Progress, clock: Clock, count: int, every: float, status: str = "passed"
) -> None:
    for _ in range(count):
        clock.now += every
        progress.note(status)


# -- counting --------------------------------------------------------------------------


def test_before_the_first_result_nobody_knows(clock: Clock) -> None:
    progress = Progress(10, 0, "en", clock)
    clock.now += 5
    assert (progress.rate(), progress.left()) == (0.0, None)
    assert (
        progress.line()
        == "0/10 graded · 0 passed · 0 failed · 0 with an error of ours · 0:05 so far"
    )


def test_the_line_says_all_of_it(clock: Clock) -> None:
    progress = Progress(100, 7, "en", clock)
    note(progress, clock, 8, 0.5)
    note(progress, clock, 1, 0.5, "failed")
    note(progress, clock, 1, 0.5, "error")
    assert progress.done == 10
    assert progress.line() == (
        "10/100 graded · 8 passed · 1 failed · 1 with an error of ours · 7 graded before"
        " · 2.0/s · about 0:45 left"
    )


def test_slow_rates_are_told_by_the_minute(clock: Clock) -> None:
    progress = Progress(10, 0, "en", clock)
    note(progress, clock, 2, 20.0)
    assert progress.line().endswith("3.0/min · about 2:40 left")


def test_nothing_is_left_at_the_end(clock: Clock) -> None:
    progress = Progress(2, 0, "en", clock)
    note(progress, clock, 2, 0.1)
    assert progress.line().endswith("error of ours · 10.0/s")


def test_the_rate_is_that_of_the_newest_results(clock: Clock) -> None:
    """The first hundreds were graded at once: that says nothing of the rest."""
    progress = Progress(10_000, 0, "en", clock)
    note(progress, clock, 1000, 0.001)
    note(progress, clock, 400, 0.5)
    assert progress.rate() == pytest.approx(2.0, rel=0.02)


def test_the_rate_falls_while_nothing_comes(clock: Clock) -> None:
    progress = Progress(100, 0, "en", clock)
    note(progress, clock, 10, 0.1)
    assert progress.rate() == pytest.approx(10.0)
    clock.now += 9.0
    assert progress.rate() == pytest.approx(1.0)


def test_a_clock_that_stands_still_divides_by_nothing(clock: Clock) -> None:
    progress = Progress(2, 0, "en", clock)
    progress.note("passed")
    assert progress.rate() > 0


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (7.4, "0:07"), (59.6, "1:00"), (750, "12:30"), (3723, "1:02:03"), (-3, "0:00")],
)
def test_durations(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


# -- lines -----------------------------------------------------------------------------


def test_a_line_each_ten_seconds(clock: Clock) -> None:
    stream = io.StringIO()
    progress = Progress(100, 0, "en", clock)
    lines = Lines(progress, stream)
    seen = []
    for tick in range(1, 351):
        clock.now = 1000.0 + tick / 10
        before = stream.tell()
        lines.tick()
        if stream.tell() > before:
            seen.append(round(clock.now - 1000.0))
    assert seen == [10, 20, 30]
    assert stream.getvalue().count("\n") == 3
    assert lines.wait() == pytest.approx(5.0)


def test_that_it_is_ending_is_said_once_and_at_once(clock: Clock) -> None:
    stream = io.StringIO()
    progress = Progress(100, 0, "en", clock)
    lines = Lines(progress, stream)
    clock.now += 1
    progress.ending = True
    lines.tick()
    lines.tick()
    assert stream.getvalue().count("ending when") == 1


def test_a_stream_that_is_gone_ends_nothing(clock: Clock) -> None:
    stream = io.StringIO()
    lines = Lines(Progress(1, 0, "en", clock), stream)
    stream.close()
    clock.now += 100
    lines.tick()


def test_a_log_gets_a_line_at_the_end_and_whenever_it_is_woken() -> None:
    stream = io.StringIO()
    progress = Progress(2, 0, "en")
    wake: SimpleQueue[None] = SimpleQueue()
    with showing(progress, stream, wake):
        progress.ending = True
        wake.put(None)
        end = time.monotonic() + 60
        while not stream.getvalue():
            assert time.monotonic() < end
            select([], [], [], 0.002)
        progress.note("failed")
    first, last = stream.getvalue().splitlines()
    assert first.startswith("0/2 graded")
    assert last.startswith("1/2 graded")


def test_nothing_to_do_shows_nothing() -> None:
    stream = io.StringIO()
    with showing(Progress(0, 5, "en"), stream, SimpleQueue()):
        pass
    assert stream.getvalue() == ""


# -- on a terminal -----------------------------------------------------------------------


def all_of(terminal: int) -> str:
    """Return what has been written to a terminal whose other end is closed."""
    said = b""
    with contextlib.suppress(OSError):  # EIO
        while data := os.read(terminal, 1 << 16):
            said += data
    os.close(terminal)
    return said.decode()


@pytest.mark.parametrize("width", [40, 100])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_picture_fits_a_terminal(clock: Clock, language: Language, width: int) -> None:
    progress = Progress(300, 12, language, clock)
    note(progress, clock, 150, 0.25)
    for ending in (False, True):
        progress.ending = ending
        console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
        drawn = console.render_lines(picture(progress), pad=False)
        lines = ["".join(part.text for part in line) for line in drawn]
        assert len(lines) == 2
        assert all(columns(line) <= width for line in lines)
        assert "50%" in lines[0]
        assert lines[0].count("█") == 16


def test_a_live_view_is_wiped_when_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        progress = Progress(4, 0, "en")
        with showing(progress, stream, SimpleQueue()):
            progress.note("passed")
    said = all_of(ours)
    assert "/4 graded" in said
    assert said.endswith("\x1b[2K")


def test_a_terminal_that_goes_away_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its window is closed: what is being graded is graded to its end."""
    monkeypatch.setenv("TERM", "xterm")
    ours, theirs = os.openpty()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stream = os.fdopen(theirs, "w", encoding="utf-8")
    try:
        with showing(Progress(4, 0, "en"), stream, SimpleQueue()):
            os.close(ours)
    finally:
        signal.signal(signal.SIGHUP, before)
        with contextlib.suppress(OSError):
            stream.close()


def test_a_terminal_that_obeys_nothing_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    ours, theirs = os.openpty()
    with (
        os.fdopen(theirs, "w", encoding="utf-8") as stream,
        showing(Progress(4, 0, "en"), stream, SimpleQueue()),
    ):
        pass
    said = all_of(ours)
    assert "\x1b" not in said
    assert said.startswith("0/4 graded")
