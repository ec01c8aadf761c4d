"""``grade-class``: what a class has handed in goes in, grades come out, nothing is lost between."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime, timezone
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from grader.classroom._scratch import Scratch
from grader.classroom._summary import Look, closing, rules, summary
from grader.classroom.pool import Pool, PoolError, default_workers
from grader.classroom.progress import Progress, showing
from grader.classroom.running import Grading, Order, failures
from grader.classroom.store import Store, StoreError
from grader.cli import (
    BAD_REQUEST,
    INTERRUPTED,
    OUR_FAULT,
    PASSED,
    BadRequestError,
    wants_colour,
)
from grader.commands._class_request import Request, asked
from grader.commands._stopping import Stopping
from grader.model import Language, Limits
from grader.report._layout import escape, wrap
from grader.sandbox import Submission, open_sandbox

if TYPE_CHECKING:
    from grader.classroom.collecting import Sources
    from grader.classroom.model import ClassResult, Collection
    from grader.classroom.work import Backend, Done, Job


def run(argv: Sequence[str], language: Language) -> int:
    """Collect, grade what has no grade yet, write the exports; return the exit code."""
    request = asked(argv, language)
    try:
        if request.arguments.list:
            return _list(request)
        with ExitStack() as stack:
            return _run(request, stack)
    except StoreError as error:
        raise BadRequestError(str(error)) from None


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
    if _is_empty(collection):
        raise BadRequestError(request.say("nothing_listed", source=request.source))
    return PASSED


def _is_empty(collection: Collection) -> bool:
    """Say whether there is neither a student nor a submission."""
    return not collection.handed and not collection.students


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
    if _is_empty(collection):
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
