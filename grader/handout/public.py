"""What students may see of an exercise: its public checks, and what these need.

A hidden check goes whole: its entry in the manifest (id, title, points, hints), its function in
the harness, helpers and tables that only hidden checks use, diagnoses and pages that nothing
else can show.  What public and hidden checks share stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
import yaml

from grader.catalog import diagnosis_pages, stub_path
from grader.handout.pruning import attributes_of, constants_in, imports_in, names_in, prune
from grader.handout.writing import HandoutError
from grader.manifest import read_text
from grader.model import Exercise, Language

_GRADER = Path(__file__).resolve().parents[1]
_HARNESS = "grader.harness"
# Modules that checks take single things from; the others there are the laboratory itself.
SHARED = ("contracts", "http_cases", "by_hand")
_FILES = {"en": "README.md", "zh": "README.zh.md"}


def public_exercise(exercise: Exercise) -> Exercise:
    """Return the exercise without its hidden checks; diagnoses and hints are as they were."""
    public = {check.id for check in exercise.checks if check.visibility == "public"}
    checks = tuple(
        msgspec.structs.replace(check, after=tuple(name for name in check.after if name in public))
        for check in exercise.checks
        if check.id in public
    )
    return msgspec.structs.replace(exercise, checks=checks)


# -- the harness -----------------------------------------------------------------------


def public_harness(exercises: Sequence[Exercise]) -> dict[str, str]:
    """Return the harness modules of public checks by their name in ``grader/harness``.

    ``exercises`` are whole or public ones.  Of the modules that checks share it has what is used.
    Raises HandoutError where a check's function is missing.
    """
    made: dict[str, str] = {}
    for exercise in exercises:
        name = f"test_{exercise.folder}"
        wanted = [f"check_{check.id}" for check in public_exercise(exercise).checks]
        try:
            pruned = prune(_source(name), wanted)
        except (KeyError, SyntaxError) as error:
            raise HandoutError("bad_harness", exercise=exercise.id, error=error) from None
        made[name] = pruned.replace('"""Hidden checks', '"""The checks', 1)
    for name in SHARED:
        pruned = _used_part(name, made.values())
        if pruned:
            made[name] = pruned
    return made


def _used_part(name: str, users: Iterable[str]) -> str:
    """Return what modules use of a shared one; "" where that is nothing."""
    source = _source(name)
    known = names_in(source)
    wanted: set[str] = set()
    for user in users:
        for module, imported in imports_in(user):
            if module == f"{_HARNESS}.{name}":
                wanted.add(imported)
            elif (module, imported) == (_HARNESS, name):
                wanted |= attributes_of(user, name)
    return prune(source, sorted(wanted & known)) if wanted else ""


def _source(name: str) -> str:
    path = _GRADER / "harness" / f"{name}.py"
    return read_text(path, f"grader/harness/{name}.py")


# -- texts -----------------------------------------------------------------------------


def needless(sources: Iterable[str], kept: Iterable[str]) -> set[str]:
    """Return the strings of ``sources`` that do not stand in ``kept``: keys nobody asks for."""
    before: set[str] = set()
    for source in sources:
        before |= constants_in(source)
    for source in kept:
        before -= constants_in(source)
    return before


def without(entries: Mapping[str, str], dropped: set[str]) -> str:
    """Return a file of texts without the entries that nobody asks for."""
    left = {key: words for key, words in entries.items() if key not in dropped}
    return json.dumps(left, ensure_ascii=False, indent=2) + "\n"


# -- the exercise's folder -------------------------------------------------------------


def exercise_files(
    root: Path, exercise: Exercise, languages: Sequence[Language], dropped: set[str]
) -> dict[str, str]:
    """Return the files of a public exercise's folder by their path in the suite.

    ``dropped`` are diagnoses that nothing shows.  The stub is the pristine one, twice.
    Raises CatalogError where a file cannot be read.
    """
    folder = f"exercises/{exercise.folder}"
    public = _without_diagnoses(public_exercise(exercise), dropped)
    stub = _stub(root, exercise)
    found = {
        f"{folder}/exercise.yaml": _manifest(public),
        f"{folder}/{exercise.slug}.py": stub,
        f"{folder}/.stub.py": stub,
        **readmes(root / folder, folder, languages),
    }
    pages = diagnosis_pages(root, exercise)
    for name in public.diagnoses:
        for file in (f"{name}.md", f"{name}.zh.md"):
            if (pages / file).is_file():
                found[f"{folder}/diagnoses/{file}"] = read_text(pages / file, file)
    return found


def readmes(folder: Path, shown: str, languages: Sequence[Language]) -> dict[str, str]:
    """Return the READMEs of a folder in some languages; a single one is the ``README.md``."""
    found = {}
    for language in languages:
        name = _FILES[language]
        other = _FILES["zh" if language == "en" else "en"]
        words = read_text(folder / name, f"{shown}/{name}")
        if len(languages) == 1:
            lines = words.splitlines(keepends=True)
            words = "".join(line for line in lines if f"({other})" not in line)
            name = _FILES["en"]
        found[f"{shown}/{name}"] = words
    return found


def _stub(root: Path, exercise: Exercise) -> str:
    """Return the stub as it was made: never a file that somebody has worked on."""
    path = root / "exercises" / exercise.folder / ".stub.py"
    if not path.is_file():
        path = stub_path(root, exercise)
    return read_text(path, path.relative_to(root).as_posix())


def _without_diagnoses(exercise: Exercise, dropped: set[str]) -> Exercise:
    """Return an exercise without diagnoses that nothing shows, and the hints for them alone."""
    diagnoses = {name: words for name, words in exercise.diagnoses.items() if name not in dropped}
    checks = tuple(
        msgspec.structs.replace(
            check,
            hints=tuple(
                msgspec.structs.replace(hint, when=tuple(n for n in hint.when if n not in dropped))
                for hint in check.hints
                if not hint.when or set(hint.when) - dropped
            ),
        )
        for check in exercise.checks
    )
    return msgspec.structs.replace(exercise, diagnoses=diagnoses, checks=checks)


def _manifest(exercise: Exercise) -> str:
    """Return an exercise as ``exercise.yaml``, defaults left out."""
    data = msgspec.to_builtins(exercise)
    for check in data["checks"]:
        for key in ("after", "hints"):
            if not check[key]:
                del check[key]
        for hint in check.get("hints", ()):
            if not hint["when"]:
                del hint["when"]
    limits = msgspec.to_builtins(type(exercise.limits)())
    data["limits"] = {key: n for key, n in data["limits"].items() if n != limits[key]}
    for key in ("limits", "diagnoses"):
        if not data[key]:
            del data[key]
    text: str = yaml.safe_dump(
        _lists(data), allow_unicode=True, sort_keys=False, width=110, default_flow_style=None
    )
    return text


def _lists(value: object) -> object:
    """Return data with lists for tuples, which safe YAML has no place for."""
    if isinstance(value, dict):
        return {key: _lists(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_lists(inner) for inner in value]
    return value
