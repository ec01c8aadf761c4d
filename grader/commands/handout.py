"""``handout``: builds what students get, into a folder of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from grader.catalog import exercise_ids, load_exercise
from grader.cli import PASSED, BadRequestError, Parser, suite_root
from grader.handout.builder import build
from grader.handout.public import public_exercise
from grader.handout.writing import HandoutError, update, write_new
from grader.model import LANGUAGES, Exercise, Language
from grader.proof import structure
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
    found = chosen(root, arguments.exercises, language)
    complaints = unready(root, found, language)
    # What is asked for, or was handed out before, is not left out without being asked.
    kept = {e.id for e in found if arguments.update and (target / "exercises" / e.folder).is_dir()}
    exercises = [exercise for exercise in found if exercise.id not in complaints]
    for name, complaint in complaints.items():
        if arguments.exercises or not exercises or name in kept:
            raise BadRequestError(complaint)
    languages: Sequence[Language] = LANGUAGES if arguments.lang == "both" else (arguments.lang,)
    try:
        files = build(root, exercises, languages)
        if arguments.update:
            written, removed = update(target, files)
            print(say("updated", path=target, written=len(written), removed=len(removed)))
            for mark, names in (("+", written), ("-", removed)):
                print("".join(f"  {mark} {name}\n" for name in names), end="")
            _left_out(complaints, language)
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
    _left_out(complaints, language)
    print(say("next"))
    return PASSED


def chosen(root: Path, wanted: Sequence[str], language: Language) -> list[Exercise]:
    """Return the exercises that are asked for, each once and in order; none: all."""
    names = list(wanted) or exercise_ids(root)
    if not names:
        raise BadRequestError(text("cli.no_exercises", language, root=root))
    found = {exercise.id: exercise for exercise in (load_exercise(root, name) for name in names)}
    return [found[name] for name in exercise_ids(root) if name in found]


def unready(root: Path, exercises: Sequence[Exercise], language: Language) -> dict[str, str]:
    """Return what ``verify`` has against exercises before it grades, a line each, by their ids."""
    found = {exercise.id: structure(root, exercise) for exercise in exercises}
    return {
        name: text(
            f"handout.unready_{1 if len(lines) == 1 else 'n'}",
            language,
            exercise=name,
            n=len(lines),
            complaint=lines[0],
        )
        for name, lines in found.items()
        if lines
    }


def _left_out(complaints: Mapping[str, str], language: Language) -> None:
    for complaint in complaints.values():
        print("  " + text("handout.left_out", language, complaint=complaint))


def refusal(error: HandoutError, language: Language) -> BadRequestError:
    """Return the line for whoever asked."""
    return BadRequestError(text(f"handout.{error.key}", language, **error.values))


def _refuse_inside(root: Path, target: Path, language: Language) -> None:
    """A handout in the suite would be found, and graded in, as a part of it."""
    inside = target.resolve()
    if inside == root.resolve() or root.resolve() in inside.parents:
        raise BadRequestError(text("handout.inside_suite", language, path=target, root=root))
