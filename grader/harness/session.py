"""One run of a harness under pytest: the checks side by side, the results one by one.

pytest collects the checks, sets them up and bounds them in time.  Their bodies run in
threads that all start at once, so that a check that waits costs nothing; when pytest comes
to a check, it waits for that check's body.  Checks share nothing but the sandbox.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeGuard

import pytest

from grader.harness.lab import Lab
from grader.learner.failure import CheckFailed, CheckSkipped, HarnessError
from grader.learner.transcript import Transcript

Body = Callable[[Lab], None]
# The checks of each harness file that pytest has collected in this process.
_COLLECTED: dict[Path, dict[str, Body]] = {}
LABS: pytest.StashKey[dict[str, Lab]] = pytest.StashKey()
PREFIX = "check_"
_HERE = Path(__file__).resolve().parent
_MOST_THREADS = 32
_SWITCH_INTERVAL = 0.0005
# The other method, "thread", ends the whole judge; it is for systems without SIGALRM.
_TIMEOUT_METHOD = "signal" if hasattr(signal, "SIGALRM") else "thread"
_OFF = [
    "cacheprovider",
    "terminal",
    "doctest",
    "junitxml",
    "pastebin",
    "nose",
    "debugging",
    "faulthandler",
]
_OFF += ["unraisableexception", "threadexception", "stepwise", "setuponly", "setupplan", "logging"]


@dataclass
class Outcome:
    """What one check's body came to: no failure, no skip and no error means that it passed."""

    failure: CheckFailed | None = None
    skipped: str = ""
    error: str = ""
    duration_s: float = 0.0
    transcript: Transcript = field(default_factory=Transcript)
    output: str = ""


class _Plugin:
    """Chooses the checks, starts their bodies, and hands pytest what they came to."""

    def __init__(self, chosen: Sequence[str], make_lab: Callable[[str], Lab]) -> None:
        self.chosen = list(chosen)
        self.make_lab = make_lab
        self.outcomes: dict[str, Outcome] = {}
        self.problems: list[str] = []
        self.bodies: dict[str, Body] = {}
        self._futures: dict[str, Future[Outcome]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the chosen checks, in the manifest's order."""
        found = {item.name.removeprefix(PREFIX): item for item in items}
        missing = [check for check in self.chosen if check not in found]
        if missing:
            self.problems.append(f"the harness lacks checks: {', '.join(missing)}")
        items[:] = [found[check] for check in self.chosen if check in found]
        self.bodies = {name: item.obj for name, item in found.items() if _has_only_a_lab(item)}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a harness that cannot be imported."""
        if report.failed:
            self.problems.append(str(report.longrepr))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Iterator[None]:
        """Start every body before pytest asks for the first."""
        labs = session.config.stash.setdefault(LABS, {})
        with ThreadPoolExecutor(max_workers=_MOST_THREADS, thread_name_prefix="check") as pool:
            for item in session.items:
                assert isinstance(item, pytest.Function)
                check = item.name.removeprefix(PREFIX)
                labs[item.name] = self.make_lab(check)
                self._futures[check] = pool.submit(run_body, item.obj, labs[item.name])
            try:
                return (yield)
            finally:
                # Interrupted, or past pytest-timeout's bound: what still runs is given up.
                for item in session.items:
                    if not self._futures[item.name.removeprefix(PREFIX)].done():
                        labs[item.name].abandon()

    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool:
        """Wait for a check's body instead of running it here."""
        check = pyfuncitem.name.removeprefix(PREFIX)
        outcome = self._futures[check].result()
        self.outcomes[check] = outcome
        if outcome.failure is not None:
            raise outcome.failure
        if outcome.error:
            raise HarnessError(outcome.error)
        if outcome.skipped:
            pytest.skip(outcome.skipped)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a check that pytest itself ended, such as one past pytest-timeout's bound."""
        check = report.nodeid.rpartition("::")[2].removeprefix(PREFIX)
        if report.failed and check not in self.outcomes:
            lines = str(report.longrepr).strip().splitlines() or ["the check did not end"]
            said = [line[1:].strip() for line in lines if line.startswith("E ")]
            self.outcomes[check] = Outcome(error=said[-1] if said else lines[-1])


def _has_only_a_lab(item: pytest.Item) -> TypeGuard[pytest.Function]:
    """Say whether a check needs nothing of pytest but the laboratory that it is called with."""
    return isinstance(item, pytest.Function) and item.fixturenames == ["lab", "request"]


def run_body(body: Body, lab: Lab) -> Outcome:
    """Run one check's body in its laboratory and say what it came to."""
    began = time.monotonic()
    outcome = Outcome()
    try:
        with lab:
            try:
                body(lab)
            finally:
                outcome.output = lab.output()
    except CheckFailed as failure:
        outcome.failure = failure
        _note_end(lab, failure)
    except CheckSkipped as skipped:
        outcome.skipped = skipped.reason
    except Exception as error:  # noqa: BLE001 - whatever else it is, it is ours
        outcome.error = _one_line(error)
    outcome.duration_s = time.monotonic() - began
    outcome.transcript = lab.transcript
    return outcome


# What the learner's code was doing when a check gave it up, as the last line of the transcript.
_LAST_EVENT = {"blocked": "wait", "sleeping": "wait", "spinning": "spin"}


def _note_end(lab: Lab, failure: CheckFailed) -> None:
    place = failure.location
    if place is not None and place.state in _LAST_EVENT:
        lab.transcript.add("you", _LAST_EVENT[place.state], note=place.doing)
    elif failure.kind == "silent":
        lab.transcript.add("peer", "timeout")


def _one_line(error: BaseException) -> str:
    place = ""
    trace = error.__traceback__
    while trace is not None:
        place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__}: {error} ({place})"


