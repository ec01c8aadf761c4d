"""Lays out a new exercise from the templates: three folders of one name, all of it or nothing."""

from __future__ import annotations

import keyword
import os
import re
import shutil
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"
_PACKAGE = Path(__file__).resolve().parents[1]

_ID = re.compile(r"ex[0-9]{2,3}")
_SLUG = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_LONGEST_SLUG = 40
# In the standard library of some Python that this project knows, or once there.
_MODULES = frozenset(sys.stdlib_module_names) | frozenset(
    "annotationlib asynchat asyncore cgi crypt distutils imp smtpd telnetlib tomllib".split()
)
# Modules beside which a learner's file is loaded, or which a harness imports.
_OURS = frozenset("runner child kernel plain rights grader pytest conftest".split())
# No file can have these names on Windows, whatever follows the dot.
_DEVICES = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")

# Template -> where it goes; ``@ID@`` and ``@SLUG@`` are filled in there and in the text.
FILES = {
    "README.md": "exercises/@ID@_@SLUG@/README.md",
    "README.zh.md": "exercises/@ID@_@SLUG@/README.zh.md",
    "exercise.yaml": "exercises/@ID@_@SLUG@/exercise.yaml",
    "stub.py.txt": "exercises/@ID@_@SLUG@/@SLUG@.py",
    "reference.py.txt": "solutions/@ID@_@SLUG@/@SLUG@.py",
    "variant.py.txt": "solutions/@ID@_@SLUG@/variants/first_variant.py",
    "mistake.py.txt": "solutions/@ID@_@SLUG@/mistakes/first_mistake.py",
    "harness.py.txt": "grader/harness/test_@ID@_@SLUG@.py",
}


class LayoutError(Exception):
    """A new exercise that cannot be; ``key`` is an entry of ``texts/*/authoring.json``."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


@dataclass(frozen=True)
class NewExercise:
    """What a new exercise is called: ``ex02`` and ``chunks``."""

    id: str
    slug: str

    @property
    def folder(self) -> str:
        """The name of its folders."""
        return f"{self.id}_{self.slug}"

    def filled(self, template: str) -> str:
        """Return a template with the names put in."""
        return template.replace("@ID@", self.id).replace("@SLUG@", self.slug)

    def places(self) -> tuple[str, ...]:
        """Return what the suite gets, in the order in which it does: the manifest's folder last.

        An exercise is one from the moment its folder is there.
        """
        harness = f"grader/harness/test_{self.folder}.py"
        return harness, f"solutions/{self.folder}", f"exercises/{self.folder}"


def check(root: Path, new: NewExercise) -> None:
    """Make sure that a suite can have this exercise (LayoutError, OSError)."""
    _check_names(new)
    harness = root / "grader" / "harness"
    if not harness.is_dir() or not harness.samefile(_PACKAGE / "harness"):
        raise LayoutError("not_a_checkout", root=root, package=_PACKAGE)
    for name in _names(root):
        identifier, _, slug = name.partition("_")
        if re.fullmatch(r"ex[0-9]+", identifier) and int(identifier[2:]) == int(new.id[2:]):
            raise LayoutError("id_taken", id=new.id, folder=name)
        if slug == new.slug:
            raise LayoutError("slug_taken", slug=new.slug, folder=name)


def lay_out(root: Path, new: NewExercise) -> list[str]:
    """Put a new exercise into the suite at ``root`` and return the files, relative to it.

    Everything is written beside the suite's folders first and then moved in; where that fails
    half-way, what has been moved goes again (LayoutError, OSError).
    """
    check(root, new)
    written = _files(new)
    scratch = Path(tempfile.mkdtemp(prefix=".dojo-new-", dir=root))
    moved: list[Path] = []
    try:
        for name, content in written.items():
            path = scratch / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode())
        for place in new.places():
            (root / place).parent.mkdir(exist_ok=True)
            if os.path.lexists(root / place):
                raise LayoutError("place_taken", path=place)
            os.rename(scratch / place, root / place)
            moved.append(root / place)
    except BaseException:
        for path in moved:
            _remove(path)
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return list(written)


def _files(new: NewExercise) -> dict[str, str]:
    found = {}
    for template, place in FILES.items():
        content = (TEMPLATES / template).read_text(encoding="utf-8")
        found[new.filled(place)] = new.filled(content)
    # The stub once more, for ``reset``.
    stub = f"exercises/{new.folder}/{new.slug}.py"
    found[f"exercises/{new.folder}/.stub.py"] = found[stub]
    return found


def _check_names(new: NewExercise) -> None:
    if not _ID.fullmatch(new.id) or int(new.id[2:]) == 0:
        raise LayoutError("bad_id", id=ascii(new.id[:60]))
    if not _SLUG.fullmatch(new.slug) or len(new.slug) > _LONGEST_SLUG:
        raise LayoutError("bad_slug", slug=ascii(new.slug[:60]), most=_LONGEST_SLUG)
    if keyword.iskeyword(new.slug) or keyword.issoftkeyword(new.slug):
        raise LayoutError("slug_is_keyword", slug=new.slug)
    if new.slug in _MODULES:
        raise LayoutError("slug_is_module", slug=new.slug)
    if new.slug in _OURS:
        raise LayoutError("slug_is_ours", slug=new.slug)
    if _DEVICES.fullmatch(new.slug):
        raise LayoutError("slug_is_device", slug=new.slug)


def _names(root: Path) -> list[str]:
    """Return the names of all exercises that are there, or begun, in any of the three folders."""
    found = set()
    for folder in ("exercises", "solutions"):
        with suppress(FileNotFoundError):
            found |= {path.name for path in (root / folder).iterdir()}
    for path in (root / "grader" / "harness").glob("test_ex*.py"):
        found.add(path.stem.removeprefix("test_"))
    return sorted(found)


def _remove(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
