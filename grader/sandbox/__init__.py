"""Where a learner process lives: one module for each rung of the isolation ladder."""

from __future__ import annotations

import sys
from typing import Literal

from grader.model import Limits
from grader.sandbox.base import Sandbox, SandboxError, Submission

__all__ = ["IsolationChoice", "Sandbox", "SandboxError", "Submission", "open_sandbox"]

IsolationChoice = Literal["auto", "full", "partial", "none", "spawn"]


def open_sandbox(choice: IsolationChoice, submission: Submission, limits: Limits) -> Sandbox:
    """Return a sandbox for ``submission`` that is being set up.

    ``auto`` takes the best rung that this machine has; ``full`` raises SandboxError where
    there is no less-than-full alternative to be had.  ``spawn`` is the ``none`` rung
    the way that macOS and Windows take.
    """
    missing: tuple[str, ...] = ()
    if choice == "partial":
        raise SandboxError("the partial rung (Landlock) is not there yet; use full or none")
    if choice in ("auto", "full"):
        try:
            return _bubblewrap(submission, limits)
        except SandboxError as error:
            if choice == "full":
                raise
            missing = (str(error),)
    if choice == "spawn" or sys.platform != "linux":
        from grader.sandbox.spawn import SpawnSandbox

        return SpawnSandbox(submission, limits, missing)
    from grader.sandbox.process import ProcessSandbox

    return ProcessSandbox(submission, limits, missing)


def _bubblewrap(submission: Submission, limits: Limits) -> Sandbox:
    from grader.sandbox.bubblewrap import BubblewrapSandbox

    sandbox = BubblewrapSandbox(submission, limits)
    try:
        sandbox.check_alive()
    except BaseException:
        sandbox.close()
        raise
    return sandbox
