"""Folders around several students' folders: sections, weeks, what was copied together.

``A/ann/tcp_echo.py`` is ann's and ``ann/work/tcp_echo.py`` is, too: names alone don't tell.  A list
of students does; without one nearly all outer folders must look alike, and be called like groups
or hold several people's files for one exercise.  What is less clear is said, and nothing changes.

In a group the same is asked again (``week3/A/ann``: week, section, student), of each for itself.
There all must be called like groups, or the list of students must know.
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
    r"|semesters?|periods?|rounds?|sets?|batch|seminars?|years?|cohorts?|rooms?|students|spring"
    r"|summer|autumn|fall|winter|v|w|no|nr|projects?|proj|backups?|bak|drafts?|libs?|tests?|build"
    r"|mon(day)?|tue(sday)?|wed(nesday)?|thu(rsday)?|fri(day)?|sat(urday)?|sun(day)?|am|pm"
    r"|morning|afternoon|evening|group[a-z]|section[a-z])?\d{0,2}|[a-z]|20\d\d"
    r"|第.{0,3}|[一二三四五六七八九十]*|[周次课节讲批]|星期.|上午|下午|晚上|学期|年级"
)

# What can be called by such a name, and hand in as one.
_ONE = re.compile(r"(students?|teams?|groups?|grp)\d*|组")
_MANY = 5
_DEEPEST = 4


@dataclass
class _Outer:
    """What lies in a folder in which a student's name is looked for."""

    python: bool = False
    direct: bool = False  # a Python file with no further name on the way to it
    vague: bool = False  # one below a folder that can be anybody's ("week 1")
    inner: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # exercises
    known: set[str] = field(default_factory=set)  # inner names that the list of students knows
    far: set[str] = field(default_factory=set)  # and those below a folder that can be a person's
    beyond: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # "week 1"

    @property
    def is_like_a_group(self) -> bool:
        if self.direct or self.vague:  # what lies astray among a whole class changes nothing
            return _people(self.inner) >= _MANY
        return self.python and bool(self.inner)

    @property
    def is_known(self) -> bool:
        known = self.known | self.far
        if len(known) < 2:
            known = set() if self.direct else self.known
        return bool(known) and 2 * len(known) >= len(self.inner)

    @property
    def is_clear(self) -> bool:
        """Several people's files for one exercise."""
        return self.is_like_a_group and _people(self.inner) > 1

    @property
    def is_deep(self) -> bool:
        """The same, farther in: below folders that can be anybody's."""
        return _people(self.beyond) > 1


def _people(inner: dict[str, set[str]]) -> int:
    """Return how many names have files for one exercise."""
    return max(Counter(e for mine in inner.values() for e in mine).values(), default=0)


@dataclass(frozen=True)
class Groups:
    """``taken`` are groups, of which ``guessed`` without a list; ``doubtful`` look like some."""

    taken: frozenset[Steps] = frozenset()
    guessed: tuple[Steps, ...] = ()
    doubtful: tuple[Steps, ...] = ()

    def called(self, steps: Steps) -> str:
        """Return what to call a folder: by the outermost group around it, too ("week3/A")."""
        ways = range(1, len(steps))
        first = next((at for at in ways if steps[:at] in self.taken), len(steps))
        return "/".join(steps[first - 1 :])


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
    things, look = list(found), _Look(skipped, subjects, cache(knows))
    every = _among(look.outers(things, frozenset()).get((), {}))
    last = every.taken
    for _ in range(_DEEPEST):
        if not last:
            break
        inside = look.outers(things, every.taken)
        judged = [_inside(inside[group]) for group in sorted(last) if group in inside]
        last = frozenset(steps for one in judged for steps in one.taken)
        every = Groups(
            every.taken | last,
            tuple(sorted({*every.guessed, *(s for one in judged for s in one.guessed)})),
            tuple(sorted({*every.doubtful, *(s for one in judged for s in one.doubtful)})),
        )
    return every


def _among(outers: dict[Steps, _Outer]) -> Groups:
    """Find groups among the outermost folders."""
    filled, known, like = _sorted_out(outers)
    if _nearly_all(like, filled) and _is_plain(filled, like, known):
        return Groups(frozenset(like | _empty(outers)), tuple(sorted(like - known)))
    # "week3/A" says more than "a/1", which may be Anonymous A's first attempt.
    return _doubtful(filled, known, like, _says_enough)


def _inside(outers: dict[Steps, _Outer]) -> Groups:
    """Find groups among the folders in one that is a group itself."""
    filled, known, like = _sorted_out(outers)
    unsure = [steps for steps in like - known if is_generic(steps[-1])]
    numbers = [steps for steps in unsure if "".join(words(steps[-1])).isdigit()]
    is_plain = len(unsure) == len(like - known) and _most_for_one(filled, like) <= 1
    # A number can be a student's own, or an attempt's.
    is_plain &= len(numbers) <= 2 * sum(filled[steps].is_clear for steps in numbers)
    if _nearly_all(like, filled) and is_plain:
        return Groups(frozenset(like | _empty(outers)), tuple(sorted(like - known)))
    return _doubtful(filled, known, like, bool)


