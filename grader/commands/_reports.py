"""The reports of a grading: where each goes, and that none gets lost over another."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grader.cli import BAD_REQUEST, BadRequestError, describe, silence, uninterrupted
from grader.model import Language, Verdict
from grader.report import ReportOptions, formats, reporter
from grader.texts import text

# Why a file's folder may take no new file although the file itself can be written: it is
# somebody else's, it is read-only, or the file alone is mounted into a container.
_IN_PLACE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV}

Complaint = tuple[str, int]


@dataclass(frozen=True)
class Sink:
    """One report to write: a format, and a path (None: standard output)."""

    name: str
    path: Path | None


def sinks(
    wanted: Sequence[str], outs: Sequence[Path], work: Iterable[Path], language: Language
) -> list[Sink]:
    """Return what is to be written where; ``work`` are files that no report may replace."""
    found = []
    for word in wanted or ["text"]:
        name, equals, path = word.partition("=")
        if name not in formats():
            known = ", ".join(formats())
            raise BadRequestError(text("cli.no_format", language, name=name[:40], known=known))
        if equals and not path:
            raise BadRequestError(text("cli.no_path", language, name=name))
        found.append(Sink(name, Path(path) if path else None))
    if outs:
        open_ends = [at for at, sink in enumerate(found) if sink.path is None]
        if len(open_ends) != 1 or len(outs) != 1:
            raise BadRequestError(text("cli.out_needs_one", language))
        found[open_ends[0]] = Sink(found[open_ends[0]].name, outs[0])
    _refuse_collisions([sink.path for sink in found if sink.path], work, language)
    if all(sink.path is not None and sink.name != "text" for sink in found):
        found.insert(0, Sink("text", None))
    return found


def _refuse_collisions(paths: Sequence[Path], work: Iterable[Path], language: Language) -> None:
    for number, path in enumerate(paths):
        if _is_special(path):
            continue  # /dev/null takes any number of reports
        if any(_same(path, other) for other in paths[:number]):
            raise BadRequestError(text("cli.path_twice", language, path=path))
        if any(_same(path, other) for other in work):
            raise BadRequestError(text("cli.path_is_work", language, path=path))


def _same(one: Path, other: Path) -> bool:
    with contextlib.suppress(OSError):
        return os.path.samefile(one, other)
    return os.path.realpath(one) == os.path.realpath(other)


def write(
    wanted: Sequence[Sink], verdicts: Sequence[Verdict], options: ReportOptions, language: Language
) -> list[Complaint]:
    """Write every report and return why some could not be written; none keeps another back.

    Files come first, and a signal waits for all of them: the readers of pipes and of standard
    output can be slow or gone.  A report that has lost its file goes to standard output where
    nothing else does.
    """
    complaints: list[Complaint] = []
    lost: list[str] = []
    plain = replace(options, colour=False, ascii=False)

    def put(sink: Sink) -> None:
        try:
            report = reporter(sink.name).render(verdicts, plain if sink.path else options)
            if sink.path is None:
                complaints.extend(_print(report, language))
            else:
                lost.append(report)
                write_whole(sink.path, report)
                lost.pop()
        except OSError as error:
            complaints.append(_cannot_write(sink.path, error, language))
        except Exception as error:  # noqa: BLE001 - ours, but the other reports are right
            complaints.append(describe(error, language))

    quick = [sink for sink in wanted if sink.path and not _is_special(sink.path)]
    with uninterrupted():
        for sink in quick:
            put(sink)
        if any(sink.name == "github" for sink in wanted):
            complaints += _append_summary(verdicts, plain, language)
    for sink in wanted:
        if sink not in quick:
            put(sink)
    if all(sink.path for sink in wanted):
        for report in lost:
            complaints += _print(report, language)
    return complaints


def _is_special(path: Path) -> bool:
    """Say whether a path leads to a pipe, a device or a folder: no place for a file."""
    with contextlib.suppress(OSError):
        return not stat.S_ISREG(path.stat().st_mode)
    return False


def _cannot_write(path: Path | str | None, error: OSError, language: Language) -> Complaint:
    problem = error.strerror or error
    return text("cli.cannot_write", language, path=path or "stdout", error=problem), BAD_REQUEST


def _print(report: str, language: Language) -> list[Complaint]:
    try:
        sys.stdout.write(report)
        sys.stdout.flush()
    except BrokenPipeError:
        silence(sys.stdout)  # the reader has had enough, and nobody else is waiting
    except OSError as error:
        silence(sys.stdout)
        return [_cannot_write(None, error, language)]
    return []


def write_whole(path: Path, content: str) -> None:
    """Write a file so that a reader sees the old one or the new one, never a half (OSError).

    A link stays a link, a mode stays as it is, a file that may not be written is not replaced.
    """
    path = Path(os.path.realpath(path))
    data = content.encode("utf-8", "backslashreplace")
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        _replace(path, data, 0o666 & ~mask)
        return
    if not stat.S_ISREG(mode):
        with path.open("wb") as stream:
            stream.write(data)
        return
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    try:
        _replace(path, data, stat.S_IMODE(mode))
    except OSError as error:
        if error.errno not in _IN_PLACE:
            raise
        with path.open("r+b") as file:
            file.write(data)
            file.truncate()


def _replace(path: Path, data: bytes, mode: int) -> None:
    handle, name = tempfile.mkstemp(prefix=".dojo-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _append_summary(
    verdicts: Sequence[Verdict], options: ReportOptions, language: Language
) -> list[Complaint]:
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return []
    from grader.report.github import summary

    try:
        with open(path, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(summary(verdicts, options))
    except OSError as error:
        return [_cannot_write(path, error, language)]
    return []
