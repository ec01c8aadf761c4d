"""``grade``: one exercise, several, or all."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from grader.catalog import exercise_ids, load_exercise, read_regular, stub_path
from grader.cli import (
    FALLEN_SHORT,
    INTERRUPTED,
    OUR_FAULT,
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
from grader.commands._reports import Complaint, sinks, write
from grader.history import History
from grader.judge import Options, grade
from grader.model import CheckResult, Exercise, Language, Verdict
from grader.pages import Page, page
from grader.report import ReportOptions
from grader.submission import MAX_SOURCE, UnreadableError, display_path, source_lines
from grader.texts import text


@dataclass(frozen=True)
class Target:
    """One thing to grade: an exercise, and the file that is its submission."""

    exercise: Exercise
    path: Path


def parser(language: Language) -> Parser:
    """Return the parser of ``grade``."""

    def say(name: str) -> str:
        return text(f"cli.{name}", language)

    made = Parser(prog="grade", description=say("grade_about"), add_help=False)
    made.add_argument("-h", "--help", action="help", help=say("grade_help"))
    made.add_argument("exercises", nargs="*", metavar="exNN", help=say("grade_exercises"))
    made.add_argument(
        "--file", action="append", type=Path, default=[], metavar="PATH", help=say("grade_file")
    )
    made.add_argument(
        "--format", action="append", default=[], metavar="NAME[=PATH]", help=say("grade_format")
    )
    made.add_argument(
        "--out", action="append", type=Path, default=[], metavar="PATH", help=say("grade_out")
    )
    made.add_argument(
        "--isolation",
        choices=("auto", "full", "partial", "none", "spawn"),
        default="auto",
        help=say("grade_isolation"),
    )
    made.add_argument("--lang", choices=("en", "zh"), default=language, help=say("grade_lang"))
    made.add_argument("--check", action="append", default=[], metavar="ID", help=say("grade_check"))
    made.add_argument("--seed", type=int, help=say("grade_seed"))
    made.add_argument("--verbose", action="store_true", help=say("grade_verbose"))
    made.add_argument("--diagram", action="store_true", help=say("grade_diagram"))
    return made


def run(argv: Sequence[str], language: Language) -> int:
    """Grade what was asked for, write the reports, and return the exit code."""
    arguments = parser(language).parse_args(argv)
    language = arguments.lang
    root = suite_root()
    targets = _targets(root, arguments.exercises, arguments.file, language)
    work = [target.path for target in targets]
    reports = sinks(arguments.format, arguments.out, work, language)
    only = tuple(arguments.check)
    _check_ids(targets, only, language)
    several = len(targets) > 1
    if only:
        targets = [t for t in targets if any(check.id in only for check in t.exercise.checks)]
    whole = any(sink.name == "html" for sink in reports)
    options = Options(
        language, arguments.isolation, only, seed=arguments.seed, all_transcripts=whole
    )
    shown = ReportOptions(
        language=language,
        colour=wants_colour(),
        width=max(60, min(120, shutil.get_terminal_size((100, 24)).columns)),
        ascii=is_ascii_only(),
        verbose=arguments.verbose,
        several=several,
        path_of={target.exercise.id: display_path(target.path) for target in targets},
        diagram=arguments.diagram,
        page_of=_PageOf(root, targets, language),
        source_lines=_SourceLines(targets),
    )
    verdicts: list[Verdict] = []
    complaints: list[Complaint] = []
    failure: BaseException | None = None
    try:
        _grade(root, targets, options, verdicts, complaints)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - told, not swallowed
        # What has been graded by now is told all the same.
        failure = error
        complaints.append(_describe(error, len(verdicts), len(targets), language))
    if verdicts:
        complaints += write(reports, verdicts, shown, language)
    if complaints:
        lines, codes = zip(*complaints, strict=True)
        raise BadRequestError(" · ".join(lines), max(codes)) from failure
    return _exit_code(verdicts)


def _grade(
    root: Path,
    targets: Sequence[Target],
    options: Options,
    verdicts: list[Verdict],
    complaints: list[Complaint],
) -> None:
    """Grade one target after the other; one that cannot be read keeps no other back."""
    history = History(root, options.language)
    for number, target in enumerate(targets, 1):
        _progress(target, number, len(targets), options.language)
        try:
            verdict = grade(target.exercise, target.path, options)
        except UnreadableError as error:
            complaints.append(describe(error, options.language))
            continue
        finally:
            _progress(None, 0, 0, options.language)
        end_if_asked()
        with uninterrupted():
            verdicts.append(verdict)
            source = _read(target.path)
            if source is not None:  # where there is no file nobody has tried anything
                history.record(verdict, source, target.path, not options.only)


def _describe(error: BaseException, done: int, of: int, language: Language) -> Complaint:
    if isinstance(error, KeyboardInterrupt) and done:
        return text("cli.interrupted_after", language, done=done, of=of), INTERRUPTED
    return describe(error, language)


def _exit_code(verdicts: Sequence[Verdict]) -> int:
    if any(verdict.status == "error" for verdict in verdicts):
        return OUR_FAULT
    return PASSED if all(verdict.status == "passed" for verdict in verdicts) else FALLEN_SHORT


def _targets(
    root: Path, wanted: Sequence[str], files: Sequence[Path], language: Language
) -> list[Target]:
    names = list(wanted) or exercise_ids(root)
    if not names:
        raise BadRequestError(text("cli.no_exercises", language, root=root))
    if len(files) > 1 or (files and len(names) != 1):
        raise BadRequestError(text("cli.file_needs_one", language))
    targets: list[Target] = []
    for name in names:
        exercise = load_exercise(root, name)
        if all(target.exercise.id != exercise.id for target in targets):
            targets.append(Target(exercise, files[0] if files else stub_path(root, exercise)))
    return targets


def _check_ids(targets: Sequence[Target], only: Sequence[str], language: Language) -> None:
    known = [check.id for target in targets for check in target.exercise.checks]
    for name in only:
        if name not in known:
            shown = ", ".join(known)
            raise BadRequestError(text("cli.no_check", language, name=name[:80], known=shown))


def _progress(target: Target | None, number: int, total: int, language: Language) -> None:
    """Say on a terminal what is being graded; a None wipes the line."""
    if not sys.stderr.isatty():
        return
    line = "\r\x1b[K"
    if target is not None:
        title = target.exercise.title.in_language(language)
        count = f" {number}/{total}" if total > 1 else ""
        line += f"{target.exercise.id} {title}{count} …"
    with suppress(OSError):  # a terminal that has gone ends no grading
        sys.stderr.write(line)
        sys.stderr.flush()


def _read(path: Path) -> bytes | None:
    with suppress(OSError, ValueError):
        return read_regular(path, MAX_SOURCE)
    return None


class _PageOf:
    """Finds the page that explains a check's diagnosis when a report asks for it."""

    def __init__(self, root: Path, targets: Sequence[Target], language: Language) -> None:
        self._root = root
        self._exercises = {target.exercise.id: target.exercise for target in targets}
        self._language = language

    def __call__(self, verdict: Verdict, check: CheckResult) -> Page | None:
        exercise = self._exercises.get(verdict.exercise)
        return page(check.diagnosis, self._language, self._root, exercise)


class _SourceLines:
    """Reads a submission's lines when a report asks for them."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self._paths = {target.exercise.id: target.path for target in targets}

    def __call__(self, verdict: Verdict) -> list[str] | None:
        path = self._paths.get(verdict.exercise)
        source = _read(path) if path is not None else None
        if source is None or hashlib.sha256(source).hexdigest() != verdict.sha256:
            return None  # saved again meanwhile: these are not the lines that were graded
        return source_lines(source)