def _doubtful(
    filled: dict[Steps, _Outer],
    known: set[Steps],
    like: set[Steps],
    says_enough: Callable[[str], bool],
) -> Groups:
    """Take for groups what the list knows, and say of what else looks like some."""
    odd = {s for s, o in filled.items() if o.is_deep or (s in like and o.is_clear)}
    for steps, outer in filled.items():
        is_open = bool(outer.inner) or (outer.vague and says_enough(steps[-1]))
        if is_open and is_generic(steps[-1]) and not outer.direct:
            odd.add(steps)
    if len(like) > 1 and _nearly_all(like, filled):
        odd |= like
    return Groups(frozenset(known), (), tuple(sorted(odd - known)))


def _sorted_out(
    outers: dict[Steps, _Outer],
) -> tuple[dict[Steps, _Outer], set[Steps], set[Steps]]:
    """Return those with Python files, which of them the list knows, which look like groups."""
    filled = {steps: outer for steps, outer in outers.items() if outer.python}
    known = {steps for steps, outer in filled.items() if outer.is_known}
    return filled, known, known | {s for s, outer in filled.items() if outer.is_like_a_group}


def _nearly_all(like: set[Steps], filled: dict[Steps, _Outer]) -> bool:
    return bool(like) and 10 * len(like) >= 9 * len(filled)


def _empty(outers: dict[Steps, _Outer]) -> set[Steps]:
    return {s for s, o in outers.items() if not o.python and o.inner and is_generic(s[-1])}


def _says_enough(name: str) -> bool:
    return any(len(part) > 2 for part in words(name))


class _Look:
    """Looks into folders for names."""

    def __init__(self, skipped: int, subjects: Subjects, knows: Callable[[str], bool]) -> None:
        self._skipped = skipped
        self._subjects = subjects
        self._knows = knows

    def outers(
        self, found: Iterable[Found], groups: frozenset[Steps]
    ) -> dict[Steps, dict[Steps, _Outer]]:
        """Return the folders that would name a student, by the group that they are in."""
        outers: dict[Steps, dict[Steps, _Outer]] = defaultdict(lambda: defaultdict(_Outer))
        for thing in found:
            steps, group = thing.steps, Steps()
            named = [at for at in range(self._skipped, len(steps) - 1) if self._rest(steps[at])]
            while named and steps[: named[0] + 1] in groups:
                group = steps[: named.pop(0) + 1]
            if not named:
                continue
            if not self._knows(steps[named[0]]):
                outer = outers[group][steps[: named[0] + 1]]
                self._put(outer, thing, [steps[at] for at in named])
            elif not thing.role:
                # Of the list's own the folder counts as one that is no group.
                outers[group][steps[: named[0] + 1]].python = True
        return outers

    def _put(self, outer: _Outer, thing: Found, named: list[str]) -> None:
        """Note a file below a folder; ``named`` are that one's name, and further ones inside."""
        is_python = not thing.role
        outer.python |= is_python
        inner = self._inner(outer, named)
        name = self._rest(inner) if inner else ""
        if not name or (is_generic(name) and not self._knows(inner)):
            outer.direct |= is_python and not name
            outer.vague |= is_python and bool(name)
            if further := self._first(named[1:]):
                self._note(outer.beyond[further], thing)
            return
        self._note(outer.inner[name], thing)

    def _note(self, exercises: set[str], thing: Found) -> None:
        subjects = self._subjects
        exercise = subjects.by_name(thing.name).exercise or subjects.by_folder(thing.steps[:-1])
        if not thing.role and exercise is not None:
            exercises.add(exercise.id)

    def _inner(self, outer: _Outer, named: list[str]) -> str:
        """Return the name in a folder that is a student's, were that folder a group."""
        own, *inner = named
        for at, step in enumerate(inner):
            if self._knows(step):
                is_near = all(is_generic(self._rest(between)) for between in inner[:at])
                (outer.known if is_near else outer.far).add(self._rest(step))
                return step
        if _says_enough(own) and is_generic(own) and not any(map(_ONE.fullmatch, words(own))):
            # Nobody is called so: the name is farther in ("week3/A/ann").
            return self._first(inner) or "".join(inner[:1])
        return "".join(inner[:1])

    def _first(self, inner: list[str]) -> str:
        """Return the first name that can be a student's."""
        return next((step for step in inner if not is_generic(self._rest(step))), "")

    def _rest(self, step: str) -> str:
        return self._subjects.rest_of(step)


def _is_plain(filled: dict[Steps, _Outer], like: set[Steps], known: set[Steps]) -> bool:
    """Tell whether what looks like groups can be nothing else."""
    if all(steps in known or is_generic(steps[-1]) for steps in like):
        return True
    sure = [s for s in like if s in known or is_generic(s[-1]) or filled[s].is_clear]
    return 2 * len(sure) >= len(like) and _most_for_one(filled, like) <= 1


def _most_for_one(filled: dict[Steps, _Outer], like: set[Steps]) -> int:
    """Return in how many the same name has files for the same exercise.

    More than one: rather a student's "first" and "second".
    """
    named = Counter(
        (inner, exercise)
        for steps in like
        for inner, exercises in filled[steps].inner.items()
        for exercise in exercises
    )
    return max(named.values(), default=0)
