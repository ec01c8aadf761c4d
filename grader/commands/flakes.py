"""``flakes``: the same submission must get the same verdict, however busy the machine is."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence

from grader.catalog import exercise_ids, load_exercise
from grader.cli import FALLEN_SHORT, PASSED, Parser, suite_root
from grader.model import Language, Verdict
from grader.proof import Case, cases, judge_all
from grader.texts import text

_BURN = "while True: pass"
_KINDS = ("stub", "reference", "variant", "mistake")


def run(argv: Sequence[str], language: Language) -> int:
    """Grade again and again under load and report every verdict that differs."""
    made = Parser(prog="flakes", description=text("cli.flakes_about", language))
    made.add_argument("exercises", nargs="*", metavar="exNN")
    made.add_argument("--runs", type=int, default=20, help=text("cli.flakes_runs", language))
    made.add_argument("--others", type=int, default=2, help=text("cli.flakes_others", language))
    made.add_argument(
        "--kind", action="append", choices=_KINDS, help=text("cli.flakes_kind", language)
    )
    made.add_argument("--load", type=int, default=4, help=text("cli.flakes_load", language))
    made.add_argument("--isolation", choices=("auto", "full", "none", "spawn"), default="auto")
    made.add_argument("--lang", choices=("en", "zh"), default=language)
    arguments = made.parse_args(argv)
    language = arguments.lang
    root = suite_root()
    flaky = 0
    with busy(arguments.load * (os.cpu_count() or 1)):
        for name in arguments.exercises or exercise_ids(root):
            for case in cases(root, load_exercise(root, name)):
                if case.kind not in (arguments.kind or _KINDS):
                    continue
                runs = arguments.runs if case.kind == "reference" else arguments.others
                flaky += _repeat(root, case, runs, arguments.isolation)
    print(text("cli.flakes_result" if flaky else "cli.flakes_passed", language, flaky=flaky))
    return FALLEN_SHORT if flaky else PASSED


def _repeat(root: object, case: Case, runs: int, isolation: str) -> int:
    """Grade one case so many times; return 1 where the verdicts differ or are not the due ones."""
    seen: Counter[str] = Counter()
    complaints: dict[str, Sequence[str]] = {}
    longest = 0.0
    for finding in judge_all(root, [case] * runs, isolation, 1):  # type: ignore[arg-type]
        key = fingerprint(finding.verdict)
        seen[key] += 1
        complaints.setdefault(key, finding.complaints)
        longest = max(longest, finding.verdict.duration_s)
    bad = len(seen) > 1 or any(complaints.values())
    mark = "✗" if bad else "✓"
    name = f"{case.exercise} {case.kind:9} {case.path.name:38}"
    print(f"{mark} {name} {runs} × {len(seen)} verdict(s), longest {longest:.2f} s")
    if bad:
        for key, count in seen.most_common():
            print(f"    {count} ×")
            for line in complaints[key]:
                print(f"      {line}")
    sys.stdout.flush()
    return int(bad)


def fingerprint(verdict: Verdict) -> str:
    """Return what must be the same each time: statuses and diagnoses, in order."""
    return ";".join(f"{check.id}={check.status}:{check.diagnosis}" for check in verdict.checks)


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep so many processes running in circles meanwhile."""
    burners = [subprocess.Popen([sys.executable, "-S", "-c", _BURN]) for _ in range(count)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
        for burner in burners:
            burner.wait()
