"""The pages that explain diagnoses: Markdown files, one a diagnosis and language.

A diagnosis that any exercise may show has its page beside the texts; one that belongs to a
single exercise has it in that exercise's folder ``diagnoses``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grader.catalog import diagnosis_pages, read_regular
from grader.model import Exercise, Language
from grader.texts import page_path, table

_MOST_BYTES = 1 << 18


@dataclass(frozen=True)
class Page:
    """One page: the diagnosis that it explains, its title, and the Markdown below the title."""

    diagnosis: str
    title: str
    body: str


def shared_ids() -> list[str]:
    """Return the diagnoses that every exercise may show, in the order of their texts."""
    return list(table("diagnoses", "en"))


def page(
    diagnosis: str, language: Language, root: Path | None, exercise: Exercise | None
) -> Page | None:
    """Return a diagnosis's page; None where there is none that can be read.

    ``exercise`` (with ``root``, the suite's) is asked for diagnoses of its own.
    """
    if not diagnosis.isidentifier():
        return None
    paths = [page_path(diagnosis, language)]
    if exercise is not None and root is not None:
        name = f"{diagnosis}.zh.md" if language == "zh" else f"{diagnosis}.md"
        paths.append(diagnosis_pages(root, exercise) / name)
    for path in paths:
        try:
            data = read_regular(path, _MOST_BYTES)
        except (OSError, ValueError):
            continue
        if data is not None:
            return _parse(diagnosis, data.decode("utf-8", "replace"))
    return None


def _parse(diagnosis: str, text: str) -> Page:
    first, _, rest = text.lstrip("\ufeff \n").partition("\n")
    return Page(diagnosis, first.removeprefix("#").strip(), rest.strip("\n") + "\n")
