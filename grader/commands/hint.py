"""``hint``: the next hint, in stages, for the first check that the last grading left open."""

from __future__ import annotations

from collections.abc import Sequence

from grader.catalog import load_exercise
from grader.cli import PASSED, BadRequestError, Parser, suite_root
from grader.model import Check, Exercise, Language
from grader.progress import recall, store
from grader.texts import text


def run(argv: Sequence[str], language: Language) -> int:
    """Print one hint and remember that it was shown."""
    made = Parser(prog="hint", description=text("cli.hint_about", language))
    made.add_argument("exercise", metavar="exNN", help=text("cli.hint_exercise", language))
    made.add_argument("check", nargs="?", metavar="CHECK", help=text("cli.hint_check", language))
    made.add_argument("--lang", choices=("en", "zh"), default=language)
    made.add_argument("--again", action="store_true", help=text("cli.hint_again", language))
    arguments = made.parse_args(argv)
    language = arguments.lang
    root = suite_root()
    exercise = load_exercise(root, arguments.exercise)
    state = recall(root, exercise.id)
    check = _choose(exercise, arguments.check, state, language)
    if check is None:
        print(text("cli.hint_none_needed", language, exercise=exercise.id))
        return PASSED
    print(f"{check.id}: {check.title.in_language(language)}")
    if not check.hints:
        print(text("cli.hint_has_none", language))
        return PASSED
    shown = state.get("shown")
    counts = dict(shown) if isinstance(shown, dict) else {}
    before = counts.get(check.id, 0)
    before = before if isinstance(before, int) and before >= 0 else 0
    stage = min(before + (0 if arguments.again and before else 1), len(check.hints))
    counts[check.id] = stage
    store(root, exercise.id, {**state, "shown": counts})
    count = text("cli.hint_count", language, stage=stage, total=len(check.hints))
    print(f"\n{count} {check.hints[stage - 1].in_language(language)}")
    if stage < len(check.hints):
        print(f"\n{text('cli.hint_more', language, exercise=exercise.id)}")
    else:
        print(f"\n{text('cli.hint_last', language, exercise=exercise.folder)}")
    return PASSED


def _choose(
    exercise: Exercise, wanted: str | None, state: dict[str, object], language: Language
) -> Check | None:
    """Return the check to hint at: the one asked for, else the first open one."""
    by_id = {check.id: check for check in exercise.checks}
    if wanted is not None:
        if wanted not in by_id:
            known = ", ".join(by_id)
            raise BadRequestError(text("cli.no_check", language, name=wanted[:80], known=known))
        return by_id[wanted]
    if not state.get("graded"):
        return exercise.checks[0]
    failed = state.get("failed")
    noted: list[object] = failed if isinstance(failed, list) else []
    still_open = [name for name in noted if isinstance(name, str) and name in by_id]
    return by_id[still_open[0]] if still_open else None
