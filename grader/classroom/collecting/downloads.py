"""Where platforms' names and clones lie as platforms and instructors put them.

A student can give any name to a file of her own.  Without a list of students a folder or zip is
taken for a download, not for somebody's own, where most of what is in it has such names, and at
least half of the folders beside it are the same: one student alone cannot bring that about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from grader.classroom.collecting.found import Found, Steps
from grader.classroom.collecting.names import folded
from grader.classroom.collecting.platforms import Clue, clue_of


def first_clue(steps: Steps) -> tuple[int, Clue] | None:
    """Return the outermost name on the way that is a platform's, and where it stands."""
    for at in range(len(steps)):
        clue = clue_at(steps, at)
        if clue is not None:
            return at, clue
    return None


def clue_at(steps: Steps, at: int) -> Clue | None:
    """Read one name on the way as a platform's; one of a zip or of Python may be a file's."""
    is_last = at == len(steps) - 1
    return clue_of(steps[at], is_last or folded(steps[at]).endswith((".zip", ".py")))


def find_downloads(found: Iterable[Found], homes: Collection[Steps]) -> set[Steps]:
    """Find the folders and zips that hold what platforms named, or clones (``homes``)."""
    every: Counter[Steps] = Counter()
    named: Counter[Steps] = Counter()
    for thing in found:
        if thing.role not in ("", "unknown", "unreadable"):
            continue
        steps = thing.steps
        clue = first_clue(steps)
        deepest = max((at for at in range(1, len(steps)) if steps[:at] in homes), default=0) - 1
        if clue is not None:
            deepest = max(deepest, clue[0])
        for at in range(1, len(steps)):
            every[steps[:at]] += 1
            named[steps[:at]] += at <= deepest
    mostly = {steps for steps, count in every.items() if 2 * named[steps] > count}
    beside = Counter(steps[:-1] for steps in every)
    like = Counter(steps[:-1] for steps in mostly)
    return {steps for steps in mostly if 2 * like[steps[:-1]] >= beside[steps[:-1]]}
