"""What Gradescope's container runs: one submission in, ``results/results.json`` out.

The folders are Gradescope's: ``/autograder/source`` has what the zip had, ``submission`` what a
student uploaded, ``results`` takes the result; ``AUTOGRADER_ROOT`` names another place for all
three.  Where we fail there is no file, and the exit code is 3: Gradescope then says that the
autograder failed, gives no points or zeros, and the instructor can run it again.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from grader.catalog import CatalogError, load_exercise
from grader.handout.submitted import Choice, Uploaded, choose, uploads
from grader.judge import Judge, Options
from grader.model import Exercise, Language, Model, Verdict
from grader.report import ReportOptions, render
from grader.report._layout import escape, guard
from grader.sandbox import IsolationChoice, SandboxError
from grader.submission import Problem, source_lines, submission_of
from grader.texts import text

PLACE = "/autograder"
SETTINGS = "autograder.json"
_OUR_FAULT = 3
_TRIES = 2
_SHOWN = 10


class Settings(Model, frozen=True):
    """What the zip was built for; ``autograder.json``.

    ``isolation`` is the least that submissions may run on: the container's root must not be
    theirs.
    """

    exercises: tuple[str, ...]
    language: Language = "en"
    isolation: IsolationChoice = "partial"


def main() -> int:
    """Grade the submission that is there and write the result (0), or none (3)."""
    place = Path(os.environ.get("AUTOGRADER_ROOT") or PLACE)
    result = place / "results" / "results.json"
    try:
        result.unlink(missing_ok=True)  # an older one must not be taken for this submission's
        report = grade_upload(place)
    except (OSError, SandboxError, CatalogError, msgspec.MsgspecError) as error:
        print(f"autograder: {type(error).__name__}: {error}", file=sys.stderr)
        return _OUR_FAULT
    if report is None:
        return _OUR_FAULT
    scratch = result.with_name(".results.json")
    scratch.write_text(report, encoding="utf-8")
    os.replace(scratch, result)
    return 0


def grade_upload(place: Path) -> str | None:
    """Return the report on what was uploaded; None where the grader itself failed."""
    source = place / "source"
    settings = msgspec.json.decode((source / SETTINGS).read_bytes(), type=Settings)
    files = uploads(place / "submission")
    exercises = [load_exercise(source, name) for name in settings.exercises]
    verdicts: list[Verdict] = []
    notes: list[str] = []
    sources: dict[str, list[str]] = {}
    paths: dict[str, str] = {}
    for exercise in exercises:
        choice = choose(exercise.slug, files, len(exercises) == 1)
        if choice.remark:
            notes.append(_note(choice, exercise, files, settings.language))
        verdict = _verdict(exercise, choice, settings)
        print(f"{exercise.id}: {verdict.status} {verdict.score:g}/{verdict.max_score:g}")
        print(f"  {verdict.isolation.backend}, without: {', '.join(verdict.isolation.missing)}")
        if verdict.status == "error":
            _complain(verdict)
            return None
        verdicts.append(verdict)
        paths[exercise.id] = choice.file.path if choice.file else f"{exercise.slug}.py"
        sources[exercise.id] = source_lines(choice.file.data) if choice.file else []
    options = ReportOptions(
        language=settings.language,
        several=len(exercises) > 1,
        path_of=paths,
        source_lines=lambda verdict: sources[verdict.exercise],
    )
    return _with_notes(render("gradescope", verdicts, options), notes)


def _verdict(exercise: Exercise, choice: Choice, settings: Settings) -> Verdict:
    """Grade one file; where the grader fails, once more."""
    options = Options(settings.language, settings.isolation)
    file = choice.file or Uploaded(f"{exercise.slug}.py", b"")
    submission, problem = submission_of(file.data, file.name, exercise.slug)
    if choice.file is None:
        problem = Problem("file_missing")
    for _ in range(_TRIES):
        verdict = Judge(exercise, submission, options).verdict(problem)
        if verdict.status != "error":
            break
    return verdict


def _complain(verdict: Verdict) -> None:
    for check in verdict.checks:
        if check.status == "error":
            print(f"  {check.id}: {escape(check.message)}", file=sys.stderr)


def _note(choice: Choice, exercise: Exercise, files: Sequence[Uploaded], language: Language) -> str:
    shown = ", ".join(escape(file.path[:100]) for file in files[:_SHOWN])
    more = f" (+{len(files) - _SHOWN})" if len(files) > _SHOWN else ""
    return guard(
        text(
            f"handout.{choice.remark}",
            language,
            name=f"{exercise.slug}.py",
            path=escape(choice.file.path[:200]) if choice.file else "",
            files=shown + more,
        )
    )


def _with_notes(report: str, notes: Sequence[str]) -> str:
    """Put what must be said about the upload before everything else."""
    data = json.loads(report)
    data["output"] = "\n".join([*notes, data["output"]])
    return json.dumps(data, indent=2) + "\n"


if __name__ == "__main__":
    sys.exit(main())
