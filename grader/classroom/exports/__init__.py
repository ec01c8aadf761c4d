"""A graded class in, files out: one module of this package is one export.

An export is a module with ``NAME`` and ``write``; its file is called after it, with a trailing
underscore where the name is taken by the standard library (``csv_.py``).  Modules that begin
with an underscore are shared by the exports.  Only the module that is asked for is imported.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from grader.classroom.course import Course
from grader.classroom.model import ClassResult

_FIRST = ("feedback",)  # what others link to


class Export(Protocol):
    """What a module of this package offers."""

    NAME: str

    def write(self, result: ClassResult, course: Course, folder: Path) -> list[Path]:
        """Write the export's files into a folder, each whole or not at all; return their paths.

        The folder is there.  Raises `ExportError` where there is nothing to write with, and
        `OSError` where the system does not let it be written.
        """


class ExportError(Exception):
    """An export cannot be made; ``str`` is one line in the language of the class."""


class UnknownExport(LookupError):
    """No export has this name; ``known`` are those that there are."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"{name[:60]!a}: {', '.join(known)}")
        self.name = name
        self.known = known


def names() -> tuple[str, ...]:
    """Return the names of all exports in the order to write them in, without importing any."""
    return tuple(sorted(_modules(), key=lambda name: (name not in _FIRST, name)))


def export(name: str) -> Export:
    """Import one export's module.  Raises `UnknownExport`."""
    modules = _modules()
    if name not in modules:
        raise UnknownExport(name, names())
    return cast(Export, import_module(f"{__name__}.{modules[name]}"))


def write(name: str, result: ClassResult, course: Course, folder: Path) -> list[Path]:
    """Write one export into a folder (made where it is not there); return its files.

    Raises `UnknownExport`, `ExportError` and `OSError`; what was there before stays until the
    new file is whole.
    """
    module = export(name)
    folder.mkdir(parents=True, exist_ok=True)
    return module.write(result, course, folder)


def _modules() -> dict[str, str]:
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return {name.rstrip("_"): name for name in found if not name.startswith("_")}