def run_harness(
    name: str, chosen: Sequence[str], make_lab: Callable[[str], Lab], bound_s: float
) -> dict[str, Outcome]:
    """Run the checks ``chosen`` of ``test_<name>.py``; every one has an outcome.

    Raises HarnessError where the harness itself is broken.
    """
    file = _HERE / f"test_{name}.py"
    if not file.is_file():
        raise HarnessError(f"no harness {file.name}")
    if file in _COLLECTED and set(chosen) <= _COLLECTED[file].keys():
        with _brisk_threads():
            return _run_again(_COLLECTED[file], chosen, make_lab, bound_s)
    plugin = _Plugin(chosen, make_lab)
    arguments = [str(file), "-c", str(_HERE / "pytest.ini"), f"--rootdir={_HERE}"]
    arguments += ["--assert=plain", "--import-mode=prepend", "--capture=no"]
    for off in _OFF:
        arguments += ["-p", f"no:{off}"]
    arguments += [
        "-p",
        "pytest_timeout",
        f"--timeout={bound_s:g}",
        f"--timeout-method={_TIMEOUT_METHOD}",
    ]
    with _quiet_environment(), _brisk_threads():
        code = pytest.main(arguments, plugins=[plugin])
    # pytest calls a harness that cannot be imported an interrupted session, too.
    if code == pytest.ExitCode.INTERRUPTED and not plugin.problems:
        raise KeyboardInterrupt
    if plugin.problems:
        raise HarnessError(plugin.problems[0])
    missing = [check for check in chosen if check not in plugin.outcomes]
    if missing:
        raise HarnessError(f"pytest ended ({code!s}) before {missing[0]}")
    _COLLECTED.setdefault(file, {}).update(plugin.bodies)
    return plugin.outcomes


def _run_again(
    bodies: Mapping[str, Body],
    chosen: Sequence[str],
    make_lab: Callable[[str], Lab],
    bound_s: float,
) -> dict[str, Outcome]:
    """Run the checks of a harness that pytest has collected in this process before.

    For who grades one submission after the other: a pytest session costs some 15 ms.
    """
    labs = {check: make_lab(check) for check in chosen}
    outcomes: dict[str, Outcome] = {}
    with ThreadPoolExecutor(max_workers=_MOST_THREADS, thread_name_prefix="check") as pool:
        futures = {check: pool.submit(run_body, bodies[check], labs[check]) for check in chosen}
        try:
            for check, future in futures.items():
                try:
                    outcomes[check] = future.result(bound_s)
                except FutureTimeout:
                    outcomes[check] = Outcome(error=f"the check did not end within {bound_s:g} s")
                    labs[check].abandon()
        finally:
            for check, future in futures.items():
                if not future.done():
                    labs[check].abandon()
    return outcomes


@contextlib.contextmanager
def _brisk_threads() -> Iterator[None]:
    """Let threads take turns every half millisecond: peers answer at once or hardly at all."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_INTERVAL)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextlib.contextmanager
def _quiet_environment() -> Iterator[None]:
    """Keep the user's own pytest settings and plugins out of the judge."""
    kept = {name: os.environ.pop(name, None) for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")}
    before = os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        for name, value in {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": before}.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
