"""Compares a `Collection` with the truth about the class that it was collected from."""

from __future__ import annotations

import hashlib
import os
import unicodedata
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby
from pathlib import Path

from grader.classroom.model import Collection, Entry, Handed, Student
from grader.submission import MAX_SOURCE

from ..making import Expected, Person, Truth

# A folder may have one entry for all that is in it.
_NOBODY_LOOKS_INTO = ("/.git/", "/__MACOSX/", "/__pycache__/")

_A_MINUTE = timedelta(minutes=1)  # a worksheet knows no seconds


def students_of(truth: Truth, collection: Collection) -> dict[str, Student]:
    """Return the student that stands for each login; who is not found is missing there."""
    found = {}
    for person in (*truth.people, *truth.strangers):
        student = _student_of(person, collection)
        if student is not None:
            found[person.login] = student
    return found


def _student_of(person: Person, collection: Collection) -> Student | None:
    # Who shares a name with somebody is told apart by a number only.
    words = (person.login, person.id, person.mail)
    for word, of in zip(words, ("login", "id", "mail"), strict=True):
        for student in collection.students:
            if getattr(student, of) == word:
                return student
    names = {_plain(person.name), _plain(f"{person.family}{person.given}"), person.login}
    for student in collection.students:
        if {_plain(student.name), student.key} & names and not student.in_roster:
            return student
    return None


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in folded if c.isalnum()) or folded


def complaints(truth: Truth, collection: Collection) -> list[str]:
    """Return what is not as it must be in a collection, each in a line."""
    return [
        *_about_students(truth, collection),
        *_about_handed(truth, collection),
        *_about_entries(truth, collection),
        *_about_remarks(truth, collection),
        *_about_the_world(truth),
    ]


def _about_students(truth: Truth, collection: Collection) -> Iterator[str]:
    students = students_of(truth, collection)
    keys = [student.key for student in collection.students]
    if len(set(keys)) != len(keys):
        yield "two students have one key"
    for person in truth.people:
        student = students.get(person.login)
        if student is None:
            yield f"{person.login} ({person.name!r}) of the roster is no student"
        elif not student.in_roster:
            yield f"{person.login} ({person.name!r}) is not in_roster"
    roster = [student for student in collection.students if student.in_roster]
    if len(roster) != len(truth.people):
        names = [s.name for s in roster if s not in students.values()]
        yield f"{len(roster)} students in the roster, not {len(truth.people)}: also {names[:5]}"
    for person in truth.strangers:
        expected = any(login == person.login for login, _ in truth.handed)
        student = students.get(person.login)
        if expected and student is None:
            yield f"{person.login}, who is not in the roster, is no student"
        elif student is not None and student.in_roster:
            yield f"{person.login} is said to be in the roster"
    people = {student.key for student in students.values()}
    for student in collection.students:
        if student.key not in people and not student.in_roster:
            yield f"{student.key!r} is nobody, but a student"
    missing = {student.key for student in collection.missing() if student.in_roster}
    for login in truth.missing():
        if login in students and students[login].key not in missing:
            yield f"{login} has handed in nothing, but is not missing"


def _about_handed(truth: Truth, collection: Collection) -> Iterator[str]:
    students = students_of(truth, collection)
    logins = {student.key: login for login, student in students.items()}
    found: dict[tuple[str, str], list[Handed]] = defaultdict(list)
    for handed in collection.handed:
        found[logins.get(handed.student, f"?{handed.student}"), handed.exercise].append(handed)
    for key in sorted({*found, *truth.handed}):
        yield from (f"{key}: {line}" for line in _differ(truth.handed.get(key, ()), found[key]))


def _differ(expected: tuple[Expected, ...], found: list[Handed]) -> Iterator[str]:
    wanted = [list(same) for _, same in groupby(expected, key=lambda one: one.order)]
    by_attempt = sorted(found, key=lambda one: one.attempt)
    given = [list(same) for _, same in groupby(by_attempt, key=lambda one: one.attempt)]
    if list(map(len, wanted)) != list(map(len, given)) or not all(
        any(is_of(one, handed) for handed in there)
        for group, there in zip(wanted, given, strict=True)
        for one in group
    ):
        kinds = [f"{one.order}: {one.known.kind}" for one in expected]
        yield f"must be {kinds}, is {[f'{one.attempt}: {one.origin}' for one in by_attempt]}"
        return
    for one in expected:
        for handed in (handed for handed in found if is_of(one, handed)):
            yield from _about_time(one, handed)


