"""What a learner reads of each diagnosis, in each exercise and both languages, word for word.

One mistake stands for each diagnosis of an exercise: the first whose header names it.  It is
graded for real, on that one check.  ``UPDATE_GOLDEN=1 pytest tests/test_golden.py`` writes the
files anew; read the diff.

Left out is what differs from run to run: the steps of the conversation (how it falls into
segments is the system's affair), output, ports, numbers of bytes on their way, and the line that
a program was caught at while it ran in circles.  `RACES` are diagnoses in which the learner's code
and the judge race each other by their nature, so that what is met first differs.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path

import msgspec
import pytest

from grader.catalog import exercise_ids, load_exercise, mistakes
from grader.judge import Options, grade
from grader.model import LANGUAGES, CheckResult, Exercise, Language, Verdict
from grader.pages import page
from grader.report import ReportOptions
from grader.report._detail import detail
from grader.sandbox import IsolationChoice
from grader.submission import source_lines

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = Path(__file__).parent / "golden"
RACES = {
    ("ex03", "bytes_lost"): "whether bytes are missing in the middle or at the end differs",
    ("ex03", "died_with_client"): "the next client is refused, or accepted by a dying server",
    ("ex07", "died_with_client"): "the next client is refused, or accepted by a dying server",
    ("ex07", "buffer_shared_between_clients"): "whose bytes come first is the threads' affair",
    ("ex13", "binds_wrong_address"): "what has to be sent again differs",
    ("ex13", "busy_loop"): "it is seen to spin, or its share of the processor is measured",
    ("ex13", "read_too_slowly"): "how many fit in the time differs",
}
_VARIES = (
    (re.compile(r"(?<=:)[0-9]{4,5}\b|(?<= )[0-9]{5}\b|(?<=端口 )[0-9]+"), "PORT"),
    (re.compile(r"[0-9]{1,3}(,[0-9]{3})+|[0-9]+(\.[0-9]+)?(?= ?%)|[0-9]+\.[0-9]+(?= (s|秒))"), "N"),
    (re.compile(r'"(…[^"]*)?▸.*?"(?= ?[(（])'), '"…▸…"'),
)


@cache
def exercise_of(name: str) -> Exercise:
    return load_exercise(ROOT, name)


def examples() -> list[tuple[str, str, str, Path]]:
    """Return exercise, diagnosis, check and file of each diagnosis that a mistake shows."""
    found: dict[tuple[str, str], tuple[str, Path]] = {}
    for name in exercise_ids(ROOT):
        for mistake in mistakes(ROOT, exercise_of(name)):
            for check, diagnosis in mistake.caught_by.items():
                found.setdefault((name, diagnosis), (check, mistake.path))
    return [(*key, *value) for key, value in sorted(found.items())]


EXAMPLES = examples()


def steady(result: CheckResult, *, race: bool) -> CheckResult:
    """Return a check's result without what differs from run to run."""
    place = result.location
    if race or (place is not None and place.state == "spinning"):
        place = None
    expected, received = ("", "") if race else (result.expected, result.received)
    for pattern, stand_in in _VARIES:
        received = pattern.sub(stand_in, received)
        expected = pattern.sub(stand_in, expected)
    return msgspec.structs.replace(
        result, transcript=(), location=place, expected=expected, received=received, output=""
    )


def shown(result: CheckResult, verdict: Verdict, path: Path, language: Language) -> str:
    """Return what a learner reads of a check's result."""
    exercise = exercise_of(verdict.exercise)
    options = ReportOptions(
        language=language,
        width=100,
        source_lines=lambda _: source_lines(path.read_bytes()),
        path_of=lambda _: path.name,
        page_of=lambda _, check: page(check.diagnosis, language, ROOT, exercise),
    )
    return "\n".join([result.title, *detail(result, verdict, options)]) + "\n"


@pytest.mark.needs_bwrap
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("name", "diagnosis", "check", "path"),
    EXAMPLES,
    ids=[f"{name}-{diagnosis}" for name, diagnosis, *_ in EXAMPLES],
)
def test_a_diagnosis_reads_as_stored(
    name: str, diagnosis: str, check: str, path: Path, language: Language
) -> None:
    isolation: IsolationChoice = "full"
    options = Options(language, isolation=isolation, only=(check,), seed=20261120)
    verdict = grade(exercise_of(name), path, options)
    (result,) = verdict.checks
    assert result.diagnosis == diagnosis
    read = shown(steady(result, race=(name, diagnosis) in RACES), verdict, path, language)
    stored = GOLDEN / name / f"{diagnosis}.{language}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        stored.parent.mkdir(parents=True, exist_ok=True)
        stored.write_text(read, encoding="utf-8")
    assert read == stored.read_text(encoding="utf-8")


def test_every_stored_text_belongs_to_a_diagnosis() -> None:
    wanted = {f"{n}/{d}.{language}.txt" for n, d, *_ in EXAMPLES for language in LANGUAGES}
    assert {path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*.txt")} == wanted
