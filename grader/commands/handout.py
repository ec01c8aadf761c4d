"""``handout``: builds what students get, into a folder of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from grader.catalog import exercise_ids, load_exercise
from grader.cli import PASSED, BadRequestError, Parser, suite_root
from grader.handout.builder import build
from grader.handout.public import public_exercise
from grader.handout.writing import HandoutError, update, write_new
from grader.model import LANGUAGES, Exercise, Language
from grader.texts import text


def run(argv: Sequence[str], language: Language) -> int:
    """Write a handout and say what is in it."""

    def say(name: str, **values: object) -> str:
        return text(f"handout.{name}", language, **values)

    made = Parser(prog="handout", description=say("about"))
    made.add_argument("--out", type=Path, required=True, metavar="DIR", help=say("out"))
    made.add_argument("--exercises", nargs="+", default=[], metavar="exNN", help=say("exercises"))
    made.add_argument("--lang", choices=("en", "zh", "both"), default="both", help=say("lang"))
    made.add_argument("--update", action="store_true", help=say("update"))
    arguments = made.parse_args(argv)
    root = suite_root()
    target: Path = arguments.out
    _refuse_inside(root, target, language)
    exercises = chosen(root, arguments.exercises, language)
    languages: Sequence[Language] = LANGUAGES if arguments.lang == "both" else (arguments.lang,)
    try:
        files = build(root, exercises, languages)
        if arguments.update:
            written, removed = update(target, files)
            print(say("updated", path=target, written=len(written), removed=len(removed)))
            for mark, names in (("+", written), ("-", removed)):
                print("".join(f"  {mark} {name}\n" for name in names), end="")
            return PASSED
        write_new(target, files)
    except HandoutError as error:
        raise refusal(error, language) from None
    print(say("written", path=target, n=len(files)))
    for exercise in exercises:
        public = public_exercise(exercise)
        counts = {
            "public": len(public.checks),
            "checks": len(exercise.checks),
            "points": f"{public.max_score:g}",
            "max_score": f"{exercise.max_score:g}",
        }
        print("  " + say("of_exercise", exercise=exercise.folder, **counts))
    print(say("next"))
    return PASSED


def chosen(root: Path, wanted: Sequence[str], language: Language) -> list[Exercise]:
    """Return the exercises that are asked for, each once and in order; none: all."""
    names = list(wanted) or exercise_ids(root)
    if not names:
        raise BadRequestError(text("cli.no_exercises", language, root=root))
    found = {exercise.id: exercise for exercise in (load_exercise(root, name) for name in names)}
    return [found[name] for name in exercise_ids(root) if name in found]


def refusal(error: HandoutError, language: Language) -> BadRequestError:
    """Return the line for whoever asked."""
    return BadRequestError(text(f"handout.{error.key}", language, **error.values))


def _refuse_inside(root: Path, target: Path, language: Language) -> None:
    """A handout in the suite would be found, and graded in, as a part of it."""
    inside = target.resolve()
    if inside == root.resolve() or root.resolve() in inside.parents:
        raise BadRequestError(text("handout.inside_suite", language, path=target, root=root))
