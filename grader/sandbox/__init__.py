"""Where a learner process lives: one module for each rung of the isolation ladder."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Literal

from grader.model import Limits
from grader.sandbox.base import Sandbox, SandboxError, Submission

__all__ = ["IsolationChoice", "Sandbox", "SandboxError", "Submission", "open_sandbox"]

IsolationChoice = Literal["auto", "full", "partial", "none", "spawn"]


def _nothing() -> None:
    return


def open_sandbox(
    choice: IsolationChoice,
    submission: Submission,
    limits: Limits,
    meanwhile: Callable[[], None] = _nothing,
) -> Sandbox:
    """Return a sandbox for ``submission``.

    ``auto`` takes the best rung that this machine has; ``full`` raises SandboxError where
    it is not to be had.  ``spawn`` is the ``none`` rung the way that macOS and Windows take.
    ``meanwhile`` is called once while a sandbox is being set up.
    """
    missing: tuple[str, ...] = ()
    if choice == "partial":
        raise SandboxError("the partial rung (Landlock) is not there yet; use full or none")
    if choice in ("auto", "full"):
        try:
            return _bubblewrap(submission, limits, meanwhile)
        except SandboxError as error:
            if choice == "full":
                raise
            missing = (str(error),)
    meanwhile()
    if choice == "spawn" or sys.platform != "linux":
        from grader.sandbox.spawn import SpawnSandbox

        return SpawnSandbox(submission, limits, missing)
    from grader.sandbox.process import ProcessSandbox

    return ProcessSandbox(submission, limits, missing)


def _bubblewrap(submission: Submission, limits: Limits, meanwhile: Callable[[], None]) -> Sandbox:
    from grader.sandbox.bubblewrap import BubblewrapSandbox

    sandbox = BubblewrapSandbox(submission, limits)
    try:
        meanwhile()
        sandbox.check_alive()
    except BaseException:
        sandbox.close()
        raise
    return sandbox
