"""Every word that a learner reads: texts in data files, one folder a language.

``text("report.score", "zh", ...)`` is the entry ``score`` of ``zh/report.json``.  A new
file there needs no edit here.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from grader.model import Language

_FOLDER = Path(__file__).parent


def text(key: str, language: Language, **values: object) -> str:
    """Return one text, its ``{placeholders}`` filled from ``values``.

    Values are inserted as they are and never read as templates.  An unknown file, entry
    or placeholder is a `KeyError`.
    """
    name, _, entry = key.partition(".")
    template = table(name, language).get(entry)
    if template is None:
        raise KeyError(key)
    return template.format_map(values)


def has_text(key: str, language: Language) -> bool:
    """Tell whether `text` knows a key, for words that may be newer than their texts."""
    name, _, entry = key.partition(".")
    try:
        return entry in table(name, language)
    except KeyError:
        return False


def missing_text(entry: str, language: Language) -> str:
    """Return an entry of ``Isolation.missing`` in words: a key, and ": detail" where it has one."""
    key, _, detail = entry.partition(": ")
    if not has_text(f"isolation.{key}", language):
        return entry
    words = text(f"isolation.{key}", language)
    return f"{words} ({detail})" if detail else words


@cache
def table(name: str, language: Language) -> dict[str, str]:
    """Return all entries of one file, unfilled; read once.  `KeyError` without the file."""
    path = _FOLDER / language / f"{name}.json"
    if not name.isidentifier() or not path.is_file():
        raise KeyError(name)
    entries: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return entries


def page_path(name: str, language: Language) -> Path:
    """Return where the page that explains a diagnosis is, whether or not there is one."""
    return _FOLDER / language / "pages" / f"{name}.md"


def tables(language: Language) -> list[str]:
    """Return the names of a language's files, sorted."""
    return sorted(path.stem for path in (_FOLDER / language).glob("*.json"))
