"""What an instructor has, understood: a folder, a zip or a list becomes a `Collection`.

``walking`` finds everything (``archive`` in zips, ``git`` in repositories), ``roster`` reads the
list of students, ``owners`` and ``subjects`` say whose a file is and what for, ``pieces`` puts
attempts in order, and ``assembling`` makes the whole of it.
"""

from __future__ import annotations

from pathlib import Path

from grader.classroom.collecting.opening import open_source
from grader.classroom.collecting.options import CollectError, CollectOptions
from grader.classroom.collecting.sources import Sources
from grader.classroom.model import Collection

__all__ = ["CollectError", "CollectOptions", "Sources", "collect"]


def collect(source: Path, options: CollectOptions) -> tuple[Collection, Sources]:
    """Understand ``source`` (CollectError: nothing can be collected, one line).

    ``source`` is a folder, a zip, a text file of git URLs, or a roster CSV with a column ``url``.
    Every file, archive member and link there has exactly one `Entry`; a folder that is nobody's
    work (``.git``, ``__MACOSX``) has one for all that is in it, its path ending in "/".
    The caller closes the `Sources`, which give the bytes that were handed in.
    """
    sources = Sources(options.scratch)
    try:
        return open_source(source, options, sources), sources
    except BaseException:
        sources.close()
        raise