def is_of(expected: Expected, handed: Handed) -> bool:
    """Say whether a file that was handed in is the expected one (the rest of a huge one is cut)."""
    source = expected.known.source
    digests = {hashlib.sha256(data).hexdigest() for data in (source, source[: MAX_SOURCE + 1])}
    return handed.sha256 in digests and handed.size == len(source)


def _about_time(expected: Expected, handed: Handed) -> Iterator[str]:
    if expected.when is None:
        if expected.late != handed.late:
            yield f"{handed.origin}: late is {handed.late}"
        if handed.submitted_at is not None:
            yield f"{handed.origin}: handed in at {handed.submitted_at}: nobody can know that"
    elif handed.submitted_at is None or abs(expected.when - handed.submitted_at) >= _A_MINUTE:
        yield f"{handed.origin}: handed in at {handed.submitted_at}, not {expected.when}"


def _about_entries(truth: Truth, collection: Collection) -> Iterator[str]:
    entries = {_path_in(truth, entry): entry for entry in collection.entries}
    if len(entries) != len(collection.entries):
        yield f"{len(collection.entries) - len(entries)} entries have the path of another"
    for path, roles in truth.entries.items():
        entry = entries.get(path) or _above(path, entries)
        if entry is None:
            if not any(path.startswith(begin) for begin in truth.loose):
                yield f"no entry for {path!r}"
        elif entry.role not in roles:
            yield f"{path!r}: {entry.role} ({entry.reason}), not one of {sorted(roles)}"
    for begin, roles in truth.loose.items():
        about = [entry for path, entry in entries.items() if path.startswith(begin)]
        if not about:
            yield f"no entry begins with {begin!r}"
        for entry in about:
            if entry.role not in roles:
                yield f"{entry.path!r}: {entry.role} ({entry.reason}), not one of {sorted(roles)}"
    if truth.source.is_dir():
        for path in every_file(truth.source):
            known = entries.get(path) or _above(path, entries)
            if known is None and not any(path.startswith(begin) for begin in truth.loose):
                yield f"no entry for {path!r}, which is there"


def _path_in(truth: Truth, entry: Entry) -> str:
    prefix = f"{truth.source.name}!/"
    return entry.path[len(prefix) :] if entry.path.startswith(prefix) else entry.path


def _above(path: str, entries: dict[str, Entry]) -> Entry | None:
    """Return the entry of a folder above that nobody looks into."""
    shown = f"/{path}"
    for folder in _NOBODY_LOOKS_INTO:
        if folder in shown:
            entry = entries.get((shown.partition(folder)[0] + folder).lstrip("/"))
            if entry is not None and entry.role == "ignored":
                return entry
    return None


def every_file(folder: Path) -> Iterator[str]:
    """Give the path of every file, link and pipe below a folder, and of every zip's members."""
    for place, folders, files in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        for name in (*files, *links):
            path = Path(place, name)
            shown = path.relative_to(folder).as_posix()
            if shown.isprintable() or "\udce9" not in shown:
                yield shown
            if name.endswith(".zip") and path.is_file() and path.stat().st_size < 1 << 17:
                yield from (f"{shown}!/{member}" for member in _members(path))


def _members(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return [info.filename for info in archive.infolist() if not info.is_dir()]
    except zipfile.BadZipFile:
        return []


def _about_remarks(truth: Truth, collection: Collection) -> Iterator[str]:
    students = students_of(truth, collection)
    found = {(remark.about, remark.student) for remark in collection.remarks}
    for about, login in truth.remarks:
        key = students[login].key if login in students else ""
        if not any(one == about and key in ("", of) for one, of in found):
            yield f"no remark {about} about {login or 'the whole'}"
    words = "\n".join(
        [f"{entry.path} {entry.detail}" for entry in collection.entries]
        + [" ".join((*remark.values.values(), *remark.paths)) for remark in collection.remarks]
    )
    yield from (f"{word!r} is mentioned nowhere" for word in truth.mentions if word not in words)


def _about_the_world(truth: Truth) -> Iterator[str]:
    if truth.canaries.exists():
        yield from (f"{path} has come into being" for path in truth.canaries.iterdir())
    for path in (truth.source.parent.parent / "escaped.py", truth.source.parent / "tcp_echo.py"):
        if path.exists():
            yield f"{path} has come into being"
