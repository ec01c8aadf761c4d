"""Verdicts in, text out: one module of this package is one format.

A format is a module with ``NAME`` and ``render``; its file is called after it, with a
trailing underscore where the name is taken by the standard library (``json_.py``).
Modules that begin with an underscore are shared by the formats.  Only the module that is
asked for is imported.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from grader.model import CheckResult, Language, Verdict
from grader.pages import Page


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """How to show verdicts.

    ``width`` is in terminal columns.  ``ascii`` asks for marks and arrows in ASCII.
    ``path_of`` gives a submission's path as the learner typed it, from the verdict or by
    exercise id; ``source_lines`` the submission's lines, without line ends, or None.
    ``verbose`` shows every failure in full, ``in_full`` says how many are otherwise; ``diagram``
    draws each conversation instead of listing it.  ``page_of`` gives the page that explains a
    check's diagnosis.  ``several`` says that more than one exercise was
    asked for, though one verdict alone may have come of it.
    """

    language: Language = "en"
    colour: bool = False
    width: int = 100
    ascii: bool = False
    verbose: bool = False
    several: bool = False
    in_full: int = 3
    diagram: bool = False
    page_of: Callable[[Verdict, CheckResult], Page | None] | None = None
    path_of: Callable[[Verdict], str] | Mapping[str, str] | None = None
    source_lines: Callable[[Verdict], list[str] | None] | None = None

    def path(self, verdict: Verdict) -> str:
        """Return the submission's path, not escaped."""
        if self.path_of is None:
            return verdict.submission
        if isinstance(self.path_of, Mapping):
            return self.path_of.get(verdict.exercise, verdict.submission)
        return self.path_of(verdict)

    def page(self, verdict: Verdict, check: CheckResult) -> Page | None:
        """Return the page that explains a failed check, where there is one."""
        return self.page_of(verdict, check) if self.page_of else None

    def lines(self, verdict: Verdict) -> list[str]:
        """Return the submission's lines, not escaped; none where they are unknown."""
        return (self.source_lines(verdict) if self.source_lines else None) or []


class Reporter(Protocol):
    """What a module of this package offers."""

    NAME: str

    def render(self, verdicts: Sequence[Verdict], options: ReportOptions) -> str:
        """Return the report, its last line ended."""


class UnknownFormat(LookupError):
    """No report format has this name; ``known`` are those that there are."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"{name[:60]!a}: {', '.join(known)}")
        self.name = name
        self.known = known


def formats() -> tuple[str, ...]:
    """Return the names of all formats, sorted, without importing any."""
    return tuple(sorted(_modules()))


def reporter(name: str) -> Reporter:
    """Import one format's module.  Raises `UnknownFormat`."""
    modules = _modules()
    if name not in modules:
        raise UnknownFormat(name, formats())
    return cast(Reporter, import_module(f"{__name__}.{modules[name]}"))


def render(name: str, verdicts: Sequence[Verdict], options: ReportOptions) -> str:
    """Return the report of verdicts in one format.  Raises `UnknownFormat`."""
    return reporter(name).render(verdicts, options)


def _modules() -> dict[str, str]:
    names = (module.name for module in pkgutil.iter_modules(__path__))
    return {name.rstrip("_"): name for name in names if not name.startswith("_")}
