"""``grade-class``: what a class has handed in goes in, grades come out, nothing is lost between."""

from __future__ import annotations

import shlex
import shutil
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, get_args

from grader.catalog import load_all, load_exercise
from grader.classroom._scratch import Scratch
from grader.classroom._summary import Look, closing, rules, summary
from grader.classroom.pool import Pool, PoolError, default_workers
from grader.classroom.progress import Progress, showing
from grader.classroom.running import Grading, Order, exercises_of, failures
from grader.classroom.store import Store, StoreError
from grader.cli import (
    BAD_REQUEST,
    INTERRUPTED,
    OUR_FAULT,
    PASSED,
    BadRequestError,
    Parser,
    suite_root,
    wants_colour,
)
from grader.commands._stopping import Stopping
from grader.model import Exercise, Language, Limits
from grader.report._layout import escape, wrap
from grader.sandbox import IsolationChoice, Submission, open_sandbox
from grader.texts import text

if TYPE_CHECKING:
    from grader.classroom.collecting import Sources
    from grader.classroom.course import Course
    from grader.classroom.model import ClassResult, Collection
    from grader.classroom.work import Backend, Done, Job


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


def run(argv: Sequence[str], language: Language) -> int:
    """Collect, grade what has no grade yet, write the exports; return the exit code."""
    request = _request(argv, language)
    try:
        if request.arguments.list:
            return _list(request)
        with ExitStack() as stack:
            return _run(request, stack)
    except StoreError as error:
        raise BadRequestError(str(error)) from None


# -- what is asked -------------------------------------------------------------------------


def _request(argv: Sequence[str], language: Language) -> Request:
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
    asked = tuple(e for e in exercises if not wanted or e.id in wanted)
    if not asked:
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
        asked=asked,
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
    return tuple(dict.fromkeys(names)) or known


# -- collecting ----------------------------------------------------------------------------


def _collect(request: Request, scratch: Path | None) -> tuple[Collection, Sources]:
    from grader.classroom.collecting import CollectError, CollectOptions, collect

    options = CollectOptions(
        exercises=request.exercises,
        wanted=tuple(exercise.id for exercise in request.asked),
        root=request.root,
        roster=request.arguments.roster,
        scratch=scratch,
        timezone=request.course.zone if request.course.timezone else None,
        trust_file_times=request.arguments.trust_file_times,
    )
    try:
        return collect(request.source, options)
    except CollectError as error:
        raise BadRequestError(error.line(request.language)) from None


def _list(request: Request) -> int:
    """Show what was understood; nothing is graded, nothing is written."""
    from grader.classroom.collecting.listing import render_list
    from grader.classroom.model import ClassResult

    collection, sources = _collect(request, None)
    with sources:
        exercises = request.shown(collection)
        shown = render_list(
            collection,
            exercises,
            request.language,
            width=_width(),
            colour=wants_colour(),
            verbose=request.arguments.verbose,
        )
        now = datetime.now(timezone.utc)
        result = ClassResult("", collection, exercises, (), now, request.language, sources.read)
    sys.stdout.write(shown)
    if lines := rules(result, request.course):
        sys.stdout.write("\n" + request.say("list_rules") + "\n")
        for line in lines:
            sys.stdout.writelines(f"  {part}\n" for part in wrap(escape(line), _width() - 2))
    return PASSED


def _width() -> int:
    return max(60, min(120, shutil.get_terminal_size((100, 24)).columns))


# -- grading -------------------------------------------------------------------------------


def _run(request: Request, stack: ExitStack) -> int:
    if not request.source.exists():  # else a mistyped name would get a results folder
        _collect(request, None)[1].close()
    store = stack.enter_context(Store(request.results, request.language))
    scratch = Scratch(request.results)
    stack.callback(scratch.close)
    collection, sources = _collect(request, scratch.folder)
    stack.enter_context(sources)
    if not collection.handed and not collection.students:
        raise BadRequestError(request.say("nothing", source=request.source))
    source = str(request.source.resolve())
    other = store.other_class(source, [student.key for student in collection.students])
    if other:
        raise BadRequestError(request.say("other_class", results=request.results, other=other))
    order = Order(
        collection=collection,
        exercises=request.shown(collection),
        read=sources.read,
        language=request.language,
        isolation=request.arguments.isolation,
        regrade=request.arguments.regrade,
        source=source,
    )
    grading = Grading(order, store)
    complete = _grade(request, grading, scratch)
    if not complete:
        done = len(grading.to_do) - grading.left
        line = request.say("interrupted", done=done, left=grading.left, command=request.again)
        raise BadRequestError(line, INTERRUPTED)
    title = request.course.title or request.source.absolute().name
    result = grading.result(title, datetime.now(timezone.utc))
    code, written, left_out = _export(request, result)
    look = Look(request.language, _width(), wants_colour(), request.arguments.verbose)
    sys.stdout.write("\n" + summary(result, look, rules(result, request.course)))
    sys.stdout.write("\n" + closing(request.results, written, left_out, look))
    return max(code, OUR_FAULT if failures(result.graded) else PASSED)


def _grade(request: Request, grading: Grading, scratch: Scratch) -> bool:
    """Grade what is to do; say whether all of it is done."""
    progress = Progress(len(grading.to_do), grading.reused, request.language)
    if not grading.to_do:
        return grading.go(_Nobody(), progress)
    wake: SimpleQueue[None] = SimpleQueue()
    backend = _backend(request, scratch)

    def stop() -> None:
        progress.ending = True
        backend.stop()
        wake.put(None)

    from grader.classroom.cluster import ClusterError

    try:
        with Stopping(stop) as stopping:
            with suppress(KeyboardInterrupt):  # who asks twice; it is told below
                try:
                    with showing(progress, sys.stderr, wake):
                        grading.go(backend, progress, stopping.whole)
                finally:
                    with stopping.whole():
                        backend.close()
            return grading.left == 0
    except PoolError as error:
        line = request.say("no_workers", error=error, command=request.again)
        raise BadRequestError(line, OUR_FAULT) from None
    except ClusterError as error:
        raise BadRequestError(str(error), OUR_FAULT) from None


class _Nobody:
    """A backend that is asked for nothing."""

    def results(self, jobs: Iterable[Job]) -> Iterator[Done]:
        return iter(())

    def stop(self) -> None: ...

    def close(self) -> None: ...


def _backend(request: Request, scratch: Scratch) -> Backend:
    arguments = request.arguments
    if arguments.cluster is not None:
        from grader.classroom.cluster import ClusterError, open_cluster

        try:
            return open_cluster(arguments.cluster, request.language)
        except ClusterError as error:
            raise BadRequestError(str(error)) from None
    # What this machine cannot do is said once, not by every submission.
    box = open_sandbox(arguments.isolation, Submission("a.py", b"", "a"), Limits())
    box.close()
    if box.isolation.level != "full":
        missing = "; ".join(box.isolation.missing) or box.isolation.backend
        _tell(request.say(f"before_{box.isolation.level}", missing=missing))
    jobs = arguments.jobs or default_workers()
    return Pool(jobs, surroundings={"TMPDIR": str(scratch.workers)})


# -- exports -------------------------------------------------------------------------------


def _export(request: Request, result: ClassResult) -> tuple[int, list[Path], list[str]]:
    """Write every export; one that cannot be written keeps no other back.

    Return the exit code, the files, and the exports that nobody asked for and cannot be made.
    """
    from grader.classroom import exports

    code, written, left_out = PASSED, list[Path](), list[str]()
    for name in request.exports:
        _show(request.say("writing", name=name))
        try:
            written += exports.write(name, result, request.course, request.results)
        except exports.ExportError as error:
            if name in request.must:
                code = max(code, BAD_REQUEST)
                _tell(request.say("no_such_export", name=name, error=error))
            else:
                left_out.append(name)
        except OSError as error:
            code = max(code, BAD_REQUEST)
            _tell(request.say("export_fails", name=name, error=error.strerror or error))
        except Exception as error:  # noqa: BLE001 - told; the grades are kept, others are written
            code = OUR_FAULT
            shown = f"{type(error).__name__}: {error}"[:300]
            _tell(request.say("export_broken", name=name, error=shown))
        finally:
            _show("")
    return code, written, left_out


def _show(line: str) -> None:
    """Say on a terminal what is under way; nothing wipes it."""
    if sys.stderr.isatty():
        with suppress(OSError):  # a terminal that has gone ends nothing
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()


def _tell(line: str) -> None:
    _show("")
    shown = " ".join("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line).split())
    print(f"dojo: {shown}", file=sys.stderr, flush=True)
