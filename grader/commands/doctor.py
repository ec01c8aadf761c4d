"""``doctor``: what this machine can isolate, why it cannot do more, and how to get it."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict

from grader.cli import PASSED, Parser
from grader.learner import watch
from grader.model import Language
from grader.sandbox.survey import Rung, survey
from grader.texts import missing_text, text


def run(argv: Sequence[str], language: Language) -> int:
    """Try every rung of the isolation ladder and print what came of it."""
    made = Parser(prog="doctor", description=text("cli.doctor_about", language))
    made.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help=text("cli.doctor_format", language),
    )
    made.add_argument(
        "--lang", choices=("en", "zh"), default=language, help=text("cli.grade_lang", language)
    )
    arguments = made.parse_args(argv)
    language = arguments.lang
    rungs = survey()
    if arguments.format == "json":
        print(json.dumps([asdict(rung) for rung in rungs], ensure_ascii=False, indent=2))
        return PASSED
    print(
        text(
            "doctor.machine", language, system=platform.platform(), python=platform.python_version()
        )
    )
    print()
    for rung in rungs:
        print("\n".join(_lines(rung, language)))
        print()
    best = next(rung for rung in rungs if rung.works)
    print(text("doctor.auto", language, level=best.level))
    print(text("doctor.watched" if watch.supported else "doctor.unwatched", language))
    return PASSED


def _lines(rung: Rung, language: Language) -> list[str]:
    mark = "✓" if rung.works else "✗"
    about = text(f"doctor.{rung.level}", language)
    lines = [f"{mark} {rung.level} ({rung.backend}): {about}"]
    lines += [f"    - {missing_text(entry, language)}" for entry in rung.missing]
    lines += [f"    → {text(f'doctor.{step}', language)}" for step in rung.advice]
    return lines
