"""``gradescope``: builds an autograder zip for Gradescope."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from grader.cli import PASSED, BadRequestError, Parser, suite_root
from grader.commands.handout import chosen, refusal, unready
from grader.handout.bundle import bundle, is_ours
from grader.handout.writing import HandoutError
from grader.model import Language
from grader.texts import text


def run(argv: Sequence[str], language: Language) -> int:
    """Write the zip and say what to do with it."""

    def say(name: str, **values: object) -> str:
        return text(f"handout.{name}", language, **values)

    made = Parser(prog="gradescope", description=say("gradescope_about"))
    made.add_argument("exercises", nargs="+", metavar="exNN", help=say("gradescope_exercises"))
    made.add_argument("--out", type=Path, metavar="FILE.zip", help=say("gradescope_out"))
    made.add_argument("--lang", choices=("en", "zh"), default=language, help=say("gradescope_lang"))
    made.add_argument(
        "--isolation",
        choices=("partial", "full", "auto"),
        default="partial",
        help=say("gradescope_isolation"),
    )
    arguments = made.parse_args(argv)
    language = arguments.lang
    root = suite_root()
    exercises = chosen(root, arguments.exercises, language)
    names = [exercise.id for exercise in exercises]
    target: Path = arguments.out or Path(f"gradescope-{'-'.join(names)}.zip")
    if target.is_dir() or (os.path.lexists(target) and not is_ours(target)):
        raise BadRequestError(say("gradescope_exists", path=target))
    if not target.parent.is_dir():
        raise BadRequestError(say("gradescope_no_folder", path=target, folder=target.parent))
    for complaint in unready(root, exercises, language).values():
        raise BadRequestError(complaint)
    try:
        data = bundle(root, exercises, language, arguments.isolation)
    except HandoutError as error:
        raise refusal(error, language) from None
    _write(target, data)
    points = sum(exercise.max_score for exercise in exercises)
    shown = ", ".join(names)
    print(say("gradescope_written", path=target, exercises=shown, size=f"{len(data):,}"))
    print(say("gradescope_next", points=f"{points:g}"))
    return PASSED


def _write(target: Path, data: bytes) -> None:
    """Write the zip whole, or not at all (OSError)."""
    handle, name = tempfile.mkstemp(prefix=".gradescope-", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, 0o644)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise
