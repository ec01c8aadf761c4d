"""What ``grade-class`` is asked for: its arguments, and what is sensible."""

from __future__ import annotations

import shlex
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from grader.catalog import load_all, load_exercise
from grader.classroom.running import exercises_of
from grader.cli import BadRequestError, Parser, suite_root
from grader.model import Exercise, Language
from grader.sandbox import IsolationChoice
from grader.texts import text

if TYPE_CHECKING:
    from grader.classroom.course import Course
    from grader.classroom.model import Collection


@dataclass(frozen=True)
class Request:
    """What was asked for, found to be sensible."""

    source: Path
    results: Path
    root: Path
    exercises: tuple[Exercise, ...]  # all that there are
    asked: tuple[Exercise, ...]
    course: Course
    exports: tuple[str, ...]
    must: tuple[str, ...]  # exports that were asked for by name
    arguments: Namespace
    again: str  # the command that goes on with it

    @property
    def language(self) -> Language:
        """The language of everything."""
        return "zh" if self.arguments.lang == "zh" else "en"

    def shown(self, collection: Collection) -> tuple[Exercise, ...]:
        """Return the exercises that this is about."""
        if self.arguments.exercises:
            return self.asked
        return exercises_of(collection, self.exercises, self.course.exercises)

    def say(self, key: str, **values: object) -> str:
        """Return a text of this command."""
        return text(f"classroom.{key}", self.language, **values)


def parser(language: Language) -> Parser:
    """Return the parser of ``grade-class``."""

    def say(name: str) -> str:
        return text(f"classroom.arg_{name}", language)

    made = Parser(prog="grade-class", description=text("classroom.about", language), add_help=False)
    made.add_argument("-h", "--help", action="help", help=text("cli.grade_help", language))
    made.add_argument("source", type=Path, metavar="DIR", help=say("source"))
    made.add_argument("--list", action="store_true", help=say("list"))
    made.add_argument("--verbose", action="store_true", help=say("verbose"))
    made.add_argument("--roster", type=Path, metavar="CSV", help=say("roster"))
    made.add_argument(
        "--exercises", nargs="+", action="extend", default=[], metavar="exNN", help=say("exercises")
    )
    made.add_argument("--out", type=Path, metavar="RESULTS", help=say("out"))
    made.add_argument("--course", type=Path, metavar="YAML", help=say("course"))
    made.add_argument(
        "--export", nargs="+", action="extend", default=[], metavar="NAME", help=say("export")
    )
    made.add_argument("--no-exports", action="store_true", help=say("no_exports"))
    made.add_argument("--jobs", type=int, metavar="N", help=say("jobs"))
    made.add_argument("--regrade", action="store_true", help=say("regrade"))
    made.add_argument("--cluster", metavar="ADDRESS", help=say("cluster"))
    made.add_argument("--trust-file-times", action="store_true", help=say("trust_file_times"))
    made.add_argument(
        "--isolation",
        choices=get_args(IsolationChoice),
        default="auto",
        help=text("cli.grade_isolation", language),
    )
    made.add_argument(
        "--lang", choices=("en", "zh"), default=language, help=text("cli.grade_lang", language)
    )
    return made


def asked(argv: Sequence[str], language: Language) -> Request:
    """Return what was asked for (BadRequestError)."""
    try:
        arguments = parser(language).parse_args(argv)
    except BadRequestError as error:
        greedy = any(word.startswith(("--exercises", "--export")) for word in argv)
        if greedy and str(error) == text("argparse.required", language) % "DIR":
            raise BadRequestError(text("classroom.dir_first", language)) from None
        raise
    language = arguments.lang
    root = suite_root()
    exercises = tuple(load_all(root))
    wanted = {load_exercise(root, name).id for name in arguments.exercises}
    among = tuple(e for e in exercises if not wanted or e.id in wanted)
    if not among:
        raise BadRequestError(text("cli.no_exercises", language, root=root))
    if arguments.jobs is not None and arguments.jobs < 1:
        raise BadRequestError(text("classroom.few_jobs", language))
    if arguments.no_exports and arguments.export:
        raise BadRequestError(text("classroom.export_or_not", language))
    source = arguments.source
    return Request(
        source=source,
        results=_results(source, arguments.out, language),
        root=root,
        exercises=exercises,
        asked=among,
        course=_course(arguments.course, exercises, language),
        exports=() if arguments.no_exports else _exports(arguments.export, language),
        must=tuple(arguments.export),
        arguments=arguments,
        again=f"nox -s grade-class -- {shlex.join(argv)}",
    )


def _results(source: Path, out: Path | None, language: Language) -> Path:
    """Return the results folder: beside what was handed in, never in it."""
    whole = source.absolute()
    if out is None:
        name = whole.resolve().name if whole.name in ("", "..") else whole.name
        if not name:
            raise BadRequestError(text("classroom.out_needed", language, source=source))
        parent = whole.resolve().parent if whole.name == ".." else whole.parent
        return parent / f"{name}.grades"
    if whole.is_dir() and out.resolve().is_relative_to(whole.resolve()):
        raise BadRequestError(text("classroom.out_inside", language, out=out, source=source))
    return out.absolute()


def _course(path: Path | None, exercises: Sequence[Exercise], language: Language) -> Course:
    from grader.classroom.course import Course, read_course

    if path is None:
        return Course()
    if not path.exists():
        raise BadRequestError(text("classroom.no_course", language, path=path))
    return read_course(path, [exercise.id for exercise in exercises], language)


def _exports(names: Sequence[str], language: Language) -> tuple[str, ...]:
    from grader.classroom import exports

    known = exports.names()
    for name in names:
        if name not in known:
            shown = ", ".join(known)
            raise BadRequestError(
                text("classroom.no_export", language, name=name[:60], known=shown)
            )
    # In the order of what there is: the dashboard links to the pages that are there by then.
    return tuple(name for name in known if name in names) or known
