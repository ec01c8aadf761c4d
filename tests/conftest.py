"""What the tests of the engine share: graded sources, laboratories, a suite to scribble in."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from select import select

import pytest

from grader.catalog import load_exercise
from grader.harness.lab import Lab, Ports
from grader.judge import Options, grade
from grader.learner import watch
from grader.learner.delay import DelayMeter
from grader.model import Check, Exercise, Language, Limits, Text, Verdict
from grader.sandbox import IsolationChoice, Sandbox, SandboxError, Submission, open_sandbox

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60.0
_MARKERS = (
    "needs_bwrap: the test is about the full rung and is skipped where bubblewrap does not work",
    "needs_landlock: the test is about the partial rung, and skipped where Landlock does not work",
    "needs_proc: the test reads Linux's /proc and is skipped elsewhere",
    "needs_chromium: the test looks at a page in a real browser and is skipped without Chromium",
)
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers of this suite known; take signals as they are by default.

    Who starts it in the background (``&``, ``nohup``) has it ignore some, and what it starts, too.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    for line in _MARKERS:
        config.addinivalue_line("markers", line)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, with a reason that everybody sees, what this machine cannot do."""
    if item.get_closest_marker("needs_bwrap") and (reason := _why_not("full")):
        pytest.skip(f"no full isolation here: {reason}")
    if item.get_closest_marker("needs_landlock") and (reason := _why_not("partial")):
        pytest.skip(f"no partial isolation here: {reason}")
    if item.get_closest_marker("needs_proc") and not watch.supported:
        pytest.skip("no /proc/PID/task/TID/syscall here")
    if item.get_closest_marker("needs_chromium") and not _chromium():
        pytest.skip(f"no browser here: {', '.join(_CHROMIUM)}")


def _chromium() -> str | None:
    return next(filter(None, map(shutil.which, _CHROMIUM)), None)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of the browser (see the marker ``needs_chromium``)."""
    path = _chromium()
    assert path is not None
    return path


@cache
def _why_not(rung: IsolationChoice) -> str:
    try:
        open_sandbox(rung, Submission("a.py", b"", "a"), Limits()).close()
    except SandboxError as error:
        return str(error)
    return ""


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the root of this repository: the suite that is tested."""
    return ROOT


@pytest.fixture(scope="session")
def best() -> IsolationChoice:
    """Return the best rung that this machine has."""
    rungs: tuple[IsolationChoice, ...] = ("full", "partial")
    return next((rung for rung in rungs if not _why_not(rung)), "none")


@pytest.fixture(scope="session")
def reference() -> str:
    """Return the source of ex03's reference solution."""
    path = ROOT / "solutions" / "ex03_tcp_echo" / "tcp_echo.py"
    return path.read_text(encoding="utf-8")


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Return the root of a suite of its own that has only ex03, to be changed at will."""
    root = tmp_path / "suite"
    for kind in ("exercises", "solutions"):
        shutil.copytree(
            ROOT / kind / "ex03_tcp_echo",
            root / kind / "ex03_tcp_echo",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    return root


@pytest.fixture
def grade_source(tmp_path: Path, best: IsolationChoice) -> Callable[..., Verdict]:
    """Return a function that grades a source text as a submission of an exercise."""

    def grade_source(
        exercise_id: str,
        source: str | bytes,
        checks: Sequence[str] = (),
        isolation: IsolationChoice | None = None,
        language: Language = "en",
    ) -> Verdict:
        exercise = load_exercise(ROOT, exercise_id)
        path = tmp_path / f"{exercise.slug}.py"
        path.write_bytes(source if isinstance(source, bytes) else source.encode())
        return grade(exercise, path, Options(language, isolation or best, tuple(checks)))

    return grade_source


@pytest.fixture
def open_box() -> Iterator[Callable[..., Sandbox]]:
    """Return a function that opens a sandbox for a source; all are closed at the end."""
    with ExitStack() as stack:

        def open_box(
            source: str, isolation: IsolationChoice = "none", limits: Limits | None = None
        ) -> Sandbox:
            submission = Submission("tiny.py", source.encode(), "tiny")
            box = open_sandbox(isolation, submission, limits or Limits())
            stack.callback(box.close)
            return box

        yield open_box


@pytest.fixture
def open_lab(open_box: Callable[..., Sandbox]) -> Iterator[Callable[..., Lab]]:
    """Return a function that opens a laboratory whose submission is the given source."""
    with ExitStack() as stack:
        meter = DelayMeter()
        stack.callback(meter.close)

        def open_lab(
            source: str | Sandbox,
            isolation: IsolationChoice = "none",
            language: Language = "en",
            limits: Limits | None = None,
        ) -> Lab:
            box = open_box(source, isolation, limits) if isinstance(source, str) else source
            ports = Ports(box.isolation.level == "full", box.ports)
            lab = Lab(_tiny(), "a_check", box, ports, meter, language, 7)
            lab.waiter.bound = PATIENCE
            return stack.enter_context(lab)

        yield open_lab


def _tiny() -> Exercise:
    name = Text("tiny", "小")
    return Exercise("ex90", "tiny", name, name, (), {}, (Check("a_check", name, 1.0),))


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Return a function that looks until something is so; it fails where it never is.

    For what no event tells of, such as the state of another process.
    """

    def eventually(is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not is_so():
            assert time.monotonic() < end, "it never came about"
            select([], [], [], 0.002)

    return eventually
