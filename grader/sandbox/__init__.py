"""Where a learner process lives: one module for each rung of the isolation ladder."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from grader.model import Isolation, Limits
from grader.sandbox.base import Sandbox, SandboxError, Submission, UnavailableError

if TYPE_CHECKING:
    from grader.sandbox.nursery import Nursery
    from grader.sandbox.zygote import ZygoteSandbox

__all__ = [
    "IsolationChoice",
    "Sandbox",
    "SandboxError",
    "Submission",
    "UnavailableError",
    "open_sandbox",
]

IsolationChoice = Literal["auto", "full", "partial", "none", "spawn"]


def _nothing() -> None:
    return


def open_sandbox(
    choice: IsolationChoice,
    submission: Submission,
    limits: Limits,
    meanwhile: Callable[[], None] = _nothing,
    nursery: Nursery | None = None,
) -> Sandbox:
    """Return a sandbox for ``submission``.

    ``auto`` takes the best rung that this machine has; ``full`` and ``partial`` raise
    UnavailableError where they are not to be had.  ``spawn`` is the ``none`` rung the way
    that macOS and Windows take.
    ``meanwhile`` is called once while a sandbox is being set up.  ``nursery`` is kept by who
    grades many submissions (only ``full`` has a use for it).
    """
    missing: tuple[str, ...] = ()
    once = _once(meanwhile)
    if choice in ("auto", "full"):
        try:
            return _bubblewrap(submission, limits, once, nursery)
        except UnavailableError as error:
            if choice == "full":
                raise
            missing += error.reasons
    if choice in ("auto", "partial"):
        try:
            sandbox = _landlock(submission, limits, once)
            held = sandbox.isolation
            sandbox.isolation = Isolation(held.level, held.backend, (*missing, *held.missing))
            return sandbox
        except UnavailableError as error:
            if choice == "partial":
                raise
            missing += error.reasons
    once()
    missing = tuple(dict.fromkeys(missing))
    if choice == "spawn" or sys.platform != "linux":
        from grader.sandbox.spawn import SpawnSandbox

        return SpawnSandbox(submission, limits, missing)
    from grader.sandbox.process import ProcessSandbox

    return ProcessSandbox(submission, limits, missing)


def _once(action: Callable[[], None]) -> Callable[[], None]:
    done: list[bool] = []

    def run() -> None:
        if not done:
            done.append(True)
            action()

    return run


def _checked(sandbox: ZygoteSandbox, meanwhile: Callable[[], None]) -> Sandbox:
    try:
        meanwhile()
        sandbox.check_alive()
    except BaseException:
        sandbox.close()
        raise
    return sandbox


def _bubblewrap(
    submission: Submission,
    limits: Limits,
    meanwhile: Callable[[], None],
    nursery: Nursery | None,
) -> Sandbox:
    from grader.sandbox.bubblewrap import BubblewrapSandbox

    return _checked(BubblewrapSandbox(submission, limits, nursery), meanwhile)


def _landlock(submission: Submission, limits: Limits, meanwhile: Callable[[], None]) -> Sandbox:
    from grader.sandbox.landlock import LandlockSandbox

    return _checked(LandlockSandbox(submission, limits), meanwhile)
