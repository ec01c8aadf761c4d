"""Gradescope's autograder zip: the grader for some exercises, and the two scripts it asks for.

Students never see the container's files; their code runs in it on the ``partial`` rung, which
keeps it from them.  Solutions, variants and mistakes are not in it all the same.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from importlib import metadata
from io import BytesIO
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from grader.handout.autograder import SETTINGS
from grader.handout.builder import filled, requirements
from grader.handout.package import GRADER, package
from grader.manifest import read_text
from grader.model import Exercise, Language
from grader.sandbox import IsolationChoice

OLDEST_PYTHON = "3.10"
_SCRIPTS = ("setup.sh", "run_autograder")
_COMMANDS = ("grade", "doctor")
_ROOT = "grader.handout.autograder"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_UNIX = 3


def bundle(
    root: Path,
    exercises: Sequence[Exercise],
    language: Language,
    isolation: IsolationChoice = "partial",
) -> bytes:
    """Return the zip; the same suite and the same installed versions give the same bytes.

    Raises CatalogError where a file of the suite cannot be read, HandoutError where it is not
    known what the grader needs.
    """
    files = bundle_files(root, exercises, language, isolation)
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _LONG_AGO)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = _UNIX
            info.external_attr = (0o100755 if name in _SCRIPTS else 0o100644) << 16
            archive.writestr(info, files[name])
    return made.getvalue()


def bundle_files(
    root: Path, exercises: Sequence[Exercise], language: Language, isolation: IsolationChoice
) -> dict[str, str]:
    """Return what is in the zip, by path."""
    harness = [f"test_{exercise.folder}" for exercise in exercises]
    files, _ = package({name: _harness(name) for name in harness}, _COMMANDS, (_ROOT,))
    for exercise in exercises:
        path = f"exercises/{exercise.folder}/exercise.yaml"
        files[path] = read_text(root / path, path)
    settings = {
        "exercises": [exercise.id for exercise in exercises],
        "language": language,
        "isolation": isolation,
    }
    files[SETTINGS] = json.dumps(settings, indent=2) + "\n"
    files["requirements.txt"] = "".join(f"{line}\n" for line in requirements())
    files["constraints.txt"] = "".join(f"{line}\n" for line in sorted(pins()))
    files |= {name: filled(f"{name}.in") for name in _SCRIPTS}
    return files


def is_ours(path: Path) -> bool:
    """Say whether a file is an autograder zip that was made here."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {SETTINGS, *_SCRIPTS} <= set(archive.namelist())
    except (OSError, ValueError, zipfile.BadZipFile):
        return False


def pins() -> Iterator[str]:
    """Yield the versions that are installed here of all that the grader needs, as constraints.

    The container's Python may be the oldest one that is supported (Ubuntu 22.04 has 3.10): a
    version that wants a newer one is only a bound.
    """
    seen: set[str] = set()
    waiting = [Requirement(line) for line in requirements()]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in seen or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        seen.add(name)
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        needs = _oldest(" ".join(found.metadata.get_all("Requires-Python") or ()))
        exact = needs <= _version(OLDEST_PYTHON)
        yield f"{name}{'==' if exact else '<='}{found.version}"
        waiting += map(Requirement, found.requires or [])


def _oldest(specifier: str) -> tuple[int, ...]:
    found = re.search(r">=\s*([0-9.]+)", specifier)
    return _version(found[1]) if found else (0,)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part)[:2]


def _harness(name: str) -> str:
    return read_text(GRADER / "harness" / f"{name}.py", f"grader/harness/{name}.py")
