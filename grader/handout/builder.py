"""Puts the students' repository together: exercises, the grader for them, CI, READMEs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from grader import __version__
from grader.handout.package import package
from grader.handout.public import exercise_files, public_exercise, public_harness
from grader.handout.writing import HandoutError
from grader.model import Exercise, Language

TEMPLATES = Path(__file__).parent / "templates"
_DISTRIBUTION = "socket-dojo"
# Template, and where it goes; the READMEs are apart, as they depend on the language.
_FILES = {
    "noxfile.py.in": "noxfile.py",
    "pyproject.toml.in": "pyproject.toml",
    "gitignore.in": ".gitignore",
    "github.yml.in": ".github/workflows/grade.yml",
    "gitlab.yml.in": ".gitlab-ci.yml",
}
_READMES: dict[Language, str] = {"en": "README.md", "zh": "README.zh.md"}


def build(
    root: Path, exercises: Sequence[Exercise], languages: Sequence[Language]
) -> dict[str, bytes]:
    """Return the files of a handout by their path.

    ``root`` is the suite's.  The same suite gives the same bytes.  Raises CatalogError where a
    file of the suite cannot be read, HandoutError where an exercise has no public check.
    """
    for exercise in exercises:
        if not public_exercise(exercise).checks:
            raise HandoutError("no_public_checks", exercise=exercise.id)
    files, lacking = package(public_harness(exercises))
    for exercise in exercises:
        files |= exercise_files(root, exercise, languages, lacking)
    files |= _around(exercises, languages)
    return {name: text.encode() for name, text in sorted(files.items())}


def requirements() -> list[str]:
    """Return what the grader needs, as PEP 508 has it, without extras."""
    try:
        found = metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        raise HandoutError("not_installed") from None
    return sorted(line for line in found if "extra ==" not in line)


def filled(name: str, **values: object) -> str:
    """Return a template of this package with its values."""
    made = Environment(
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        autoescape=False,  # Python, TOML, YAML and Markdown; all of it is ours
    )
    return made.from_string((TEMPLATES / name).read_text(encoding="utf-8")).render(values)


def _around(exercises: Sequence[Exercise], languages: Sequence[Language]) -> dict[str, str]:
    values = {
        "version": __version__,
        "requirements": [json.dumps(line) for line in requirements()],
        "exercises": [public_exercise(exercise) for exercise in exercises],
        "several": len(languages) > 1,
        "language": languages[0] if len(languages) == 1 else "",
    }
    files = {path: filled(name, **values) for name, path in _FILES.items()}
    for language in languages:
        name = _READMES[language] if len(languages) > 1 else "README.md"
        files[name] = filled(f"{_READMES[language]}.in", **values)
    return files
