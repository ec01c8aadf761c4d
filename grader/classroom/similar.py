"""Submissions that share much more than the stub and the suite's own solutions would explain.

What is found is something to look at, never a verdict: two who had the same idea, the same book
or the same evening together look like two who copied.  Sources are never run; they are read by a
process of its own that is ended where one stalls it (see ``similar_worker``), so the worst that a
hostile file can do is not to be compared, which is said.

The numbers below were found on this suite's own files, with the stub and the reference alone to
explain anything (``tests/classroom/test_similar.py`` holds them).  Of 156 pairs of variants, which
were written to differ, none with `LEAST` characters in common shares more than 27 % (the shortest,
of ex01, share up to 55 % of 240 characters, which is why there is a `LEAST`).  Of 42 variants and
their disguised copies (names changed, functions reordered, comments and docstrings gone, something
new before every fourth statement) 41 are found, sharing 65 % and more.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from grader.catalog import pristine_path, solution_path, variants
from grader.classroom.model import ClassResult, Handed
from grader.manifest import read_regular
from grader.model import Exercise, Model
from grader.settings import nearest_root

LONGEST = 64 * 1024  # characters; a long solution has a tenth of it
K = 20  # characters in a fingerprint: three or four words
SHARE = 0.5  # of what counts in one of the two files
LEAST = 150  # characters: some eight lines, without their names, blanks and comments
MOST_PAIRS = 300  # of one exercise
_COMMON_LEAST, _COMMON_PART = 10, 10  # known to more than ten people and a tenth of the class
_READ_CPU_S = 3.0  # of processor time; a usual file takes 0.01 s
_READ_S = 30.0  # on the clock: for systems that cannot bound the other
_START_S = 60.0
_COMPARE_S = 600.0
_WORKER = Path(__file__).with_name("similar_worker.py")

Lines = tuple[tuple[int, int], ...]


class Pair(Model, frozen=True):
    """Two files of two people.

    ``characters`` is how many they share, names, blanks and comments left out, and what many
    know left out; ``first_share`` and ``second_share`` which part that is of each file's.
    ``first_lines`` and ``second_lines`` say where (from, to, both counted, from 1).  ``identical``:
    every byte is the same, in which case nothing has been left out.
    """

    first: Handed
    second: Handed
    characters: int
    first_share: float
    second_share: float
    first_lines: Lines
    second_lines: Lines
    identical: bool = False

    @property
    def share(self) -> float:
        """The larger part of the two."""
        return max(self.first_share, self.second_share)


class Comparison(Model, frozen=True):
    """What came of one exercise.

    ``pairs`` begin with what shares most.  ``left_off`` is how many more there are; ``compared``
    how many files were compared, ``explained`` how many of them have too little of their own to
    be compared; ``passed_over`` has the files that could not be, with a key of
    ``texts/*/similar.json``.  ``solutions`` tells whether the suite's own could be left out.
    """

    exercise: str
    pairs: tuple[Pair, ...]
    left_off: int
    compared: int
    explained: int
    passed_over: tuple[tuple[Handed, str], ...]
    solutions: bool


class NoLibraryError(Exception):
    """copydetect is not installed, or does not work; ``str`` says more where it is known."""


def similar_pairs(result: ClassResult, root: Path | None = None) -> list[Pair]:
    """Return the pairs of all exercises (see `compare_class`; NoLibraryError)."""
    return [pair for found in compare_class(result, root) for pair in found.pairs]


def compare_class(result: ClassResult, root: Path | None = None) -> list[Comparison]:
    """Compare what was handed in for each exercise, each file with those of others.

    ``root`` is the suite's, whose stubs, references and variants explain what they have in
    common with a file; by default the one around the current folder.  Raises NoLibraryError.
    """
    try:
        version("copydetect")
    except PackageNotFoundError:
        raise NoLibraryError("") from None
    with suppress(OSError):
        root = root or nearest_root()
    with _Worker() as worker:
        return [
            _compare(result, exercise, _known(root, exercise), worker)
            for exercise in result.exercises
        ]


def text_of(source: bytes) -> str:
    """Return a source as it is compared and shown: line ends made one."""
    text = source.decode("utf-8-sig", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def commonness(people: int) -> int:
    """Return how many of so many people may have the same before it counts for nothing."""
    return max(_COMMON_LEAST, people // _COMMON_PART)


class _File:
    """One content: who handed it in, once each, and what it was taken to pieces into."""

    def __init__(self, text: str, owners: list[Handed], code: str, offsets: list[list[int]]):
        self.text = text
        self.owners = owners
        self.code = code
        self.offsets = offsets

    def lines(self, places: Iterable[Sequence[int]]) -> Lines:
        """Return places in the text as lines; those that touch are one."""
        # The lexer begins where the empty lines at the file's begin end.
        head = len(self.text) - len(self.text.lstrip("\n"))
        merged: list[tuple[int, int]] = []
        for start, end in sorted((int(a) + head, int(b) + head) for a, b in places):
            first = self.text.count("\n", 0, max(0, start)) + 1
            last = self.text.count("\n", 0, max(start, end - 1, 0)) + 1
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
            else:
                merged.append((first, last))
        return tuple(merged)


def _known(root: Path | None, exercise: Exercise) -> list[str]:
    """Return the sources whose code belongs to nobody: the stub, the reference, the variants."""
    if root is None:
        return []
    paths = [pristine_path(root, exercise), solution_path(root, exercise)]
    found = []
    for path in [*paths, *variants(root, exercise)]:
        with suppress(OSError):
            found.append(read_regular(path, LONGEST))
    return [text_of(source) for source in found if source is not None]


def _compare(
    result: ClassResult, exercise: Exercise, known: Sequence[str], worker: _Worker
) -> Comparison:
    handed = [graded.handed for graded in result.graded if graded.handed.exercise == exercise.id]
    files, passed_over = _read(result, handed, worker)
    people = {student: n for n, student in enumerate(sorted({one.student for one in handed}))}
    answer = worker.compare(
        {
            "k": K,
            "share": SHARE,
            "least": LEAST,
            "common": commonness(len(people)),
            "known": [found[0] for found in map(worker.read, known) if found],
            "files": [
                [file.code, file.offsets, [people[one.student] for one in file.owners]]
                for file in files
            ],
        }
    )
    pairs = [
        _pair(files[first], files[second], *found) for first, second, *found in answer["pairs"]
    ]
    ours = {"", *(text.strip() for text in known)}
    for file in files:
        if file.text.strip() not in ours:
            pairs += _identical(file)
    pairs = _best(pairs)
    return Comparison(
        exercise=exercise.id,
        pairs=tuple(pairs[:MOST_PAIRS]),
        left_off=len(pairs[MOST_PAIRS:]),
        compared=len(handed) - len(passed_over),
        explained=sum(
            len(file.owners)
            for file, count in zip(files, answer["counting"], strict=True)
            if count < LEAST
        ),
        passed_over=tuple(passed_over),
        solutions=len(known) > 1,
    )


def _read(
    result: ClassResult, handed: Sequence[Handed], worker: _Worker
) -> tuple[list[_File], list[tuple[Handed, str]]]:
    """Take each content to pieces once; return them, and the files for which that did not go."""
    by_digest: dict[str, list[Handed]] = {}
    for one in handed:
        by_digest.setdefault(one.sha256, []).append(one)
    files, passed_over = [], []
    for digest, owners in sorted(by_digest.items()):
        source = result.source_of(digest)
        text = text_of(source or b"")
        found, reason = None, "gone"
        if len(text) > LONGEST:
            reason = "too_long"
        elif source is not None:
            found, reason = worker.read(text), "stalled"
        if found is None:
            passed_over += [(one, reason) for one in owners]
            continue
        once = {one.student: one for one in reversed(owners)}
        files.append(_File(text, [once[student] for student in sorted(once)], *found))
    return files, passed_over


def _pair(
    first: _File,
    second: _File,
    size: int,
    shares: Sequence[float],
    places: Sequence[list[list[int]]],
) -> Pair:
    """Return two files that share something as a pair of two people, the first by key first."""
    one, other = next(
        (one, other)
        for one in first.owners
        for other in second.owners
        if one.student != other.student
    )
    ends = [(one, shares[0], first.lines(places[0])), (other, shares[1], second.lines(places[1]))]
    left, right = sorted(ends, key=lambda end: end[0].student)
    return Pair(left[0], right[0], size, left[1], right[1], left[2], right[2])


def _identical(file: _File) -> list[Pair]:
    """Return the first of those who have one and the same file beside each other one."""
    size, lines = len(file.code), ((1, file.text.rstrip("\n").count("\n") + 1),)
    first, *others = file.owners
    return [Pair(first, other, size, 1.0, 1.0, lines, lines, True) for other in others]


def _best(pairs: Iterable[Pair]) -> list[Pair]:
    """Return the pair that shares most of each two people, those that share most first."""
    best: dict[frozenset[str], Pair] = {}
    for pair in sorted(pairs, key=_rank):
        best.setdefault(frozenset((pair.first.student, pair.second.student)), pair)
    return list(best.values())


def _rank(pair: Pair) -> tuple[object, ...]:
    ends = (pair.first, pair.second)
    places = [(one.student, one.attempt, one.origin) for one in ends]
    return -pair.identical, -round(pair.share, 6), -pair.characters, places


class _Worker:
    """The process that reads and compares; a new one where it had to be ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def read(self, text: str) -> tuple[str, list[list[int]]] | None:
        """Return a source's code and the places of what was left out; None: it stalled."""
        found = self._ask({"source": text, "seconds": _READ_CPU_S}, _READ_S)
        return (found["code"], found["offsets"]) if found else None

    def compare(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Return what files share (NoLibraryError where that does not end)."""
        found = self._ask(asked, _COMPARE_S)
        if found is None:
            raise NoLibraryError("copydetect gave no answer")
        return found

    def _ask(self, question: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        if self._process is None:
            self._start()
        return self._answer(json.dumps(question), seconds)

    def _start(self) -> None:
        """Start a process and wait until it is ready (NoLibraryError)."""
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(_WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="ascii",
            env=environment,
        )
        if self._answer("", _START_S) is None:
            raise NoLibraryError("copydetect cannot be imported")

    def _answer(self, line: str, seconds: float) -> dict[str, Any] | None:
        """Send a line and return the answer; None where there is none in time: it is ended."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        killer = threading.Timer(seconds, process.kill)
        killer.daemon = True
        killer.start()
        try:
            with suppress(OSError):
                if line:
                    process.stdin.write(line + "\n")
                    process.stdin.flush()
            said = process.stdout.readline()
        finally:
            killer.cancel()
        if not said.endswith("\n"):
            self._end()
            return None
        answer: dict[str, Any] = json.loads(said)
        return answer

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        with suppress(OSError):
            process.communicate()
