"""What a run has come to, for a terminal: counts, and what somebody should look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from grader.classroom.model import ClassResult, Graded
from grader.classroom.running import failures, standing
from grader.classroom.store import LOCK, NAME
from grader.model import Exercise, Language
from grader.report._layout import columns, cut, escape, guard, pad, paint, wrap
from grader.texts import text

if TYPE_CHECKING:
    from grader.classroom.course import Course

_FEW = 10
_LOOK_AT = ("unknown", "refused", "unreadable")
_COUNTS = ("passed", "failed", "error", "waiting", "absent")
_KINDS = {"passed": "good", "failed": "bad", "error": "ours"}


@dataclass(frozen=True)
class Look:
    """How to show it: ``verbose`` names everybody, else the first few."""

    language: Language
    width: int = 100
    colour: bool = False
    verbose: bool = False

    def say(self, key: str, **values: object) -> str:
        """Return a text of a summary."""
        return text(f"classroom.summary_{key}", self.language, **values)

    def heading(self, key: str, **values: object) -> list[str]:
        """Return a text in as many lines as it takes, indented."""
        return [f"  {line}" for line in wrap(self.say(key, **values), max(self.width - 2, 20))]


def summary(result: ClassResult, look: Look, notes: Sequence[str] = ()) -> str:
    """Return counts per exercise, who is missing, and what needs a look; the last line ended.

    ``notes`` are further lines that somebody should read, such as the gradebook's.
    """
    lines = [*_title(result, look), ""]
    lines += _table(result, look)
    concerns = [f"  {line}" for note in notes for line in wrap(escape(note), look.width - 2)]
    concerns += [line for part in _concerns(result, look) for line in part]
    if concerns:
        lines += ["", look.say("look"), *concerns]
    return guard("\n".join(lines)) + "\n"


def rules(result: ClassResult, course: Course) -> list[str]:
    """Return what is odd about a course's rules for this class, in its language."""
    from grader.classroom.gradebook import notes

    exercises = {exercise.id: exercise for exercise in result.exercises}
    students = {student.key: student for student in result.collection.students}
    timeless = sum(
        course.due(students[one.student], exercises[one.exercise])[0] is not None
        for one in result.collection.handed
        if one.submitted_at is None and not one.late
        if one.student in students and one.exercise in exercises
    )
    lines = [text("classroom.no_times", result.language, n=timeless)] if timeless else []
    return lines + notes(result, course)


def closing(results: Path, written: Sequence[Path], left_out: Sequence[str], look: Look) -> str:
    """Return where everything is, and what else lies there; the last line ended (OSError).

    ``left_out`` are the exports that cannot be made and that nobody has asked for by name.
    """
    say = partial(text, language=look.language)
    lines = [say("classroom.results", folder=escape(str(results.resolve())))]
    lines += [f"  {line}" for line in wrap(_files_in(results, written), look.width - 2)]
    ends = {"older": _leftovers(results, written), "left_out": left_out}
    for key, names in ends.items():
        if names:
            lines += wrap(say(f"classroom.{key}", names=escape(", ".join(names))), look.width)
    return "\n".join(lines) + "\n"


def _files_in(results: Path, written: Sequence[Path]) -> str:
    """Return what has been written in a few words: files, and folders with their numbers."""
    counts: Counter[str] = Counter()
    for path in written:
        if path.name.startswith("."):  # what an export keeps for itself
            continue
        parts = path.relative_to(results).parts
        counts[parts[0] if len(parts) == 1 else f"{parts[0]}/"] += 1
    shown = [f"{name} ({n})" if name.endswith("/") else name for name, n in sorted(counts.items())]
    return escape(", ".join([NAME, *shown]))


def _leftovers(results: Path, written: Sequence[Path]) -> list[str]:
    """Return what lies beside the grades and was not written by this run, by name."""
    new = {path.relative_to(results).parts[0] for path in written}
    return sorted(
        f"{path.name}/" if path.is_dir() else path.name
        for path in results.iterdir()
        if path.name not in new and path.name != LOCK and not path.name.startswith((NAME, "."))
    )


def _title(result: ClassResult, look: Look) -> list[str]:
    """Return how many there are; that the same file is graded once is said where there is one."""
    files = len(result.graded)
    different = len({(one.handed.exercise, one.handed.sha256) for one in result.graded})
    key = "title" if different == files else "title_same"
    students = len(result.collection.students)
    return wrap(look.say(key, students=students, files=files, different=different), look.width)


