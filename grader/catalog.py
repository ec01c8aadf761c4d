"""Finds exercises and validates them: the only reader of ``exercise.yaml``.

Whatever is wrong is a `CatalogError` of one line that names file, line and key.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from grader.faults import explain, faults
from grader.manifest import MAX_BYTES, CatalogError, Manifest, fault, read_regular, read_text
from grader.model import Exercise, Model

__all__ = ["MAX_BYTES", "CatalogError", "Manifest", "read_regular"]

_FOLDER = re.compile(r"(ex[0-9]{2,})_([a-z][a-z0-9_]*)")
_NUMBER = re.compile(r"(?:ex)?0*([0-9]+)", re.IGNORECASE)


class Mistake(Model, frozen=True):
    """A deliberately wrong solution: its one fault, and which checks say so and how."""

    path: Path
    fault: str
    caught_by: dict[str, str]


def find_root(start: Path) -> Path:
    """Return the nearest folder from ``start`` upwards that has a folder ``exercises``."""
    here = start.absolute()
    for folder in (here, *here.parents):
        if (folder / "exercises").is_dir():
            return folder
    raise CatalogError(f"no folder 'exercises' in {here} or above", "no_root", start=str(here))


def exercise_ids(root: Path) -> list[str]:
    """Return the ids of all exercises, in order of number, without reading a manifest."""
    return sorted({name.partition("_")[0] for name in _folders(root)}, key=_number)


def load_exercise(root: Path, wanted: str) -> Exercise:
    """Read one exercise: ``ex03``, ``3``, ``03``, ``ex03_tcp_echo`` or ``tcp_echo``."""
    folder = _resolve(root, wanted)
    path = root / "exercises" / folder / "exercise.yaml"
    shown = _shown(root, path)
    data, lines = Manifest(shown, read_text(path, shown)).parse()
    try:
        exercise = msgspec.convert(data, Exercise)
    except msgspec.ValidationError as error:
        key, problem = explain(data, str(error))
        raise fault(shown, lines, key, problem) from None
    for key, problem in faults(exercise, folder):
        raise fault(shown, lines, key, problem)
    return exercise


def load_all(root: Path) -> list[Exercise]:
    """Read every exercise, in order of number; the first bad one raises."""
    return [load_exercise(root, identifier) for identifier in exercise_ids(root)]


def stub_path(root: Path, exercise: Exercise) -> Path:
    """Return where the learner's file of an exercise is."""
    return root / "exercises" / exercise.folder / f"{exercise.slug}.py"


def pristine_path(root: Path, exercise: Exercise) -> Path:
    """Return where the stub is as it was shipped: nobody edits that copy."""
    return root / "exercises" / exercise.folder / ".stub.py"


def diagnosis_pages(root: Path, exercise: Exercise) -> Path:
    """Return the folder with the pages of diagnoses that only this exercise has."""
    return root / "exercises" / exercise.folder / "diagnoses"


def solution_path(root: Path, exercise: Exercise) -> Path:
    """Return where the reference solution is (a handout has none)."""
    return root / "solutions" / exercise.folder / f"{exercise.slug}.py"


def variants(root: Path, exercise: Exercise) -> list[Path]:
    """Return the unusual but correct solutions, sorted by name."""
    return _modules(root / "solutions" / exercise.folder / "variants")


def mistakes(root: Path, exercise: Exercise) -> list[Mistake]:
    """Return the deliberately wrong solutions, sorted by name, their headers checked."""
    known = {check.id for check in exercise.checks}
    folder = root / "solutions" / exercise.folder / "mistakes"
    return [_mistake(path, _shown(root, path), known) for path in _modules(folder)]


def _folders(root: Path) -> list[str]:
    try:
        entries = list((root / "exercises").iterdir())
    except OSError as error:
        raise CatalogError(f"exercises: {error.strerror}") from None
    return sorted(e.name for e in entries if _FOLDER.fullmatch(e.name) and e.is_dir())


def _number(identifier: str) -> tuple[int, str]:
    digits = identifier[2:].lstrip("0")
    return len(digits), digits


def _resolve(root: Path, wanted: str) -> str:
    folders = _folders(root)
    word = wanted.strip()
    if word in folders:
        return word
    number = _NUMBER.fullmatch(word)
    if number:
        key = _number(f"ex{number[1]}")
        found = [name for name in folders if _number(name.partition("_")[0]) == key]
    else:
        found = [name for name in folders if name.partition("_")[2] == word]
    if len(found) == 1:
        return found[0]
    shown = ascii(wanted[:60])
    if found:
        raise CatalogError(f"exercises: {shown} could be any of {', '.join(found)}: rename one")
    known = ", ".join(folders) or "none"
    message = f"no exercise {shown}; there are: {known}"
    raise CatalogError(message, "no_exercise", wanted=wanted[:60], known=folders)


def _shown(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith(("_", ".")))


def _mistake(path: Path, shown: str, known: set[str]) -> Mistake:
    def error(line: int, problem: str) -> CatalogError:
        return CatalogError(f"{shown}:{line}: {problem}")

    fault = ""
    caught_by: dict[str, str] | None = None
    number = 1
    for number, line in enumerate(read_text(path, shown).splitlines(), 1):
        if not line.startswith("#"):
            break
        words = line[1:].strip()
        if number == 1:
            fault = words.removeprefix("mistake:").strip() if words.startswith("mistake:") else ""
            if not fault:
                raise error(1, "expected '# mistake: <one sentence>'")
        elif caught_by is None and words == "caught_by:":
            caught_by = {}
        elif caught_by is None:
            fault += f" {words}"
        else:
            entry = re.fullmatch(r"(\w+):\s*(\w+)", words)
            if not entry or not entry[2].isidentifier():
                raise error(number, "caught_by: expected '# check_id: diagnosis_id'")
            if entry[1] not in known:
                raise error(number, f"caught_by.{entry[1]}: no such check")
            if entry[1] in caught_by:
                raise error(number, f"caught_by.{entry[1]}: named twice")
            caught_by[entry[1]] = entry[2]
    if not fault:
        raise error(1, "expected '# mistake: <one sentence>'")
    if not caught_by:
        raise error(number, "caught_by: missing or empty")
    return Mistake(path=path, fault=fault, caught_by=caught_by)
