"""``verify``: proof that every check can fail, and only for its reason."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from grader.catalog import exercise_ids, load_exercise
from grader.cli import FALLEN_SHORT, OUR_FAULT, PASSED, Parser, suite_root
from grader.model import Language
from grader.proof import Finding, cases, judge_all, structure
from grader.texts import text


def run(argv: Sequence[str], language: Language) -> int:
    """Grade stub, reference, variants and mistakes of each exercise; report what is not so."""
    made = Parser(prog="verify", description=text("cli.verify_about", language))
    made.add_argument("exercises", nargs="*", metavar="exNN")
    made.add_argument("--isolation", choices=("auto", "full", "none", "spawn"), default="auto")
    made.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    made.add_argument("--lang", choices=("en", "zh"), default=language)
    arguments = made.parse_args(argv)
    language = arguments.lang
    root = suite_root()
    wrong, errors = 0, 0
    for name in arguments.exercises or exercise_ids(root):
        exercise = load_exercise(root, name)
        print(f"{exercise.id} {exercise.title.in_language(language)}")
        for complaint in structure(root, exercise):
            wrong += 1
            print(f"  {complaint}")
        todo = cases(root, exercise)
        for finding in judge_all(root, todo, arguments.isolation, arguments.workers):
            wrong += bool(finding.complaints)
            errors += finding.verdict.status == "error"
            print(_line(finding))
            sys.stdout.flush()
    print(text("cli.verify_result" if wrong else "cli.verify_passed", language, wrong=wrong))
    if errors:
        return OUR_FAULT
    return FALLEN_SHORT if wrong else PASSED


def _line(finding: Finding) -> str:
    case, verdict = finding.case, finding.verdict
    mark = "✗" if finding.complaints else "✓"
    lines = [
        f"  {mark} {case.kind:9} {case.path.name:38} {verdict.score:g}/{verdict.max_score:g}"
        f"  {verdict.duration_s:.2f} s"
    ]
    return "\n".join([*lines, *(f"      {complaint}" for complaint in finding.complaints)])
