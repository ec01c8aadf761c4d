"""``solution``: the reference beside the learner's file, once that passes or is given up."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from grader.catalog import load_exercise, read_regular, solution_path, stub_path, variants
from grader.cli import PASSED, BadRequestError, Parser, is_ascii_only, suite_root, wants_colour
from grader.commands._beside import Shown, render
from grader.history import History
from grader.model import Exercise, Language
from grader.report._layout import escape, wrap
from grader.store import relative
from grader.submission import MAX_SOURCE, source_lines
from grader.texts import text

_WIDTHS = (50, 400)
_MOST_LINES = 2000
# A variant's first lines; what goes on in the next line is indented.
_VARIANT = re.compile(r"# *variant: *(.*(?:\n# {2,}.*)*)(?:\n# *变体： *(.*))?")
_GOES_ON = re.compile(r"\n# +")


def run(argv: Sequence[str], language: Language) -> int:
    """Show the reference, or a variant, beside the learner's file; list the variants."""
    made = Parser(prog="solution", description=text("learner.solution_about", language))
    made.add_argument("exercise", metavar="exNN", help=text("learner.solution_exercise", language))
    made.add_argument(
        "--give-up", action="store_true", help=text("learner.solution_give_up", language)
    )
    made.add_argument("--variant", metavar="NAME", help=text("learner.solution_variant", language))
    made.add_argument("--width", type=int, help=text("learner.solution_width", language))
    made.add_argument(
        "--lang", choices=("en", "zh"), default=language, help=text("cli.grade_lang", language)
    )
    arguments = made.parse_args(argv)
    language = arguments.lang
    width = arguments.width or shutil.get_terminal_size((100, 24)).columns
    width = max(_WIDTHS[0], min(_WIDTHS[1], width))
    root = suite_root()
    exercise = load_exercise(root, arguments.exercise)
    other = _other(root, exercise, arguments.variant, language)
    history = History(root, language)
    if not history.passed(exercise.id):
        if arguments.give_up:
            history.give_up(exercise.id)
        elif not history.given_up(exercise.id):
            raise BadRequestError(_refusal(exercise, history, language))
    mine = _mine(root, exercise, history, language)
    files = [mine, other] if mine is not None else [other]
    colour, ascii = wants_colour(), is_ascii_only()
    print(render(files, list(exercise.functions), width, colour=colour, ascii=ascii))
    print("\n".join(_notes(root, exercise, arguments.variant, width, language)))
    return PASSED


def _refusal(exercise: Exercise, history: History, language: Language) -> str:
    """Say what is missing before the solution is shown."""
    best = history.best(exercise.id)
    if best is None or not best.checks:
        return text("learner.solution_not_tried", language, exercise=exercise.id)
    titles = {check.id: check.title.in_language(language) for check in exercise.checks}
    first = best.first_open
    return text(
        "learner.solution_not_passed",
        language,
        exercise=exercise.id,
        open=best.counted - best.passed,
        counted=best.counted,
        check=titles.get(first.id, first.id) if first else "?",
    )


# -- the files -------------------------------------------------------------------------


def _other(root: Path, exercise: Exercise, variant: str | None, language: Language) -> Shown:
    """Return the reference, or the variant that is asked for (BadRequestError)."""
    path = solution_path(root, exercise)
    if variant is not None:
        known = {found.stem: found for found in variants(root, exercise)}
        name = variant.removesuffix(".py")
        if known and name not in known:
            shown = ", ".join(known)
            raise BadRequestError(
                text("learner.solution_no_variant", language, name=name[:60], known=shown)
            )
        path = known.get(name, path)
    lines = _lines(path)
    if lines is None:
        raise BadRequestError(text("learner.solution_none", language, exercise=exercise.id))
    key = "learner.solution_reference" if variant is None else "learner.solution_the_variant"
    return Shown(text(key, language, path=relative(path, root)), lines)


def _mine(root: Path, exercise: Exercise, history: History, language: Language) -> Shown | None:
    """Return the learner's file: the one that was graded last, if it is still there."""
    last = history.last(exercise.id, complete=True)
    for path in (*((root / last.path,) if last else ()), stub_path(root, exercise)):
        lines = _lines(path)
        if lines is not None:
            shown = escape(relative(path, root))
            return Shown(text("learner.solution_mine", language, path=shown), lines)
    return None


def _lines(path: Path) -> list[str] | None:
    """Return a file's lines, made harmless for a terminal; None where it cannot be read."""
    try:
        source = read_regular(path, MAX_SOURCE)
    except (OSError, ValueError):
        return None
    if source is None:
        return None
    found = source_lines(source)
    while found and not found[-1].strip():
        found.pop()
    return [escape(line.expandtabs(4).rstrip()) for line in found[:_MOST_LINES]]


def _notes(
    root: Path, exercise: Exercise, variant: str | None, width: int, language: Language
) -> list[str]:
    """Return what to look for, and the other solutions that there are."""

    def say(key: str, **values: object) -> str:
        return text(f"learner.solution_{key}", language, **values)

    lines = wrap(say("read"), width)
    for concept in exercise.concepts:
        first, *rest = wrap(concept.in_language(language), width - 4)
        lines += [f"  - {first}", *(f"    {line}" for line in rest)]
    found = variants(root, exercise)
    if found:
        lines += ["", *wrap(say("variants", exercise=exercise.id), width)]
        room = max(len(path.stem) for path in found)
        for path in found:
            mark = ">" if path.stem == variant else " "
            about, *rest = wrap(_about(path, language), max(width - room - 6, 20)) or [""]
            lines.append(f"  {mark} {path.stem:{room}}  {about}".rstrip())
            lines += [" " * (room + 6) + line for line in rest]
    return lines


def _about(path: Path, language: Language) -> str:
    """Return what a variant says of itself in its first lines, in English where it must be."""
    match = _VARIANT.match("\n".join(_lines(path) or []))
    if not match:
        return ""
    return (match[2] if language == "zh" else "") or _GOES_ON.sub(" ", match[1])
