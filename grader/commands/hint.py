"""``hint``: the next hint, in stages, for the check to mend first and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from grader.catalog import load_exercise
from grader.cli import PASSED, BadRequestError, Parser, suite_root
from grader.history import Checked, History, first_open, is_changed
from grader.model import Check, CheckResult, Exercise, Language
from grader.pages import page
from grader.texts import text


def run(argv: Sequence[str], language: Language) -> int:
    """Print one hint and remember that it was shown."""
    made = Parser(prog="hint", description=text("cli.hint_about", language))
    made.add_argument("exercise", metavar="exNN", help=text("cli.hint_exercise", language))
    made.add_argument("check", nargs="?", metavar="CHECK", help=text("cli.hint_check", language))
    made.add_argument(
        "--lang", choices=("en", "zh"), default=language, help=text("cli.grade_lang", language)
    )
    made.add_argument("--again", action="store_true", help=text("cli.hint_again", language))
    arguments = made.parse_args(argv)
    language = arguments.lang
    root = suite_root()
    exercise = load_exercise(root, arguments.exercise)
    lines = next_hint(root, exercise, arguments.check, language, again=arguments.again)
    print("\n".join(lines))
    return PASSED


def next_hint(
    root: Path,
    exercise: Exercise,
    wanted: str | None,
    language: Language,
    *,
    again: bool = False,
    history: History | None = None,
    shown: CheckResult | None = None,
) -> list[str]:
    """Return the lines of the next hint for a check, and note that it was shown.

    ``wanted`` is a check's id; None: the failed one that is ``shown``, else the first open one
    of the last grading that no other open one explains.  ``again`` says the last stage once more.
    An unknown id is a BadRequestError.
    """
    history = history or History(root, language)
    chosen = _of(exercise, shown) if shown else _choose(exercise, wanted, history, language)
    if chosen is None:
        return [text("cli.hint_none_needed", language, exercise=exercise.id)]
    check, diagnosis = chosen
    lines = [f"{check.id}: {check.title.in_language(language)}", ""]
    hints = check.hints_for(diagnosis)
    if hints:
        before = history.hint_stage(exercise.id, check.id, diagnosis)
        stage = min(before + (0 if again and before else 1), len(hints))
        history.note_hint(exercise.id, check.id, diagnosis, stage)
        count = text("cli.hint_count", language, stage=stage, total=len(hints))
        lines += [f"{count} {hints[stage - 1].in_language(language)}", ""]
        key = "cli.hint_more" if stage < len(hints) else "cli.hint_last"
        of = exercise.id if wanted is None else f"{exercise.id} {check.id}"
        of = of if stage < len(hints) else exercise.folder
        lines.append(text(key, language, exercise=of))
    else:
        lines.append(text("cli.hint_has_none", language))
    if diagnosis and page(diagnosis, language, root, exercise) is not None:
        lines.append(text("learner.hint_page", language, diagnosis=diagnosis))
    last = history.last(exercise.id) if diagnosis else None
    if last and is_changed(last, root):
        lines.append(text("learner.hint_changed", language, path=last.path))
    return lines


def _of(exercise: Exercise, shown: CheckResult) -> tuple[Check, str] | None:
    found = [check for check in exercise.checks if check.id == shown.id]
    return (found[0], shown.diagnosis) if found else None


def _choose(
    exercise: Exercise, wanted: str | None, history: History, language: Language
) -> tuple[Check, str] | None:
    """Return the check to hint at and what is wrong with it ("": not known, or nothing)."""
    by_id = {check.id: check for check in exercise.checks}
    if wanted is not None and wanted not in by_id:
        known = ", ".join(by_id)
        raise BadRequestError(text("cli.no_check", language, name=wanted[:80], known=known))
    seen = {check.id: check for check in history.known(exercise.id) if check.id in by_id}
    found: Checked | None
    if wanted is not None:
        found = seen.get(wanted)
        found = found if found and found.is_open else Checked(wanted, "")
    else:
        # What was graded last is what the learner is at, be it a single check.
        last = history.last(exercise.id)
        latest = [check for check in last.checks if check.id in by_id] if last else []
        unseen = [Checked(name, "") for name in by_id if name not in seen]
        found = first_open(latest) or first_open(list(seen.values())) or next(iter(unseen), None)
    return (by_id[found.id], found.diagnosis) if found else None
