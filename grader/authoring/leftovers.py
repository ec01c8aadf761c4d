"""Finds what a template says and nobody has replaced: ``FILL IN``, 待填写."""

from __future__ import annotations

from pathlib import Path

from grader.manifest import MAX_BYTES, read_regular

MARKS = ("FILL IN", "待填写")
_SUFFIXES = (".py", ".md", ".yaml")


def leftovers(places: list[Path]) -> list[tuple[Path, int, int]]:
    """Return each file with template text: its path, the first such line, how many there are.

    ``places`` are files, and folders that are looked through; what cannot be read is passed over.
    """
    found = []
    for place in places:
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        for path in files:
            lines = _marked(path) if path.suffix in _SUFFIXES else []
            if lines:
                found.append((path, lines[0], len(lines)))
    return found


def _marked(path: Path) -> list[int]:
    try:
        data = read_regular(path, MAX_BYTES)
    except OSError:
        return []
    lines = (data or b"").decode("utf-8", "replace").splitlines()
    return [n for n, line in enumerate(lines, 1) if any(mark in line for mark in MARKS)]
