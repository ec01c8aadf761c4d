"""``verify``: proof that every check can fail, and only for its reason."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from grader.catalog import CatalogError, exercise_ids, load_exercise
from grader.cli import FALLEN_SHORT, OUR_FAULT, PASSED, Parser, suite_root
from grader.model import Exercise, Language
from grader.proof import Case, Finding, cases, graded, structure
from grader.sandbox import IsolationChoice
from grader.texts import text


def run(argv: Sequence[str], language: Language) -> int:
    """Grade stub, reference, variants and mistakes of each exercise; report what is not so."""
    made = Parser(prog="verify", description=text("cli.verify_about", language))
    made.add_argument(
        "exercises", nargs="*", metavar="exNN", help=text("cli.grade_exercises", language)
    )
    made.add_argument(
        "--isolation",
        choices=get_args(IsolationChoice),
        default="auto",
        help=text("cli.grade_isolation", language),
    )
    made.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help=text("cli.flakes_jobs", language),
    )
    made.add_argument(
        "--lang", choices=("en", "zh"), default=language, help=text("cli.grade_lang", language)
    )
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
        todo = _there(root, exercise)
        with graded(root, todo, arguments.isolation, arguments.workers) as found:
            for case, finding in zip(todo, found, strict=True):
                broken = isinstance(finding, str) or finding.verdict.status == "error"
                wrong += broken or (isinstance(finding, Finding) and bool(finding.complaints))
                errors += broken
                print(_line(case, finding), flush=True)
    print(text("cli.verify_result" if wrong else "cli.verify_passed", language, wrong=wrong))
    if errors:
        return OUR_FAULT
    return FALLEN_SHORT if wrong else PASSED


def _there(root: Path, exercise: Exercise) -> list[Case]:
    """Return what can be graded: `structure` has said what is missing, or broken."""
    try:
        return [case for case in cases(root, exercise) if case.path.is_file()]
    except CatalogError:
        return []


def _line(case: Case, finding: Finding | str) -> str:
    if isinstance(finding, str):
        return f"  ✗ {case.kind:9} {case.path.name:38} {finding}"
    verdict = finding.verdict
    mark = "✗" if finding.complaints else "✓"
    lines = [
        f"  {mark} {case.kind:9} {case.path.name:38} {verdict.score:g}/{verdict.max_score:g}"
        f"  {verdict.duration_s:.2f} s"
    ]
    return "\n".join([*lines, *(f"      {complaint}" for complaint in finding.complaints)])
