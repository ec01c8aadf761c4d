"""``reset``: the stub as it was shipped; the attempt that it replaces is kept, and named."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from grader.catalog import load_exercise, pristine_path, read_regular, stub_path
from grader.cli import PASSED, BadRequestError, Parser, suite_root, uninterrupted
from grader.history import History
from grader.model import Exercise, Language
from grader.settings import FOLDER, make_folder
from grader.store import relative
from grader.submission import MAX_SOURCE
from grader.texts import text

_YES = ("y", "yes", "是", "好")


def run(argv: Sequence[str], language: Language) -> int:
    """Put the stub of one exercise back, once whoever sits at the terminal has agreed."""
    made = Parser(prog="reset", description=text("learner.reset_about", language))
    made.add_argument("exercise", metavar="exNN", help=text("learner.reset_exercise", language))
    made.add_argument("--yes", action="store_true", help=text("learner.reset_yes", language))
    made.add_argument(
        "--lang", choices=("en", "zh"), default=language, help=text("cli.grade_lang", language)
    )
    arguments = made.parse_args(argv)
    language = arguments.lang
    root = suite_root()
    exercise = load_exercise(root, arguments.exercise)
    path = stub_path(root, exercise)
    asks = not (arguments.yes or is_reset(root, exercise, language)) and os.path.lexists(path)
    if asks and not _agreed(relative(path, root), language):
        print(text("learner.reset_no", language, path=relative(path, root)))
        return PASSED
    print("\n".join(put_back(root, exercise, language)))
    return PASSED


def is_reset(root: Path, exercise: Exercise, language: Language) -> bool:
    """Say whether the learner's file already is the stub (BadRequestError: it cannot be reset)."""
    path = stub_path(root, exercise)
    _stub(root, exercise, language)
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _refusal("reset_failed", path, root, language, error) from None
    if stat.S_ISLNK(found.st_mode):
        raise _refusal("reset_link", path, root, language)
    if not stat.S_ISREG(found.st_mode):
        raise _refusal("reset_no_file", path, root, language)
    if not os.access(path, os.W_OK):
        raise _refusal("reset_protected", path, root, language)
    try:
        return read_regular(path, MAX_SOURCE) == _stub(root, exercise, language)
    except OSError as error:
        raise _refusal("reset_failed", path, root, language, error) from None


def put_back(root: Path, exercise: Exercise, language: Language) -> list[str]:
    """Replace the learner's file by the stub and return the lines that say so.

    What was there is kept under ``.dojo/attempts``.  BadRequestError: nothing has changed.
    """
    path = stub_path(root, exercise)
    shown = relative(path, root)
    if is_reset(root, exercise, language):
        return [text("learner.reset_same", language, path=shown)]
    stub = _stub(root, exercise, language)
    try:
        with uninterrupted():
            kept = _exchange(path, stub, root / FOLDER, exercise)
            if kept is not None:
                History(root, language).note_reset(exercise.id, kept)
    except OSError as error:
        raise _refusal("reset_failed", path, root, language, error) from None
    lines = [text("learner.reset_done", language, path=shown)]
    if kept is not None:
        lines.append(text("learner.reset_kept", language, kept=relative(kept, root)))
    return lines


def _stub(root: Path, exercise: Exercise, language: Language) -> bytes:
    path = pristine_path(root, exercise)
    try:
        found = read_regular(path, MAX_SOURCE)
    except OSError as error:
        raise _refusal("reset_no_stub", path, root, language, error) from None
    if not found:
        raise _refusal("reset_no_stub", path, root, language, OSError(os.strerror(errno.ENOENT)))
    return found


def _exchange(path: Path, stub: bytes, folder: Path, exercise: Exercise) -> Path | None:
    """Put a stub in a file's place; return where the file is kept, None where there was none.

    At each moment one of the two is there, whole, and the old one is not lost (OSError).
    """
    handle, temporary = tempfile.mkstemp(prefix=".dojo-", dir=path.parent)
    kept: Path | None = None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(stub)
        shutil.copymode(path if path.exists() else path.with_name(".stub.py"), temporary)
        if os.path.lexists(path):
            make_folder(folder)
            attempts = folder / "attempts" / exercise.folder
            attempts.mkdir(parents=True, exist_ok=True)
            kept = next(name for name in _names(attempts, exercise.slug) if _copy(path, name))
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        if kept is not None:
            kept.unlink()
        raise
    return kept


def _names(folder: Path, slug: str) -> Iterator[Path]:
    """Give names for an attempt that is kept: the time, and a number where that is taken."""
    now = datetime.now().strftime("%Y-%m-%dT%H-%M-%S")
    yield folder / f"{now}_{slug}.py"
    for number in range(2, 10_000):
        yield folder / f"{now}-{number}_{slug}.py"
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder))


def _copy(path: Path, to: Path) -> bool:
    """Make a second file of the same content; False where its name is taken (OSError)."""
    # A hard link holds what an editor saves up to the last moment, too.
    with suppress(OSError, AttributeError):
        os.link(path, to)
        return True
    try:
        with open(path, "rb") as old, open(to, "xb") as new:
            try:
                shutil.copyfileobj(old, new)
            except BaseException:
                to.unlink()
                raise
    except FileExistsError:
        return False
    return True


def _agreed(path: str, language: Language) -> bool:
    """Ask at the terminal; where nobody can be asked, say how to do without (BadRequestError)."""
    if not sys.stdin.isatty():
        raise BadRequestError(text("learner.reset_not_asked", language))
    print(text("learner.reset_ask", language, path=path), end=" ", flush=True)
    return sys.stdin.readline().strip().lower() in _YES


def _refusal(
    key: str, path: Path, root: Path, language: Language, error: OSError | None = None
) -> BadRequestError:
    shown, problem = relative(path, root), ""
    if error is not None:
        problem = error.strerror or str(error)
        if isinstance(error.filename, str) and relative(Path(error.filename), root) != shown:
            problem = f"{relative(Path(error.filename), root)}: {problem}"
    return BadRequestError(text(f"learner.{key}", language, path=shown, error=problem))
