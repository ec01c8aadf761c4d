"""What a learner has chosen once and for all: ``.dojo/settings.json`` under the suite's root.

Read at the start of every command, before anything else is imported: a file that is not there
costs a few looks at folders, and one that is broken costs one line.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from grader.model import LANGUAGES, Language

FOLDER = ".dojo"
NAME = "settings.json"
_MOST_BYTES = 1 << 16
_NEVER_WAIT = getattr(os, "O_NONBLOCK", 0)


class SettingsError(Exception):
    """The file of settings cannot be read or written; ``str`` says why."""


def path(root: Path) -> Path:
    """Return where a suite's settings are."""
    return root / FOLDER / NAME


def nearest_root() -> Path | None:
    """Return the root of the suite that the current folder is in, None outside of any."""
    with suppress(OSError):
        here = Path.cwd()
        for folder in (here, *here.parents):
            if os.path.isdir(folder / "exercises"):
                return folder
    return None


def load(root: Path) -> dict[str, object]:
    """Return all settings, those of newer programs too; none where there is no file
    (SettingsError).
    """
    try:
        if not stat.S_ISREG(os.stat(path(root)).st_mode):
            raise SettingsError("not a regular file")
        with open(os.open(path(root), os.O_RDONLY | _NEVER_WAIT), "rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise SettingsError(error.strerror or str(error)) from None
    if len(data) > _MOST_BYTES:
        raise SettingsError(f"larger than {_MOST_BYTES} bytes")
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"not JSON: {error}") from None
    if not isinstance(found, dict):
        raise SettingsError("not a JSON object")
    return found


def language(root: Path) -> Language | None:
    """Return the language that was chosen, None for the locale's (SettingsError)."""
    found = load(root).get("lang", "auto")
    if found == "auto":
        return None
    for known in LANGUAGES:
        if found == known:
            return known
    raise SettingsError(f"lang: {ascii(found)[:40]} is not one of {', '.join(LANGUAGES)}, auto")


def keep(root: Path, name: str, value: str) -> Path | None:
    """Keep one setting; return where a broken file was put to make room, if there was one.

    The file is replaced whole (OSError).
    """
    kept = None
    try:
        settings = load(root)
    except SettingsError:
        settings, kept = {}, _set_aside(path(root))
    content = json.dumps({**settings, name: value}, indent=2) + "\n"
    make_folder(path(root).parent)
    handle, temporary = tempfile.mkstemp(prefix=".dojo-", dir=path(root).parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
        os.replace(temporary, path(root))
    except BaseException:
        os.unlink(temporary)
        raise
    return kept


def make_folder(folder: Path) -> None:
    """Make ``.dojo``, which version control passes over (OSError)."""
    folder.mkdir(exist_ok=True)
    with suppress(FileExistsError), open(folder / ".gitignore", "x", encoding="ascii") as file:
        file.write("*\n")


def _set_aside(broken: Path) -> Path:
    """Give a broken file a name that is free (OSError)."""
    number = 1
    while os.path.lexists(kept := broken.with_name(f"settings.broken-{number}.json")):
        number += 1
    os.rename(broken, kept)
    return kept
