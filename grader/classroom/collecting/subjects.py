"""Which exercise a file is for: by its name, the folders that it is in, its functions.

Functions are looked for with a regular expression, line by line.  Python's parser is no place for
strangers' files in our own process: a nest of brackets or signs ends some versions of it (its
manual says so), a file with one wrong character has no tree at all, and all that is asked is
which names are defined at the margin.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from grader.classroom.collecting.found import Steps
from grader.classroom.collecting.names import folded, words
from grader.classroom.collecting.platforms import turn_of
from grader.model import Exercise

_DEFINED = re.compile(rb"^(?:async[ \t]+)?def[ \t]+(\w{1,100})[ \t]*[(\[]", re.MULTILINE)
_ASSIGNED = re.compile(rb"^([A-Za-z_]\w{0,99})[ \t]*(?::[^=\r\n]*)?=(?!=)", re.MULTILINE)
_NUMBERED = re.compile(r"(?:ex|exercise|exercice|task|lab|练习|实验|作业)?0*([0-9]{1,4})")
_CALLED = frozenset({"ex", "exercise", "练习", "实验", "作业"})
# Words of file names that are neither a student nor an exercise.
NEUTRAL = frozenset(
    {
        "final", "new", "old", "copy", "submission", "submissions", "submit", "submitted", "hw",
        "homework", "solution", "solutions", "answer", "answers", "code", "src", "source", "file",
        "files", "ex", "exercise", "exercises", "py", "python", "main", "work", "my", "version",
        "assignment", "assignments", "last", "fixed", "done", "tmp", "temp", "download",
        "downloads",
        "作业", "实验", "练习", "提交", "最终", "最终版", "最新", "代码", "答案",
        "程序", "修改", "修改版",
    }
)  # fmt: skip


class Evidence(IntEnum):
    """How it is known which exercise a file is for, the best first."""

    SUITE = 0  # exercises/ex03_tcp_echo/tcp_echo.py
    NAME = 1  # tcp_echo.py
    WORDS = 2  # ann_tcp_echo.py, ex03_ann.py
    FOLDER = 3  # ex03/anything.py
    FUNCTIONS = 4
    ONLY = 5  # the one file where one exercise was asked for
    NONE = 9


@dataclass(frozen=True)
class Subject:
    """The exercise of a file, and how that is known; ``left`` are the words that say more."""

    exercise: Exercise | None
    evidence: Evidence = Evidence.NONE
    left: tuple[str, ...] = ()
    turn: int | None = None


class Subjects:
    """Knows all exercises by their names and functions."""

    def __init__(self, exercises: Sequence[Exercise]) -> None:
        self._exercises = tuple(exercises)
        self._by_number = {int(e.id[2:]): e for e in exercises}
        self._slugs = sorted(
            ((words(e.slug), e) for e in exercises), key=lambda pair: -len(pair[0])
        )
        self._in_words = lru_cache(50_000)(self._split)

    def by_name(self, name: str) -> Subject:
        """Tell by a file's name alone; where it names two exercises it is for neither."""
        stem, turn = turn_of(name.rpartition(".")[0] or name)
        found, left, slug = self._in_words(stem)
        exercise = found[0] if len(found) == 1 else None
        if exercise is None:
            return Subject(None, left=left, turn=turn)
        exact = not left and slug
        return Subject(exercise, Evidence.NAME if exact else Evidence.WORDS, left, turn)

    def of_folder(self, name: str) -> Exercise | None:
        """Return the exercise that a folder is for: ``ex03``, ``tcp_echo``, ``ex03 TCP echo``."""
        found, _, _ = self._in_words(without_zip(name))
        return found[0] if len(found) == 1 else None

    def rest_of(self, name: str) -> str:
        """Return what a folder's name says besides an exercise; "" where that is nothing."""
        bare = without_zip(name)
        found, left, _ = self._in_words(bare)
        return " ".join(left) if found or not left else bare

    def by_folder(self, folders: Steps) -> Exercise | None:
        """Return the exercise of the innermost folder that is for one."""
        for name in reversed(folders):
            exercise = self.of_folder(name)
            if exercise is not None:
                return exercise
        return None

    def is_suite_place(self, steps: Steps, exercise: Exercise) -> bool:
        """Tell whether a file is where the suite itself has it."""
        return steps[-3:] == ("exercises", exercise.folder, f"{exercise.slug}.py")

    def by_functions(self, source: bytes) -> Exercise | None:
        """Return the one exercise whose functions are all defined, or that has them all and more.

        A file with ``serve`` and ``echo`` is for the exercise that wants both, not for the one
        that wants ``serve`` alone.
        """
        names = defined(source)
        complete = [e for e in self._exercises if e.functions and names.issuperset(e.functions)]
        best = [e for e in complete if all(set(e.functions) >= set(o.functions) for o in complete)]
        return best[0] if len(best) == 1 else None

    def has_any(self, source: bytes, exercise: Exercise) -> bool:
        """Tell whether a file defines one of an exercise's functions."""
        return not defined(source).isdisjoint(exercise.functions)

    def _split(self, name: str) -> tuple[tuple[Exercise, ...], tuple[str, ...], bool]:
        """Return the exercises that a name has in it, its other words, and whether by a slug."""
        left = list(words(name))
        found: dict[str, Exercise] = {}
        for slug, exercise in self._slugs:
            left, there = _without(left, slug)
            if there:
                found[exercise.id] = exercise
        by_slug = bool(found)
        rest: list[str] = []
        for at, word in enumerate(left):
            numbered = self._numbered(word, left[at - 1] if at else "")
            if numbered is None:
                rest.append(word)
            else:
                found[numbered.id] = numbered
        titles = {w for e in found.values() for w in (*words(e.title.en), *words(e.title.zh))}
        kept = tuple(word for word in rest if word not in NEUTRAL and word not in titles)
        return tuple(found.values()), kept, by_slug

    def _numbered(self, word: str, before: str) -> Exercise | None:
        match = _NUMBERED.fullmatch(word)
        if match is None or (word[0].isdigit() and before not in _CALLED):
            return None
        return self._by_number.get(int(match[1]))


def defined(source: bytes) -> frozenset[str]:
    """Return the names that a file defines at the margin, nothing being parsed or run."""
    plain = source.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    found = _DEFINED.findall(plain) + _ASSIGNED.findall(plain)
    return frozenset(name.decode("ascii", "replace") for name in found)


def _without(left: list[str], slug: tuple[str, ...]) -> tuple[list[str], bool]:
    size, joined = len(slug), "".join(slug)
    for at in range(len(left)):
        if tuple(left[at : at + size]) == slug:
            return left[:at] + left[at + size :], True
        if left[at] == joined:
            return left[:at] + left[at + 1 :], True
    return left, False


def without_zip(name: str) -> str:
    """Return an archive's name as if it were a folder's."""
    return name[:-4] if folded(name).endswith(".zip") else name
