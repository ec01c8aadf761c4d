"""``watch``: grades on every save, and has hints, pages and the next exercise at a key."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from grader.catalog import CatalogError, exercise_ids, load_exercise
from grader.cli import (
    PASSED,
    BadRequestError,
    Parser,
    describe,
    end_if_asked,
    is_ascii_only,
    suite_root,
    uninterrupted,
    wants_colour,
)
from grader.history import History
from grader.model import CheckResult, Exercise, Language, Verdict
from grader.pages import Page, page
from grader.report import ReportOptions
from grader.texts import text

_MAIN = Path(__file__).resolve().parents[1] / "__main__.py"
# How the session starts its child process; nobody types that.
_SERVE = "--serve-gradings"


def run(argv: Sequence[str], language: Language) -> int:
    """Watch until ``q`` (0) or an interruption (130)."""
    if list(argv) == [_SERVE]:
        from grader.watching.serving import serve

        return serve(describe, end_if_asked)
    arguments = _parser(language).parse_args(argv)
    language = arguments.lang
    root = suite_root()
    wanted = load_exercise(root, arguments.exercise) if arguments.exercise else None
    exercises = _exercises(root, wanted, language)
    _watch(root, exercises, wanted, arguments.isolation, language)
    return PASSED


def _exercises(root: Path, wanted: Exercise | None, language: Language) -> list[Exercise]:
    """Return every exercise whose manifest can be read: a broken one hinders no other."""
    found, broken = [], None
    for name in exercise_ids(root):
        try:
            same = wanted is not None and wanted.id == name
            found.append(wanted if wanted and same else load_exercise(root, name))
        except CatalogError as error:
            broken = error
    if found:
        return found
    raise broken or BadRequestError(text("cli.no_exercises", language, root=root))


def _parser(language: Language) -> Parser:
    def say(name: str) -> str:
        return text(f"watch.{name}", language)

    made = Parser(prog="watch", description=say("about"))
    made.add_argument("exercise", nargs="?", metavar="exNN", help=say("exercise"))
    made.add_argument(
        "--isolation",
        choices=("auto", "full", "partial", "none", "spawn"),
        default="auto",
        help=text("cli.grade_isolation", language),
    )
    made.add_argument(
        "--lang", choices=("en", "zh"), default=language, help=text("cli.grade_lang", language)
    )
    return made


def _watch(
    root: Path,
    exercises: Sequence[Exercise],
    wanted: Exercise | None,
    isolation: str,
    language: Language,
) -> None:
    from grader.watching.around import HopelessError, Surroundings
    from grader.watching.display import choose
    from grader.watching.session import Session
    from grader.watching.terminal import Terminal

    complaints: list[str] = []
    history = History(root, language, complaints.append)
    display = choose()
    options = ReportOptions(
        language=language, colour=wants_colour(), ascii=is_ascii_only(), in_full=1
    )

    def record(verdict: Verdict, source: bytes, path: Path) -> None:
        with uninterrupted():
            history.record(verdict, source, path, True)

    def hint(exercise: Exercise, shown: CheckResult) -> list[str]:
        from grader.commands.hint import next_hint

        with _refusing():
            return next_hint(root, exercise, None, language, history=history, shown=shown)

    def reset(exercise: Exercise) -> list[str]:
        from grader.commands.reset import put_back

        with _refusing():
            return put_back(root, exercise, language)

    def page_of(exercise: Exercise, check: CheckResult) -> Page | None:
        return page(check.diagnosis, language, root, exercise)

    def explain(found: Page, width: int) -> list[str]:
        from grader.commands.explain import render_page

        return render_page(found, width, options.colour, language).rstrip("\n").split("\n")

    around = Surroundings(
        root=root,
        language=language,
        exercises=exercises,
        history=history,
        isolation=isolation,
        command=[sys.executable, "-I", str(_MAIN), "watch", _SERVE],
        hint=hint,
        reset=reset,
        page=page_of,
        explain=explain,
        record=record,
        complaints=complaints,
        end_if_asked=end_if_asked,
    )
    session = Session(around, options, display)
    terminal = Terminal(session.events.put, display.control)
    try:
        terminal.open()
        session.run(wanted or _first(exercises, history))
    except HopelessError as error:
        raise BadRequestError(str(error), error.code) from None
    finally:
        terminal.close()  # first: who has started us perhaps waits no longer than that
        session.close()


@contextmanager
def _refusing() -> Iterator[None]:
    """Word what cannot be done for the session, which goes on."""
    from grader.watching.around import Refusal

    try:
        yield
    except BadRequestError as error:
        raise Refusal(str(error)) from None


def _first(exercises: Sequence[Exercise], history: History) -> Exercise:
    """Return the first exercise that has not been passed; the first one where all have been."""
    standing = history.standing()
    for exercise in exercises:
        known = standing.get(exercise.id)
        if known is None or known.passed_at is None:
            return exercise
    return exercises[0]
