"""How a check says that the learner's code fell short, and what that was."""

from __future__ import annotations

from dataclasses import dataclass, field

from grader.model import Location


@dataclass
class CheckFailed(Exception):
    """The learner's code did not do what the check is about.

    ``kind`` is what was seen, in general (``mismatch``, ``short``, ``silent``, ``ended``,
    ``raised`` …); a check may translate kinds into diagnoses with ``blame``.  ``expected``
    and ``received`` are for the learner's eyes.  ``stuck`` is true where nothing could
    happen any more, or nothing did before the deadline.
    """

    kind: str
    expected: str = ""
    received: str = ""
    stuck: bool = False
    location: Location | None = None
    values: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind}: expected {self.expected}, received {self.received}"


class CheckSkipped(Exception):
    """The check cannot be made on this machine; ``reason`` is a text key."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class HarnessError(Exception):
    """The grader itself is at fault; never costs the learner points."""
