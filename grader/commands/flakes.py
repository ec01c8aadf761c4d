"""``flakes``: the same submission must get the same verdict, however busy the machine is."""

from __future__ import annotations

import contextlib
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import get_args

from grader.catalog import exercise_ids, load_exercise
from grader.cli import FALLEN_SHORT, OUR_FAULT, PASSED, BadRequestError, Parser, suite_root
from grader.commands._compare import both, differing, fingerprint, one
from grader.commands._soak import busy, cores
from grader.model import Language, Verdict
from grader.proof import Case, Finding, cases, graded
from grader.sandbox import IsolationChoice
from grader.texts import text

_KINDS = ("stub", "reference", "variant", "mistake")


@dataclass
class Record:
    """What all gradings of one case came to: the first finding of each sort, and how many."""

    case: Case
    runs: int
    seen: Counter[str] = field(default_factory=Counter)
    first: dict[str, Finding] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0

    def add(self, found: Finding | str) -> None:
        """Take note of one grading."""
        if isinstance(found, str):
            self.errors[found] += 1
            return
        key = fingerprint(found.verdict)
        self.seen[key] += 1
        self.first.setdefault(key, found)
        self.longest = max(self.longest, found.verdict.duration_s)

    @property
    def done(self) -> int:
        """How many gradings there have been."""
        return self.seen.total() + self.errors.total()

    @property
    def failed(self) -> bool:
        """Whether the grader itself was at fault in one of them."""
        return bool(self.errors) or any(f.verdict.status == "error" for f in self.first.values())

    @property
    def bad(self) -> bool:
        """Whether there was not one and the same right verdict each time."""
        wrong = any(finding.complaints for finding in self.first.values())
        return self.failed or wrong or len(self.seen) > 1

    def lines(self, language: Language) -> Iterator[str]:
        """Yield one line, and where something is not as it must be, all that is known of it."""
        mark = "✗" if self.bad else "✓" if self.done == self.runs else "…"
        runs = f"{self.done}" if self.done == self.runs else f"{self.done}/{self.runs}"
        kinds = len(self.seen) + len(self.errors)
        name = f"{self.case.exercise} {self.case.kind:9} {self.case.path.name:38}"
        yield f"{mark} {name} {runs} × {kinds} verdict(s), longest {self.longest:.2f} s"
        if not self.bad:
            return
        for error, count in self.errors.most_common():
            yield f"    {count} × {text('cli.flakes_error', language, error=error)}"
        usual: Verdict | None = None
        for key, count in self.seen.most_common():
            finding = self.first[key]
            yield f"    {count} × {finding.verdict.status}"
            yield from (f"      {line}" for line in finding.complaints)
            if usual is None:
                usual = finding.verdict
                yield from (f"      {line}" for line in self._always_wrong(finding))
            else:
                yield from (f"      {line}" for line in both(usual, finding.verdict, language))

    def _always_wrong(self, finding: Finding) -> Iterator[str]:
        """Yield what is known of checks that the usual verdict has wrong and no other shows."""
        shown: set[str] = set()
        for other in self.first.values():
            shown.update(differing(finding.verdict, other.verdict))
        wrong = {line.partition(":")[0] for line in finding.complaints}
        for check in finding.verdict.checks:
            if check.id in wrong - shown:
                yield check.id
                yield from (f"  {line}" for line in one(finding.verdict, check.id))


def run(argv: Sequence[str], language: Language) -> int:
    """Grade again and again under load and report every verdict that differs."""
    made = Parser(prog="flakes", description=text("cli.flakes_about", language))
    made.add_argument(
        "exercises", nargs="*", metavar="exNN", help=text("cli.grade_exercises", language)
    )
    for name, default in (("runs", 20), ("others", 2), ("load", 4), ("jobs", 1)):
        words = text(f"cli.flakes_{name}", language)
        made.add_argument(f"--{name}", type=int, default=default, help=words, metavar="N")
    words = text("cli.flakes_kind", language)
    made.add_argument("--kind", action="append", choices=_KINDS, help=words)
    made.add_argument(
        "--isolation",
        choices=get_args(IsolationChoice),
        default="auto",
        help=text("cli.grade_isolation", language),
    )
    made.add_argument(
        "--lang", choices=("en", "zh"), default=language, help=text("cli.grade_lang", language)
    )
    arguments = made.parse_args(argv)
    language = arguments.lang
    for name, least in (("runs", 1), ("others", 1), ("load", 0), ("jobs", 1)):
        if getattr(arguments, name) < least:
            raise BadRequestError(text("cli.flakes_least", language, name=name, least=least))
    root = suite_root()
    records = [
        Record(case, arguments.runs if case.kind == "reference" else arguments.others)
        for name in arguments.exercises or exercise_ids(root)
        for case in cases(root, load_exercise(root, name))
        if case.kind in (arguments.kind or _KINDS)
    ]
    began = time.monotonic()
    try:
        todo = [record.case for record in records for _ in range(record.runs)]
        with (
            graded(root, todo, arguments.isolation, arguments.jobs) as found,
            busy(arguments.load * cores()),
        ):
            for record in records:
                _soak(record, found, language)
    finally:
        _summarise(records, time.monotonic() - began, language)
    if any(record.failed for record in records):
        return OUR_FAULT
    return FALLEN_SHORT if any(record.bad for record in records) else PASSED


def _soak(record: Record, found: Iterator[Finding | str], language: Language) -> None:
    """Take note of all gradings of one case, and say what they came to, also when interrupted."""
    try:
        for _ in range(record.runs):
            record.add(next(found))
    finally:
        if record.done:
            print("\n".join(record.lines(language)), flush=True)


def _summarise(records: Sequence[Record], seconds: float, language: Language) -> None:
    """Say what was graded, how often, and whether all of it was steady."""
    flaky = sum(record.bad for record in records)
    complete = sum(record.done == record.runs for record in records)
    values = {"flaky": flaky, "complete": complete, "cases": len(records)}
    values |= {"gradings": sum(record.done for record in records), "minutes": round(seconds / 60)}
    with contextlib.suppress(BrokenPipeError):
        print(text("cli.flakes_graded", language, **values))
        if flaky:
            print(text("cli.flakes_result", language, **values))
        elif complete == len(records):
            print(text("cli.flakes_passed", language))
        sys.stdout.flush()
