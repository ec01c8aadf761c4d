"""Lists of git addresses: which repositories, and whose; then all of them cloned."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from grader.classroom.collecting import git
from grader.classroom.collecting.found import Findings, Found
from grader.classroom.collecting.options import CollectError, CollectOptions
from grader.classroom.collecting.people import People
from grader.classroom.collecting.roster import Roster
from grader.classroom.collecting.sources import Sources
from grader.classroom.model import EntryRole

_MOST = 20_000
_AT_ONCE = 8
_SLIPS = 8
_ADDRESS = re.compile(r"(?:https|ssh|file)://[^\s,;|]+|(?!-)[\w.-]+@[\w.-]+:[^\s,;|:]+")
_OTHER_PROTOCOL = re.compile(r"[\w+-]+::|[a-z][\w+.-]*://", re.IGNORECASE)


@dataclass(frozen=True)
class Wanted:
    """The repositories of a list, each with its student's key ("" where that is to be found out).

    ``bad`` are lines that no repository can be had from, each with the reason.
    """

    urls: tuple[tuple[str, str], ...]
    bad: tuple[tuple[str, str], ...] = ()
    is_roster: bool = False


def addresses(data: bytes, name: str, roster: Roster | None) -> Wanted:
    """Read a list: a roster with a column ``url``, or a text with one address a line.

    Beside the address a line may have whose it is.  CollectError: there is no address in it.
    """
    rows = (
        [(s.url, s.key) for s in roster.students if s.url] if roster and roster.name == name else []
    )
    if rows:
        return _checked(rows, is_roster=True)
    if b"\0" in data[:4096]:
        raise CollectError("source_kind", path=name)
    people = People(roster.students if roster else ())
    lines = []
    for line in git.lines_of(data):
        found = _ADDRESS.search(line)
        rest = line.replace(found[0], " ").strip(" \t,;|") if found else ""
        student = people.by_text(rest).student if rest else None
        lines.append(
            (
                line if found is None or line.startswith("-") else found[0],
                student.key if student else "",
            )
        )
        if len(lines) > _MOST:
            raise CollectError("too_many_urls", path=name, most=f"{_MOST:,}")
    wanted = _checked(lines)
    # A text in which addresses occur is no list of them: nothing is fetched because of a README.
    if not wanted.urls or len(wanted.bad) > 2 * len(wanted.urls) + _SLIPS:
        raise CollectError("no_urls", path=name)
    return wanted


def _checked(lines: Sequence[tuple[str, str]], is_roster: bool = False) -> Wanted:
    urls: dict[str, str] = {}
    bad = []
    for text, key in lines:
        if _ADDRESS.fullmatch(text):
            if text in urls and urls[text] != key:
                bad.append((text, "url_of_two"))
            urls.setdefault(text, key)
        else:
            reason = "protocol" if _OTHER_PROTOCOL.match(text) else "no_url"
            bad.append((text, reason))
    return Wanted(tuple(urls.items()), tuple(bad), is_roster)


def clone_all(
    wanted: Wanted, people: People, options: CollectOptions, sources: Sources
) -> Findings:
    """Clone every repository, several at once, and find what is in them."""
    git.git_program()
    room = sources.room("clones")
    stop = threading.Event()
    labels = _labels([url for url, _ in wanted.urls])

    def one(at: int) -> Findings:
        url, key = wanted.urls[at]
        student = None if key else people.by_url(url).student
        key = key or (student.key if student else "")
        return _one(url, labels[at], key, room / f"{at}.git", options, sources, stop)

    findings = Findings()
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        try:
            for result in threads.map(one, range(len(wanted.urls))):
                findings.found += result.found
                findings.repositories += result.repositories
        except BaseException:
            stop.set()
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    counted = Counter(text for text, _ in wanted.bad)
    for text, reason in dict.fromkeys(wanted.bad):
        detail = f"× {counted[text]}" if counted[text] > 1 else ""
        findings.found.append(
            Found(git.without_secrets(text[:500]), (text,), "refused", reason, detail)
        )
    return findings


def _one(
    url: str,
    label: str,
    owner: str,
    place: Path,
    options: CollectOptions,
    sources: Sources,
    stop: threading.Event,
) -> Findings:
    into, shown_as = Findings(), git.without_secrets(url)
    try:
        git.clone(url, place, options.clone_s, stop)
        git.read_clone(place, shown_as, label, owner, sources, into)
    except git.CloneError as error:
        role: EntryRole = "refused" if error.refused else "unreadable"
        lost = Found(shown_as, (label,), role, error.reason, error.detail)
        return Findings([lost])
    finally:
        git.remove(place)
    return into


def _labels(urls: Sequence[str]) -> list[str]:
    """Return a short name for each: the last step of its path, or what tells it from the others."""
    ways = [re.split(r"[/:]+", url.rstrip("/").removesuffix(".git")) for url in urls]
    for back in (1, 2, 3):
        labels = [way[-back] if len(way) >= back else "" for way in ways]
        if len(set(labels)) == len(labels) and all(labels):
            return labels
    return [f"{way[-1]} {at}" for at, way in enumerate(ways, 1)]
