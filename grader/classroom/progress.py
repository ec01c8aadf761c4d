"""How far a run is: counts, rate, time left; live on a terminal, now and then a line elsewhere.

`Progress` only counts, by a clock that it is given; `showing` shows it while something runs.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import IO, TYPE_CHECKING, Any, TextIO, cast

from grader.model import Language
from grader.report._layout import guard
from grader.texts import text

if TYPE_CHECKING:
    from rich.text import Text

EVERY_S = 10.0
_WINDOW = 200  # the rate is that of so many results at the most, the newest ones
_BAR = 32
STATUSES = ("passed", "failed", "error")
_COLOURS = {"passed": "green", "failed": "red", "error": "magenta"}


@dataclass
class Progress:
    """What has come of ``total`` submissions by now; ``reused`` more had their grade before."""

    total: int
    reused: int
    language: Language
    clock: Callable[[], float] = time.monotonic
    counts: Counter[str] = field(default_factory=Counter)
    ending: bool = False
    _began: float = field(init=False)
    _times: deque[float] = field(default_factory=lambda: deque(maxlen=_WINDOW), init=False)

    def __post_init__(self) -> None:
        self._began = self.clock()

    @property
    def done(self) -> int:
        """How many submissions have been graded in this run."""
        return self.counts.total()

    def note(self, status: str) -> None:
        """Count one result."""
        self.counts[status] += 1
        self._times.append(self.clock())

    def rate(self) -> float:
        """Return how many submissions are graded a second, lately; 0.0 as long as there is none.

        Waiting counts: where nothing comes any more the rate falls.
        """
        if not self._times:
            return 0.0
        whole = len(self._times) == self.done
        since = self._began if whole else self._times[0]
        results = len(self._times) if whole else len(self._times) - 1
        return results / max(self.clock() - since, 1e-3)

    def left(self) -> float | None:
        """Return in how many seconds all will be done at this rate; None: nobody knows yet."""
        rate = self.rate()
        return (self.total - self.done) / rate if rate > 0 else None

    def elapsed(self) -> float:
        """Return how many seconds there have been."""
        return self.clock() - self._began

    def line(self) -> str:
        """Return all of it in one line."""
        parts = [self.say("done", done=self.done, total=self.total)]
        parts += [self.say(name, n=self.counts[name]) for name in STATUSES]
        if self.reused:
            parts.append(self.say("reused", n=self.reused))
        return " · ".join([*parts, *self.pace()])

    def pace(self) -> list[str]:
        """Return how fast it goes, and how long it will take; or that it is ending."""
        if self.ending:
            return [self.say("ending")]
        rate, left = self.rate(), self.left()
        if left is None:
            return [self.say("elapsed", time=duration(self.elapsed()))]
        if rate >= 1:
            shown = self.say("per_second", rate=f"{rate:.1f}")
        else:
            shown = self.say("per_minute", rate=f"{60 * rate:.1f}")
        return [shown, self.say("left", time=duration(left))] if left > 0 else [shown]

    def say(self, key: str, **values: object) -> str:
        """Return a text about progress."""
        return text(f"classroom.progress_{key}", self.language, **values)


def duration(seconds: float) -> str:
    """Return a time span as a clock shows it: ``0:07``, ``12:30``, ``1:02:03``."""
    whole = max(0, round(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Lines:
    """A line each ten seconds, for logs."""

    def __init__(self, progress: Progress, stream: TextIO, every: float = EVERY_S) -> None:
        self._progress = progress
        self._stream = stream
        self._every = every
        self._due = progress.clock() + every
        self._said_ending = False

    def wait(self) -> float:
        """Return how many seconds there are until the next line is due."""
        return max(0.0, self._due - self._progress.clock())

    def tick(self) -> None:
        """Write a line where one is due, or somebody has asked for the end."""
        is_news = self._progress.ending and not self._said_ending
        if self.wait() > 0 and not is_news:
            return
        self._said_ending = self._progress.ending
        self._due = self._progress.clock() + self._every
        self.write()

    def write(self) -> None:
        """Write a line now; a stream that is gone ends nothing."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(guard(self._progress.line()) + "\n")
            self._stream.flush()


@contextlib.contextmanager
def showing(progress: Progress, stream: TextIO, wake: SimpleQueue[None]) -> Iterator[None]:
    """Show progress while something runs: live on a terminal, else in lines.

    Who puts something into ``wake`` has it shown at once.
    """
    if progress.total == 0:
        yield
    elif stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb"):
        with _live(progress, stream):
            yield
    else:
        with _lines(progress, stream, wake):
            yield


@contextlib.contextmanager
def _lines(progress: Progress, stream: TextIO, wake: SimpleQueue[None]) -> Iterator[None]:
    lines = Lines(progress, stream)
    over = threading.Event()

    def run() -> None:
        while not over.is_set():
            with contextlib.suppress(Empty):
                wake.get(timeout=lines.wait())
            if not over.is_set():
                lines.tick()

    thread = threading.Thread(target=run, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        wake.put(None)
        thread.join()
        lines.write()


class _Lenient:
    """A terminal that may go away: what is written then goes nowhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, words: str) -> int:
        with contextlib.suppress(OSError):
            self._stream.write(words)
        return len(words)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def _live(progress: Progress, stream: TextIO) -> Iterator[None]:
    from rich.console import Console
    from rich.live import Live

    console = Console(file=cast(IO[str], _Lenient(stream)), highlight=False)
    shape = "█░" if console.encoding.lower().startswith("utf") else "#-"
    with Live(
        console=console,
        get_renderable=lambda: picture(progress, shape),
        refresh_per_second=4,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ):
        yield


def picture(progress: Progress, shape: str = "█░") -> Text:
    """Return the live view: a bar and the pace, below it the counts."""
    from rich.text import Text

    full = _BAR * progress.done // progress.total if progress.total else _BAR
    share = progress.done / progress.total if progress.total else 1.0
    made = Text(no_wrap=True, overflow="ellipsis")
    made.append(shape[0] * full, "cyan").append(shape[1] * (_BAR - full), "dim")
    made.append(f" {share:4.0%}  ")
    made.append(progress.say("done", done=progress.done, total=progress.total), "bold")
    if progress.reused:
        made.append(f" · {progress.say('reused', n=progress.reused)}", "dim")
    made.append("\n")
    for name in STATUSES:
        count = progress.counts[name]
        made.append(progress.say(name, n=count), _COLOURS[name] if count else "dim")
        made.append(" · ")
    made.append(" · ".join(progress.pace()), "yellow" if progress.ending else "")
    return made
