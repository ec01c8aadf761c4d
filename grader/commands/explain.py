"""``explain``: the page behind a diagnosis; without one, the list of all."""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from grader.catalog import CatalogError, exercise_ids, load_exercise
from grader.cli import PASSED, BadRequestError, Parser, is_ascii_only, suite_root, wants_colour
from grader.history import History, first_open
from grader.model import Exercise, Language
from grader.pages import Page, page, shared_ids
from grader.report import ReportOptions
from grader.texts import text

_WIDEST = 88
_LIKE = 3


def run(argv: Sequence[str], language: Language) -> int:
    """Print one page, or the list of pages."""
    made = Parser(prog="explain", description=text("explain.about", language))
    made.add_argument("word", nargs="?", metavar="ID", help=text("explain.word", language))
    made.add_argument(
        "--lang", choices=("en", "zh"), default=language, help=text("cli.grade_lang", language)
    )
    arguments = made.parse_args(argv)
    language = arguments.lang
    root = _root()
    exercises = list(_exercises(root))
    width = max(50, min(_WIDEST, shutil.get_terminal_size((_WIDEST, 24)).columns))
    if arguments.word is None:
        print(_list(root, exercises, language))
        return PASSED
    diagnosis = _of_exercise(root, exercises, arguments.word, language) or arguments.word
    found = find(root, exercises, diagnosis, language)
    if found is None:
        raise BadRequestError(_unknown(exercises, arguments.word, language))
    print(render_page(found, width, wants_colour(), language), end="")
    return PASSED


def find(
    root: Path | None, exercises: Sequence[Exercise], diagnosis: str, language: Language
) -> Page | None:
    """Return the page of a diagnosis, whichever exercise it belongs to."""
    for exercise in (None, *exercises):
        found = page(diagnosis, language, root, exercise)
        if found is not None:
            return found
    return None


def render_page(page: Page, width: int, colour: bool, language: Language = "en") -> str:
    """Return a page for a terminal of ``width`` columns, its last line ended."""
    from grader.report._page import page_lines

    options = ReportOptions(language=language, colour=colour, width=width, ascii=is_ascii_only())
    foot = text("explain.foot", language, diagnosis=page.diagnosis)
    return "\n".join([*page_lines(page, options), "", foot]) + "\n"


def _root() -> Path | None:
    with suppress(CatalogError):
        return suite_root()
    return None


def _exercises(root: Path | None) -> Iterator[Exercise]:
    if root is None:
        return
    for name in exercise_ids(root):
        with suppress(CatalogError):  # a broken manifest explains nothing, and hinders nothing
            yield load_exercise(root, name)


def _of_exercise(
    root: Path | None, exercises: Sequence[Exercise], word: str, language: Language
) -> str:
    """Return the diagnosis that the last grading of an exercise began with; "" for other words."""
    by_name = {name: e for e in exercises for name in (e.id, e.slug, e.folder)}
    exercise = by_name.get(word)
    if exercise is None or root is None:
        return ""
    known = History(root, language).known(exercise.id)
    if not known:
        raise BadRequestError(text("explain.not_graded", language, exercise=exercise.id))
    check = first_open(known)
    if check is None or not check.diagnosis:
        raise BadRequestError(text("explain.nothing_failed", language, exercise=exercise.id))
    return check.diagnosis


def _list(root: Path | None, exercises: Sequence[Exercise], language: Language) -> str:
    shared = shared_ids()
    groups: list[tuple[str, Exercise | None, list[str]]] = []
    groups.append((text("explain.shared", language), None, shared))
    for exercise in exercises:
        own = [name for name in exercise.diagnoses if name not in shared]
        groups.append((f"{exercise.id} · {exercise.title.in_language(language)}", exercise, own))
    lines = [text("explain.list", language)]
    for heading, of, names in groups:
        if names:
            lines += ["", heading]
        for name in names:
            found = page(name, language, root, of)
            lines.append(f"  {name:<30} {found.title if found else ''}".rstrip())
    return "\n".join(lines)


def _unknown(exercises: Sequence[Exercise], word: str, language: Language) -> str:
    known = [*shared_ids(), *(name for exercise in exercises for name in exercise.diagnoses)]
    like = difflib.get_close_matches(word[:80], known, _LIKE, 0.5)
    if not like:
        return text("explain.unknown", language, word=word[:60])
    return text("explain.like", language, word=word[:60], like=", ".join(dict.fromkeys(like)))
