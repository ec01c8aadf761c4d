"""Which files the interpreter needs: all that a learner process may see of this machine."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from grader.sandbox.base import executable

DEVICES = ("null", "zero", "full", "random", "urandom")
_LIBRARIES = ("/usr/lib", "/usr/lib64", "/usr/lib32")
_LINKS = ("/lib", "/lib64", "/lib32")
_LOADER_CACHE = "/etc/ld.so.cache"


def library() -> Path:
    """Return the folder of the standard library."""
    return Path(os.__file__).resolve().parent


def links() -> dict[str, str]:
    """Return the top folders that are symbolic links here, with what they point to."""
    return {link: os.readlink(link) for link in _LINKS if os.path.islink(link)}


def trees() -> list[Path]:
    """Return the files and folders that hold the interpreter, its library and shared objects."""
    found = {Path(folder) for folder in _LIBRARIES}
    found |= {Path(executable()), Path(sys.base_prefix).resolve() / "lib", library()}
    found |= {Path(link) for link in _LINKS if not os.path.islink(link)}
    return [
        tree
        for tree in sorted(found)
        if tree.exists() and not any(other in tree.parents for other in found)
    ]


def hidden() -> list[Path]:
    """Return the folders below the trees that hold other people's packages: ours, perhaps."""
    found = {library() / name for name in ("site-packages", "dist-packages")}
    found |= {Path(prefix) / "python3/dist-packages" for prefix in ("/usr/lib", "/usr/local/lib")}
    seen = set(trees())
    return [f for f in sorted(found) if f.is_dir() and not seen.isdisjoint(f.parents)]


def visible() -> list[str]:
    """Return paths that hold all that the trees hold, but for what is hidden."""
    found = [_LOADER_CACHE]
    secret = set(hidden())
    above = {parent for folder in secret for parent in folder.parents}
    queue = trees()
    while queue:
        tree = queue.pop()
        if tree in secret:
            continue
        if tree in above:
            queue += sorted(tree.iterdir())
        else:
            found.append(str(tree))
    return found


def open_to_everybody(path: Path) -> bool:
    """Say whether every user may read a file: it, and all the folders above it."""
    try:
        if not path.stat().st_mode & stat.S_IROTH:
            return False
        return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.parents)
    except OSError:
        return False