def _table(result: ClassResult, look: Look) -> list[str]:
    """Return a line an exercise: files by what came of them, and students without one."""
    head = ["", *(look.say(name) for name in _COUNTS)]
    rows = [[_name(e, look), *map(str, _counts(result, e))] for e in result.exercises]
    used = [n for n in range(1, 6) if n < 3 or any(row[n] != "0" for row in rows)]
    sizes = {n: max(columns(row[n]) for row in [head, *rows]) for n in [0, *used]}
    sizes[0] = min(sizes[0], max(20, look.width - sum(sizes.values()) + sizes[0] - 16))
    lines = []
    for row in [head, *rows]:
        line = "  " + pad(cut(row[0], sizes[0]), sizes[0])
        for n in used:
            kind = _KINDS.get(_COUNTS[n - 1], "")
            shown = (
                paint(row[n], kind, look.colour and row is not head and row[n] != "0")
                if kind
                else row[n]
            )
            line += " " * (sizes[n] - columns(row[n]) + 3) + shown
        lines.append(line.rstrip())
    return lines


def _name(exercise: Exercise, look: Look) -> str:
    return f"{exercise.id} {escape(exercise.title.in_language(look.language))}"


def _counts(result: ClassResult, exercise: Exercise) -> list[int]:
    counts: Counter[str] = Counter()
    there = set()
    for one in result.graded:
        if one.handed.exercise == exercise.id:
            counts[one.verdict.status if one.verdict else "waiting"] += 1
            there.add(one.handed.student)
    counts["absent"] = sum(1 for s in result.collection.students if s.key not in there)
    return [counts[name] for name in _COUNTS]


def _concerns(result: ClassResult, look: Look) -> Iterable[list[str]]:
    failed = failures(result.graded)
    yield _by_note(look, "errors", failed, result)
    yield _by_note(look, "standing", standing(result.graded), result)
    stubs = result.collection.stubs()
    names = {s.key: escape(s.name or s.key) for s in result.collection.students}
    missing = [s.key for s in result.collection.missing() if s.key not in stubs]
    yield _named(look, "missing", [names[key] for key in missing])
    same = [f"{names[key]} ({', '.join(sorted(stubs[key]))})" for key in names if key in stubs]
    yield _named(look, "stubs", same)
    entries = [e for e in result.collection.entries if e.role in _LOOK_AT]
    yield _named(look, "entries", [escape(e.path) for e in entries])
    if result.collection.remarks:
        yield look.heading("remarks", n=len(result.collection.remarks))
    verdicts = [one.verdict for one in result.graded if one.verdict is not None]
    rungs = {v.isolation.level for v in verdicts if v.isolation.backend != "never run"}
    for rung in sorted(rungs - {"full"}):
        yield look.heading(f"isolation_{rung}")


def _by_note(look: Look, key: str, found: Sequence[Graded], result: ClassResult) -> list[str]:
    """Return a heading with a count, and below each thing that we have noted whom it concerns.

    All of them are named: where they are many, one after the other.
    """
    if not found:
        return []
    groups: dict[str, list[Graded]] = {}
    for one in found:
        groups.setdefault(_note(one), []).append(one)
    names = {student.key: student.name or student.key for student in result.collection.students}
    lines = look.heading(key, n=len(found))
    for note, members in groups.items():
        lines += [f"    {line}" for line in wrap(escape(note) + ":", max(look.width - 4, 20))]
        shown = []
        for one in members:
            parts = [names.get(one.handed.student, one.handed.student), one.handed.exercise]
            parts += [one.handed.origin] if len(members) <= _FEW else []
            shown.append(escape(" · ".join(parts)))
        blocks = shown if len(members) <= _FEW else ["; ".join(shown)]
        for block in blocks:
            lines += [f"      {line}" for line in wrap(block, max(look.width - 6, 20))]
    return lines


def _note(one: Graded) -> str:
    """Return the first line of what we have noted about a file."""
    note = one.log.strip().partition("\n")[0]
    if not note and one.verdict is not None:
        note = next((c.message for c in one.verdict.checks if c.status == "error"), "")
    return note[:300] or "?"


def _named(look: Look, key: str, names: Sequence[str]) -> list[str]:
    """Return a heading with a count, and the names, each on its line."""
    if not names:
        return []
    most = len(names) if look.verbose else _FEW
    lines = look.heading(key, n=len(names))
    lines += [f"    {cut(name, max(look.width - 4, 20))}" for name in names[:most]]
    if len(names) > most:
        lines.append("    " + look.say("more", n=len(names) - most))
    return lines
