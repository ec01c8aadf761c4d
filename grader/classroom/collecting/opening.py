"""What kind of source it is, and which list of students belongs to it."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

from grader.classroom.collecting import git, kinds, limits
from grader.classroom.collecting.addresses import addresses, clone_all
from grader.classroom.collecting.assembling import Assembly
from grader.classroom.collecting.found import Findings, Found
from grader.classroom.collecting.options import CollectError, CollectOptions
from grader.classroom.collecting.people import People
from grader.classroom.collecting.roster import Roster, looks_like_roster, read_roster
from grader.classroom.collecting.sources import Sources
from grader.classroom.collecting.walking import Walk
from grader.classroom.model import Collection, EntryRole, Remark
from grader.manifest import read_regular

_ZIP_MARKS = (b"PK\x03\x04", b"PK\x05\x06")


def open_source(source: Path, options: CollectOptions, sources: Sources) -> Collection:
    """Find out what ``source`` is and collect from it (CollectError)."""
    roster = _roster(options.roster) if options.roster is not None else None
    try:
        status = source.stat()
    except (OSError, ValueError) as error:
        raise _unreadable(source, error) from None
    if stat.S_ISDIR(status.st_mode):
        return _from_folder(source, roster, options, sources)
    if not stat.S_ISREG(status.st_mode):
        raise CollectError("source_kind", path=source)
    start = _start(source, 4)
    if start in _ZIP_MARKS or kinds.is_zip(source.name):
        return _from_zip(source, roster, options, sources)
    return _from_list(source, roster, options, sources)


def _from_folder(
    source: Path, roster: Roster | None, options: CollectOptions, sources: Sources
) -> Collection:
    walk = Walk(sources, options.timezone)
    try:
        os.scandir(source).close()
    except OSError as error:
        raise _unreadable(source, error) from None
    walk.folder(source)
    findings = walk.findings
    findings.repositories = git.commit_times(source, findings.repositories, sources)
    extra: tuple[Remark, ...] = ()
    if roster is None:
        roster, findings, extra = _roster_inside(source, findings)
    else:
        findings = _marked(findings, _inside(source, options.roster))
    roster = replace(roster, remarks=(*roster.remarks, *extra))
    return Assembly(findings, roster, options, sources).collection(str(source))


def _from_zip(
    source: Path, roster: Roster | None, options: CollectOptions, sources: Sources
) -> Collection:
    walk = Walk(sources, options.timezone)
    try:
        with source.open("rb") as file:
            walk.archive(file, source.name, (), level=0)
    except OSError as error:
        raise _unreadable(source, error) from None
    first = walk.findings.found[0]
    if len(walk.findings.found) == 1 and first.role != "archive":
        key = "zip_refused" if first.role == "refused" else "zip_broken"
        raise CollectError(key, path=source, error=first.detail or first.reason)
    walk.findings.is_one_zip = True
    assembly = Assembly(walk.findings, roster or Roster(), options, sources)
    return assembly.collection(str(source))


def _from_list(
    source: Path, roster: Roster | None, options: CollectOptions, sources: Sources
) -> Collection:
    data = _start(source, limits.MAX_TABLE + 1)
    if roster is None and looks_like_roster(data, source.name):
        roster = read_roster(data, source.name)
    wanted = addresses(data, source.name, roster)
    people = People(roster.students if roster else ())
    findings = clone_all(wanted, people, options, sources)
    role: EntryRole = "roster" if wanted.is_roster else "ignored"
    findings.found.insert(0, Found(source.name, (source.name,), role, "list_of_urls"))
    return Assembly(findings, roster or Roster(), options, sources).collection(str(source), "git")


def _roster(path: Path) -> Roster:
    try:
        data = read_regular(path, limits.MAX_TABLE + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    if data is None:
        raise CollectError("source_kind", path=path)
    return read_roster(data, path.name)


def _roster_inside(source: Path, findings: Findings) -> tuple[Roster, Findings, tuple[Remark, ...]]:
    """Take the one list of students that lies at the top, where there is exactly one."""
    lists = []
    for found in findings.found:
        if len(found.steps) == 1 and kinds.is_table(found.name) and found.role == "unknown":
            data = _table_at(source / found.name)
            if data is not None and looks_like_roster(data, found.name):
                lists.append((found.path, data))
    if len(lists) == 1:
        path, data = lists[0]
        remark = Remark("roster_found", {"path": path}, paths=(path,))
        return read_roster(data, path), _marked(findings, path), (remark,)
    if lists:
        paths = tuple(path for path, _ in lists)
        return Roster(), findings, (Remark("several_rosters", {"n": str(len(paths))}, paths=paths),)
    return Roster(), findings, ()


def _table_at(path: Path) -> bytes | None:
    try:
        return read_regular(path, limits.MAX_TABLE + 1)
    except (OSError, ValueError):
        return None


def _inside(source: Path, roster: Path | None) -> str:
    try:
        return roster.resolve().relative_to(source.resolve()).as_posix() if roster else ""
    except (OSError, ValueError):
        return ""


def _marked(findings: Findings, path: str) -> Findings:
    """Say of the list of students that it is one."""
    found = [
        replace(f, role="roster", reason="", detail="") if path and f.path == path else f
        for f in findings.found
    ]
    return replace(findings, found=found)


def _start(path: Path, most: int) -> bytes:
    try:
        return read_regular(path, most) or b""
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> CollectError:
    return CollectError("unreadable", path=path, error=getattr(error, "strerror", None) or error)
