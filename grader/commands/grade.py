"""``grade``: one exercise, several, or all."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.catalog import exercise_ids, load_exercise, stub_path
from grader.cli import (
    FALLEN_SHORT,
    OUR_FAULT,
    PASSED,
    BadRequestError,
    Parser,
    is_ascii_only,
    suite_root,
    wants_colour,
)
from grader.judge import Options, display_path, grade, source_lines
from grader.model import Exercise, Language, Verdict
from grader.progress import remember
from grader.report import ReportOptions, UnknownFormat, formats, reporter
from grader.texts import text

MAX_SHOWN_SOURCE = 1 << 20


@dataclass(frozen=True)
class Target:
    """One thing to grade: an exercise, and the file that is its submission."""

    exercise: Exercise
    path: Path


@dataclass(frozen=True)
class Sink:
    """One report to write: a format, and a path (None: standard output)."""

    name: str
    path: Path | None


def parser(language: Language) -> Parser:
    """Return the parser of ``grade``."""

    def say(name: str) -> str:
        return text(f"cli.{name}", language)

    made = Parser(prog="grade", description=say("grade_about"), add_help=False)
    made.add_argument("-h", "--help", action="help", help=say("grade_help"))
    made.add_argument("exercises", nargs="*", metavar="exNN", help=say("grade_exercises"))
    made.add_argument("--file", type=Path, metavar="PATH", help=say("grade_file"))
    made.add_argument(
        "--format", action="append", default=[], metavar="NAME[=PATH]", help=say("grade_format")
    )
    made.add_argument("--out", type=Path, metavar="PATH", help=say("grade_out"))
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
    return made


def run(argv: Sequence[str], language: Language) -> int:
    """Grade what was asked for, write the reports, and return the exit code."""
    arguments = parser(language).parse_args(argv)
    language = arguments.lang
    root = suite_root()
    sinks = _sinks(arguments.format, arguments.out, language)
    targets = _targets(root, arguments.exercises, arguments.file, language)
    only = tuple(arguments.check)
    _check_ids(targets, only, language)
    options = Options(language, arguments.isolation, only, seed=arguments.seed)
    shown = ReportOptions(
        language=language,
        colour=wants_colour(),
        width=max(60, min(120, shutil.get_terminal_size((100, 24)).columns)),
        ascii=is_ascii_only(),
        verbose=arguments.verbose,
        path_of={target.exercise.id: display_path(target.path) for target in targets},
        source_lines=_SourceLines(targets),
    )
    verdicts = []
    for number, target in enumerate(targets, 1):
        _progress(target, number, len(targets), language)
        verdict = grade(target.exercise, target.path, options)
        _progress(None, 0, 0, language)
        verdicts.append(verdict)
        if not only:
            remember(root, verdict)
    _write(sinks, verdicts, shown, language)
    return _exit_code(verdicts)


def _exit_code(verdicts: Sequence[Verdict]) -> int:
    if any(verdict.status == "error" for verdict in verdicts):
        return OUR_FAULT
    return PASSED if all(verdict.status == "passed" for verdict in verdicts) else FALLEN_SHORT


def _targets(
    root: Path, wanted: Sequence[str], file: Path | None, language: Language
) -> list[Target]:
    names = list(wanted) or exercise_ids(root)
    if not names:
        raise BadRequestError(text("cli.no_exercises", language, root=root))
    if file is not None and len(names) != 1:
        raise BadRequestError(text("cli.file_needs_one", language))
    targets: list[Target] = []
    for name in names:
        exercise = load_exercise(root, name)
        if all(target.exercise.id != exercise.id for target in targets):
            targets.append(Target(exercise, file or stub_path(root, exercise)))
    return targets


def _check_ids(targets: Sequence[Target], only: Sequence[str], language: Language) -> None:
    known = [check.id for target in targets for check in target.exercise.checks]
    for name in only:
        if name not in known:
            shown = ", ".join(known)
            raise BadRequestError(text("cli.no_check", language, name=name[:80], known=shown))


def _sinks(wanted: Sequence[str], out: Path | None, language: Language) -> list[Sink]:
    sinks = []
    for word in wanted or ["text"]:
        name, equals, path = word.partition("=")
        if name not in formats():
            known = ", ".join(formats())
            raise BadRequestError(text("cli.no_format", language, name=name[:40], known=known))
        if equals and not path:
            raise BadRequestError(text("cli.no_path", language, name=name))
        sinks.append(Sink(name, Path(path) if path else None))
    if out is not None:
        open_ends = [at for at, sink in enumerate(sinks) if sink.path is None]
        if len(open_ends) != 1:
            raise BadRequestError(text("cli.out_needs_one", language))
        sinks[open_ends[0]] = Sink(sinks[open_ends[0]].name, out)
    if all(sink.path is not None for sink in sinks) and all(s.name != "text" for s in sinks):
        sinks.insert(0, Sink("text", None))
    return sinks


def _write(
    sinks: Sequence[Sink], verdicts: Sequence[Verdict], options: ReportOptions, language: Language
) -> None:
    """Write every report; one that cannot be written keeps none of the others back."""
    complaints = []
    for sink in sinks:
        plain = ReportOptions(
            language=options.language,
            width=options.width,
            verbose=options.verbose,
            path_of=options.path_of,
            source_lines=options.source_lines,
        )
        try:
            report = reporter(sink.name).render(verdicts, options if sink.path is None else plain)
            if sink.path is None:
                sys.stdout.write(report)
                sys.stdout.flush()
            else:
                write_whole(sink.path, report)
            if sink.name == "github":
                _append_summary(verdicts, plain)
        except UnknownFormat as error:
            complaints.append(str(error))
        except BrokenPipeError:
            raise
        except OSError as error:
            path = sink.path or "stdout"
            complaints.append(
                text("cli.cannot_write", language, path=path, error=error.strerror or error)
            )
    if complaints:
        raise BadRequestError(" · ".join(complaints))


def write_whole(path: Path, content: str) -> None:
    """Write a file so that a reader sees the old one or the new one, never a half (OSError)."""
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8") as stream:
            stream.write(content)
        return
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(content)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _append_summary(verdicts: Sequence[Verdict], options: ReportOptions) -> None:
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        from grader.report.github import summary

        with open(path, "a", encoding="utf-8") as file:
            file.write(summary(verdicts, options))


def _progress(target: Target | None, number: int, total: int, language: Language) -> None:
    """Say on a terminal what is being graded; a None wipes the line."""
    if not sys.stderr.isatty():
        return
    if target is None:
        sys.stderr.write("\r\x1b[K")
    else:
        title = target.exercise.title.in_language(language)
        count = f" {number}/{total}" if total > 1 else ""
        sys.stderr.write(f"\r\x1b[K{target.exercise.id} {title}{count} …")
    sys.stderr.flush()


class _SourceLines:
    """Reads a submission's lines when a report asks for them."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self._paths = {target.exercise.id: target.path for target in targets}

    def __call__(self, verdict: Verdict) -> list[str] | None:
        path = self._paths.get(verdict.exercise)
        if path is None or not path.is_file():
            return None
        try:
            with path.open("rb") as file:
                source = file.read(MAX_SHOWN_SOURCE)
        except OSError:
            return None
        import hashlib

        if hashlib.sha256(source).hexdigest() != verdict.sha256:
            return None  # saved again meanwhile: these are not the lines that were graded
        return source_lines(source)
