"""Folders around several students' folders: sections, weeks, what was copied together.

``A/ann/tcp_echo.py`` is ann's and ``ann/work/tcp_echo.py`` is, too: names alone don't tell.  A list
of students does; without one nearly all outer folders must look alike, and be called like groups
or hold several people's files for one exercise.  What is less clear is said, and nothing changes.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache

from grader.classroom.collecting.found import Found, Steps
from grader.classroom.collecting.names import words
from grader.classroom.collecting.subjects import Subjects

# Words that name no person; a number or a letter beside them doesn't, either.
_GENERIC = re.compile(
    r"(weeks?|wk|sections?|sec|groups?|grp|class|course|labs?|tutorials?|sessions?|teams?|days?|parts?"
    r"|units?|modules?|chapters?|assignments?|homeworks?|hw|attempts?|try|tries|versions?|terms?"
    r"|semesters?|periods?|rounds?|sets?|batch|seminars?|years?|cohorts?|rooms?|students?|spring"
    r"|summer|autumn|fall|winter|v|w|no|nr|projects?|proj|backups?|bak|drafts?|libs?|tests?|build"
    r"|mon(day)?|tue(sday)?|wed(nesday)?|thu(rsday)?|fri(day)?|sat(urday)?|sun(day)?|am|pm"
    r"|morning|afternoon|evening|group[a-z]|section[a-z])?\d{0,2}|[a-z]|20\d\d"
    r"|第.{0,3}|[一二三四五六七八九十]*|[周次课节讲批]|星期.|上午|下午|晚上|学期|年级"
)

_MANY = 5


@dataclass
class _Outer:
    """What lies in a folder in which a student's name is looked for."""

    python: bool = False
    direct: bool = False  # a Python file with no further name on the way to it
    vague: bool = False  # one below a folder that can be anybody's ("week 1")
    inner: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # exercises
    known: set[str] = field(default_factory=set)  # inner names that the list of students knows

    @property
    def is_like_a_group(self) -> bool:
        if self.direct or self.vague:  # what lies astray among a whole class changes nothing
            return self._people() >= _MANY
        return self.python and bool(self.inner)

    @property
    def is_known(self) -> bool:
        enough = len(self.known) > 1 or (not self.direct and bool(self.known))
        return enough and 2 * len(self.known) >= len(self.inner)

    @property
    def is_clear(self) -> bool:
        """Several people's files for one exercise."""
        return self.is_like_a_group and self._people() > 1

    def _people(self) -> int:
        """Return how many names have files for one exercise."""
        counted = Counter(exercise for mine in self.inner.values() for exercise in mine)
        return max(counted.values(), default=0)


@dataclass(frozen=True)
class Groups:
    """``taken`` are groups, of which ``guessed`` without a list; ``doubtful`` look like some."""

    taken: frozenset[Steps] = frozenset()
    guessed: tuple[Steps, ...] = ()
    doubtful: tuple[Steps, ...] = ()


def is_generic(name: str) -> bool:
    """Tell whether a folder's name is one that no student has: "week3", "Section A", "1班"."""
    parts = words(name)
    if parts and parts[-1][-1] in "班组":
        return True
    return bool(parts) and all(_GENERIC.fullmatch(part) for part in parts)


def find_groups(
    found: Iterable[Found], skipped: int, subjects: Subjects, knows: Callable[[str], bool]
) -> Groups:
    """Find groups among what no platform and no repository says the owner of.

    ``skipped`` is how many folders are around all; ``knows`` whether a name is a student's of
    the list.
    """
    outers = _outers(found, skipped, subjects, cache(knows))
    filled = {steps: outer for steps, outer in outers.items() if outer.python}
    known = {steps for steps, outer in filled.items() if outer.is_known}
    like = {steps for steps, outer in filled.items() if outer.is_like_a_group} | known
    if like and 10 * len(like) >= 9 * len(filled) and _is_plain(filled, like, known):
        empty = {s for s, o in outers.items() if not o.python and o.inner and is_generic(s[-1])}
        return Groups(frozenset(like | empty), tuple(sorted(like - known)))
    odd = {steps for steps in like if filled[steps].is_clear}
    for steps, outer in filled.items():
        if not is_generic(steps[-1]) or outer.direct:
            continue
        # "week3/A" says more than "a/1", which may be Anonymous A's first attempt.
        if outer.inner or (outer.vague and any(len(part) > 2 for part in words(steps[-1]))):
            odd.add(steps)
    if len(like) > 1 and 10 * len(like) >= 9 * len(filled):
        odd |= like
    return Groups(frozenset(known), (), tuple(sorted(odd - known)))


def _outers(
    found: Iterable[Found], skipped: int, subjects: Subjects, knows: Callable[[str], bool]
) -> dict[Steps, _Outer]:
    outers: dict[Steps, _Outer] = defaultdict(_Outer)
    for thing in found:
        named = [
            at for at in range(skipped, len(thing.steps) - 1) if subjects.rest_of(thing.steps[at])
        ]
        if not named or knows(thing.steps[named[0]]):
            # Of the list's own the folder counts as one that is no group.
            if named and not thing.role:
                outers[thing.steps[: named[0] + 1]].python = True
            continue
        outer = outers[thing.steps[: named[0] + 1]]
        inner = thing.steps[named[1]] if len(named) > 1 else ""
        _put(outer, thing, inner, subjects, knows)
    return outers


def _put(
    outer: _Outer, thing: Found, inner: str, subjects: Subjects, knows: Callable[[str], bool]
) -> None:
    is_python = not thing.role
    outer.python |= is_python
    name = subjects.rest_of(inner) if inner else ""
    if name and knows(inner):
        outer.known.add(name)
    elif not name or is_generic(name):
        outer.direct |= is_python and not name
        outer.vague |= is_python and bool(name)
        return
    mine = outer.inner[name]
    exercise = subjects.by_name(thing.name).exercise or subjects.by_folder(thing.steps[:-1])
    if is_python and exercise is not None:
        mine.add(exercise.id)


def _is_plain(filled: dict[Steps, _Outer], like: set[Steps], known: set[Steps]) -> bool:
    """Tell whether what looks like groups can be nothing else."""
    if all(steps in known or is_generic(steps[-1]) for steps in like):
        return True
    sure = [s for s in like if s in known or is_generic(s[-1]) or filled[s].is_clear]
    # The same name for the same exercise in several: rather a student's "first" and "second".
    named = Counter(
        (inner, exercise)
        for steps in like
        for inner, exercises in filled[steps].inner.items()
        for exercise in exercises
    )
    return 2 * len(sure) >= len(like) and max(named.values(), default=0) <= 1
