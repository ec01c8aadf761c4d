"""Reads every export back and compares each figure with the truth and the rules."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from grader.classroom.model import Collection, Handed, Student

from ..making import DUE, Expected, Known, Person, Truth, exercises
from .collected import is_of, students_of
from .naive import POINTS, TITLES, Figure, Rules, figure, total
from .reading import Tables, as_guarded, between, guarded, harmless, same

_STATES = {"missing": "nothing handed in", "excused": "excused"}
_COUNTS = ("tests", "failures", "errors", "skipped")
_PLACES = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Exported:
    """The exports of one graded class, to be compared; ``language`` is English."""

    truth: Truth
    rules: Rules
    collection: Collection
    folder: Path

    def complaints(self) -> list[str]:
        """Return what is not right, each in a line."""
        readers = (
            self._canvas, self._moodle, self._worksheets, self._grades, self._submissions,
            self._files, self._jsonl, self._junit, self._feedback, self._mailmerge,
            self._gradescope, self._dashboard, self._sums, self._cells,
        )  # fmt: skip
        found = []
        for reader in readers:
            name = reader.__name__.strip("_")
            try:
                found += [f"{name}: {line}" for line in reader()]
            except (OSError, LookupError, ValueError, TypeError, ET.ParseError) as error:
                found.append(f"{name}: cannot be read: {type(error).__name__}: {error}")
        return found

    # -- what there must be ---------------------------------------------------------------

    @cached_property
    def _students(self) -> dict[str, Student]:
        return students_of(self.truth, self.collection)

    @cached_property
    def _people(self) -> list[Person]:
        return [p for p in (*self.truth.people, *self.truth.strangers) if p.login in self._students]

    def _figures(self, person: Person) -> list[Figure]:
        return [figure(self.truth, self.rules, person, name) for name in DUE]

    @cached_property
    def _by_key(self) -> dict[str, Person]:
        return {self._students[person.login].key: person for person in self._people}

    def _expected(self, handed: Handed) -> Expected:
        person = self._by_key[handed.student]
        files = self.truth.handed[person.login, handed.exercise]
        return next(one for one in files if is_of(one, handed))

    def _table(self, name: str, bom: bool) -> list[dict[str, str]]:
        rows = self._lines(name, bom)
        return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]

    def _lines(self, name: str, bom: bool) -> list[list[str]]:
        data = (self.folder / name).read_bytes()
        if data.startswith(b"\xef\xbb\xbf") != bom:
            raise ValueError(f"{name}: byte order mark: {not bom}")
        return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))

    # -- gradebooks -----------------------------------------------------------------------

    def _canvas(self) -> Iterator[str]:
        lines = self._lines("canvas.csv", bom=False)
        titles = list(TITLES.values())
        if lines[0] != ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *titles]:
            yield f"headings {lines[0]}"
        if lines[1][0] != "    Points Possible" or not same(lines[1][5:], list(POINTS.values())):
            yield f"points possible {lines[1]}"
        rows = {line[1]: line for line in lines[2:]}
        if [line[1] for line in lines[2:]] != [person.id for person in self.truth.people]:
            yield "not the people of the roster, in its order"
        for person in self.truth.people:
            wanted = ["EX" if f.state == "excused" else f.points for f in self._figures(person)]
            if not same(rows[person.id][5:], wanted):
                yield f"{person.login}: {rows[person.id][5:]}, not {wanted}"
        left_out = {person.login for person in self._people} - {p.login for p in self.truth.people}
        if left_out:
            names = str(self._lines("canvas-left-out.csv", bom=True)[1:])
            yield from (
                f"{login} is not left out"
                for login in left_out
                if self._students[login].key not in names
            )

    def _moodle(self) -> Iterator[str]:
        for name, head, of in (
            ("moodle-by-mail.csv", "Email address", "mail"),
            ("moodle-by-id-number.csv", "ID number", "id"),
        ):
            there = [p for p in self.truth.people if getattr(self._students[p.login], of)]
            if not there:
                if (self.folder / name).exists():
                    yield f"{name} is there, with nobody in it"
                continue
            lines = self._lines(name, bom=False)
            if lines[0] != [head, "Full name", *TITLES.values()]:
                yield f"{name}: headings {lines[0]}"
            rows = {line[0]: line[2:] for line in lines[1:]}
            if list(rows) != [getattr(person, of) for person in there]:
                yield f"{name}: {len(rows)} rows, not those of the {len(there)} in the roster"
            for person in there:
                wanted = [f.points for f in self._figures(person)]
                if not same(rows[getattr(person, of)], wanted):
                    yield f"{name}: {person.login}: {rows[getattr(person, of)]}, not {wanted}"

    def _worksheets(self) -> Iterator[str]:
        if self.truth.layout != "moodle":
            return
        assert self.truth.roster is not None
        given = list(csv.reader(self.truth.roster.read_text("utf-8").splitlines()))
        with self.truth.roster.open(newline="", encoding="utf-8") as file:
            given = list(csv.reader(file))
        for number, name in enumerate(DUE):
            lines = self._lines(f"moodle-worksheet-{name}.csv", bom=False)
            if sorted(lines[0]) != sorted(given[0]):
                yield f"{name}: headings {lines[0]}"
            before = [dict(zip(given[0], line, strict=True)) for line in given[1:]]
            after = {line[0]: dict(zip(lines[0], line, strict=True)) for line in lines[1:]}
            for person, row in zip(self.truth.people, before, strict=True):
                points = self._figures(person)[number].points
                mine = after[row["Identifier"]]
                if not same([mine.pop("Grade")], [points]):
                    yield f"{name}: {person.login}: not {points}"
                if bool(mine.pop("Feedback comments")) != (points is not None):
                    yield f"{name}: {person.login}: feedback comments"
                changed = {key for key, value in mine.items() if not as_guarded(value, row[key])}
                if changed:
                    yield f"{name}: {person.login}: changed {changed}"

    # -- plain tables ---------------------------------------------------------------------

    def _grades(self) -> Iterator[str]:
        rows = {row["student"]: row for row in self._table("grades.csv", bom=True)}
        if len(rows) != len(self.collection.students):
            yield f"{len(rows)} students, not {len(self.collection.students)}"
        for person in self._people:
            row, figures = rows[guarded(self._students[person.login].key)], self._figures(person)
            for name, one in zip(DUE, figures, strict=True):
                words = {"points": one.points, "out of": POINTS[name]}
                words["days late"] = Decimal(one.days) if one.days else None
                for head, wanted in words.items():
                    if not same([row[f"{name} {head}"]], [wanted]):
                        yield f"{person.login} {name}: {head} {row[f'{name} {head}']}, not {wanted}"
                state = row[f"{name} status"]
                if (one.state in _STATES) != (state in _STATES.values()) or (
                    one.state in _STATES and state != _STATES[one.state]
                ):
                    yield f"{person.login} {name}: status {state}, not {one.state}"
            if not same([row["total"], row["total out of"]], total(figures)):
                yield f"{person.login}: total {row['total']} of {row['total out of']}"

    def _submissions(self) -> Iterator[str]:
        rows = self._table("submissions.csv", bom=True)
        if len(rows) != len(self.collection.handed):
            yield f"{len(rows)} files, not {len(self.collection.handed)}"
        for row, handed in zip(rows, self.collection.handed, strict=True):
            one = self._expected(handed)
            where = f"{handed.student} {handed.exercise} {handed.attempt}"
            if not same([row["score"]], [Decimal(str(one.known.score))]):
                yield f"{where}: score {row['score']}, not {one.known.score} ({one.known.kind})"
            if row["state"] != ("passed" if one.known.passes else "failed"):
                yield f"{where}: {row['state']}"
            if set(row["failed checks"].split()) != set(one.known.caught_by):
                yield f"{where}: failed {row['failed checks']} ({one.known.kind})"
            if not set(one.known.caught_by.values()) - {""} <= set(row["diagnoses"].split()):
                yield f"{where}: diagnoses {row['diagnoses']} ({one.known.kind})"
            if (row["counts"] == "yes") != self._counts(handed):
                yield f"{where}: counts: {row['counts']}"
            if row["SHA-256"] != handed.sha256 or int(row["bytes"]) != handed.size:
                yield f"{where}: bytes"

    def _counts(self, handed: Handed) -> bool:
        person = self._by_key[handed.student]
        one = figure(self.truth, self.rules, person, handed.exercise)
        return one.chosen is not None and one.chosen == self._expected(handed)

    def _files(self) -> Iterator[str]:
        rows = self._table("files.csv", bom=True)
        if len(rows) != len(self.collection.entries):
            yield f"{len(rows)} lines, not {len(self.collection.entries)}"
        roles = Counter(row["is"] for row in rows)
        for name in ("submission", "duplicate", "unknown", "refused"):
            known = sum(entry.role == name for entry in self.collection.entries)
            if known not in roles.values() and known:
                yield f"no role {known} times, as {name}: {roles}"

    # -- verdicts -------------------------------------------------------------------------

    def _jsonl(self) -> Iterator[str]:
        lines = (self.folder / "verdicts.jsonl").read_text("ascii").splitlines()
        if len(lines) != len(self.collection.handed):
            yield f"{len(lines)} lines, not {len(self.collection.handed)}"
        for line, handed in zip(lines, self.collection.handed, strict=True):
            data = json.loads(line)
            where = f"{handed.student} {handed.exercise} {handed.attempt}"
            if data["student"]["key"] != handed.student or data["origin"] != handed.origin:
                yield f"{where}: of {data['student']['key']}"
            yield from (f"{where}: {x}" for x in self._verdict(data["verdict"], handed))
            one = figure(self.truth, self.rules, self._by_key[handed.student], handed.exercise)
            counts = self._counts(handed) and one.state != "excused"
            if data["counts"] != counts:
                yield f"{where}: counts {data['counts']}"
            elif counts and not same([str(data["points"])], [one.points]):
                yield f"{where}: points {data['points']}, not {one.points}"
            if counts and data["days_late"] != one.days:
                yield f"{where}: {data['days_late']} days late, not {one.days}"

    def _verdict(self, verdict: dict[str, Any], handed: Handed) -> Iterator[str]:
        known = self._expected(handed).known
        failed = {c["id"]: c["diagnosis"] for c in verdict["checks"] if c["status"] != "passed"}
        if not _as_known(failed, known):
            yield f"({known.kind}) fails {failed}, not {dict(known.caught_by)}"
        if verdict["score"] != known.score or verdict["exercise"] != handed.exercise:
            yield f"({known.kind}) score {verdict['score']}, not {known.score}"

    def _junit(self) -> Iterator[str]:
        root = ET.parse(self.folder / "junit.xml").getroot()
        suites = root.findall("testsuite")
        if len(suites) != len(self.collection.handed):
            yield f"{len(suites)} suites, not {len(self.collection.handed)}"
        failures = 0
        for suite, handed in zip(suites, self.collection.handed, strict=True):
            known = self._expected(handed).known
            failures += len(known.caught_by)
            checks = len(exercises()[handed.exercise].checks)
            numbers = (checks, len(known.caught_by), 0, 0)
            if tuple(int(suite.attrib[n]) for n in _COUNTS) != numbers:
                yield f"{suite.get('name')!r}: {suite.attrib}, not {numbers}"
            if len(suite.findall("testcase/failure")) != len(known.caught_by):
                yield f"{suite.get('name')!r}: failures"
        if int(root.attrib["failures"]) != failures:
            yield f"{root.attrib['failures']} failures, not {failures}"

    def _gradescope(self) -> Iterator[str]:
        found: Counter[tuple[str, float, int]] = Counter()
        for path in (self.folder / "gradescope").rglob("results.json"):
            data = json.loads(path.read_text("ascii"))
            failed = sum(test.get("status") == "failed" for test in data["tests"])
            found[path.parent.parent.name, data["score"], failed] += 1
        wanted: Counter[tuple[str, float, int]] = Counter()
        for handed in self.collection.handed:
            known = self._expected(handed).known
            wanted[handed.exercise, known.score, len(known.caught_by)] += 1
        if found != wanted:
            yield f"too many {found - wanted}, too few {wanted - found}"

    # -- pages ----------------------------------------------------------------------------

    def _feedback(self) -> Iterator[str]:
        rows = self._table("feedback/mailmerge.csv", bom=True)
        pages = {path.name for path in (self.folder / "feedback").glob("*.html")}
        if pages != {row["file"] for row in rows} or len(pages) != len(self.collection.students):
            yield f"{len(pages)} pages, {len(rows)} rows, {len(self.collection.students)} students"
        for row, student in zip(rows, self.collection.students, strict=True):
            person = self._by_key[student.key]
            page = Tables((self.folder / "feedback" / row["file"]).read_text("utf-8"))
            figures = self._figures(person)
            # The first table is the student's own; its last row the total.
            shown = [_PLACES.findall(line[1]) for line in page.rows[1 : len(figures) + 2]]
            pairs = list(zip(figures, POINTS.values(), strict=True))
            wanted = [[f.points, most] if f.points is not None else [] for f, most in pairs]
            for got, want in zip(shown, [*wanted, list(total(figures))], strict=True):
                if not same(got, want):
                    yield f"{row['file']}: {got}, not {want}"

    def _mailmerge(self) -> Iterator[str]:
        rows = self._table("feedback/mailmerge.csv", bom=True)
        for row, student in zip(rows, self.collection.students, strict=True):
            figures = self._figures(self._by_key[student.key])
            if not same([row["total"], row["total out of"]], total(figures)):
                yield f"{student.key}: {row['total']} of {row['total out of']}"
            if row["mail"] != student.mail:
                yield f"{student.key}: mail {row['mail']!r}"

    def _dashboard(self) -> Iterator[str]:
        page = Tables((self.folder / "dashboard.html").read_text("utf-8"), "students")
        if len(page.rows) - 1 != len(self.collection.students):
            yield f"{len(page.rows) - 1} students, not {len(self.collection.students)}"
        lines = list(zip(page.points, page.signs, strict=True))[1:]
        for (points, signs), student in zip(lines, self.collection.students, strict=True):
            person = self._by_key[student.key]
            cells = zip(DUE, points[2:], signs[2:], self._figures(person), strict=True)
            for name, shown, sign, one in cells:
                where = f"{person.login} {name}"
                if one.chosen is None:
                    if sign:
                        yield f"{where}: {shown!r} {sign!r}, not {one.state}"
                    continue
                if not same(_PLACES.findall(shown), [one.points, POINTS[name]]):
                    yield f"{where}: {shown!r}, not {one.points}"
                checks = exercises()[name].checks
                given = [c in "×∞" for c in sign]
                if given != [check.id in one.chosen.known.caught_by for check in checks]:
                    yield f"{where}: {sign!r}, but {one.chosen.known.kind}"

    def _sums(self) -> Iterator[str]:
        source = (self.folder / "dashboard.html").read_text("utf-8")
        counted = [
            (one.chosen, name)
            for person in self._people
            for name, one in zip(DUE, self._figures(person), strict=True)
            if one.chosen is not None
        ]
        failed = Counter((name, check) for one, name in counted for check in one.known.caught_by)
        tried = Counter(name for _, name in counted)
        for row in Tables(source, "checks-table").rows[1:]:
            checks, number = exercises()[row[0]].checks, int(row[1])
            wanted = [failed[row[0], checks[number - 1].id], tried[row[0]]]
            if wanted[1] and not same(_PLACES.findall(row[3])[:2], wanted):
                yield f"check {row[:4]}, not {wanted}"
        tiles = re.findall(r"<b>(\d+)</b>", between(source, '<ul class="tiles">', "</ul>"))
        handed = {one.student for one in self.collection.handed}
        wanted = [len(self.collection.students), len(handed), len(self.collection.handed)]
        wanted.append(sum(self._passes(person) for person in self._people))
        if not same(tiles[:4], wanted):
            yield f"tiles {tiles}, not {wanted}"
        shown: Counter[tuple[str, str]] = Counter()
        for where in re.findall(r'<li id="d\d+">.*?<p class="quiet small">(.*?)</p>', source, re.S):
            shown.update(re.findall(r"(ex\d+): (\d+)", where))
        if shown != (wanted_diagnoses := self._diagnoses()):
            yield f"diagnoses: {shown - wanted_diagnoses} too many, {wanted_diagnoses - shown} less"

    def _passes(self, person: Person) -> bool:
        figures = self._figures(person)
        done = [one.chosen is not None and one.chosen.known.passes for one in figures]
        needed = [one.state != "excused" for one in figures]
        return any(needed) and all(d or not n for d, n in zip(done, needed, strict=True))

    def _diagnoses(self) -> Counter[tuple[str, str]]:
        """Count by exercise how many students have each diagnosis, by the verdicts themselves."""
        students: dict[tuple[str, str], int] = Counter()
        for line in (self.folder / "verdicts.jsonl").read_text("ascii").splitlines():
            data = json.loads(line)
            if data["counts"]:
                bad = [c for c in data["verdict"]["checks"] if c["status"] in ("failed", "stuck")]
                names = {c["diagnosis"] for c in bad if not c["because"]} - {""}
                students.update((data["exercise"], name) for name in names)
        return Counter((name, str(count)) for (name, _), count in students.items())

    # -- what no export may do ------------------------------------------------------------

    def _cells(self) -> Iterator[str]:
        for path in sorted(self.folder.rglob("*.csv")):
            with path.open(newline="", encoding="utf-8-sig") as file:
                for row in csv.reader(file):
                    yield from (f"{path.name}: {cell!r}" for cell in row if not harmless(cell))
        for path in sorted(self.folder.rglob("*.html")):
            source = path.read_text("utf-8")
            if "<script>document.title" in source or "\x1b" in source or "\u202e" in source:
                yield f"{path.name}: hostile text as it came"


def _as_known(failed: dict[str, str], known: Known) -> bool:
    if failed.keys() != known.caught_by.keys():
        return False
    return all(wanted in ("", failed[check]) for check, wanted in known.caught_by.items())
