"""A small SQLite file that is useful and never needed: nobody is held up by what is wrong with it.

Several programs write at once (``watch`` in one window, ``grade`` in another): every write is
one short transaction with SQLite's rollback journal, because its write-ahead log needs memory
shared between them, which network homes do not have.  Reading creates no file.  A broken file
is set aside under a new name, and a new one begun.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.model import Language
from grader.settings import make_folder
from grader.texts import text

if TYPE_CHECKING:  # importing it takes some milliseconds, which a grading has only at its end
    import sqlite3

_BUSY_S = 3.0
_AGAIN_S = 0.01


def to_stderr(line: str) -> None:
    """Say one line to whoever is at the terminal."""
    with suppress(OSError, ValueError, AttributeError):
        shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
        print(f"dojo: {shown}", file=sys.stderr, flush=True)


@dataclass
class Store:
    """One SQLite file in a folder of its own under a suite's root.

    ``tables`` is the SQL that makes a new file, ``schema`` its number (PRAGMA user_version).
    ``tell`` gets one line about the first thing that is wrong, in ``language``.
    """

    root: Path
    folder: str
    name: str
    schema: int
    tables: str
    language: Language
    tell: Callable[[str], None] = to_stderr
    _told: bool = field(default=False, init=False)

    @property
    def path(self) -> Path:
        """Where the file is, or would be."""
        return self.root / self.folder / f"{self.name}.sqlite3"

    def read(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return a query's rows; none where there is no file, or none that can be read."""
        found = None
        try:
            found = _identity(self.path)
            if found is None:
                return []
            with closing(_connect(self.path)) as database:
                version = database.execute("PRAGMA user_version").fetchone()[0]
                if version == self.schema:
                    return database.execute(query, values).fetchall()
                if version != 0:  # 0: it is just being begun
                    self._complain("newer")
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody is held up by it
            if not (_is_broken(error) and self._set_aside(found)):
                self._complain("unreadable", error)
        return []

    def write(self, work: Callable[[sqlite3.Connection], object]) -> bool:
        """Do something in one transaction; say whether it is done.

        A broken file is set aside, and it is done in a new one.
        """
        for may_set_aside in (True, False):
            found = None
            try:
                make_folder(self.path.parent)
                found = _identity(self.path)
                with closing(_connect(self.path, create=True)) as database:
                    if not self._begin(database):
                        self._complain("newer")
                        return False
                    work(database)
                    database.execute("COMMIT")
                    return True
            except Exception as error:  # noqa: BLE001 - what is being done is worth more
                if not (may_set_aside and _is_broken(error) and self._set_aside(found)):
                    self._complain("unwritable", error)
                    return False
        return False

    def _begin(self, database: sqlite3.Connection) -> bool:
        """Begin to write, in a new file with its tables; False: a newer program's file."""
        database.execute("BEGIN IMMEDIATE")
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            for statement in self.tables.split(";"):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {self.schema}")
        return bool(version in (0, self.schema))

    def _set_aside(self, broken: tuple[int, int] | None) -> bool:
        """Give a broken file another name; False where that cannot be done.

        ``broken`` is the file's identity: where another one has its place by now, another
        program has done it already.
        """
        try:
            with _alone_with(self.path):
                if broken is None or _identity(self.path) != broken:
                    return True
                number = 1
                while not _reserve(aside := self._aside(number)):
                    number += 1
                try:
                    with suppress(FileNotFoundError):  # it belongs to that file, and to no new one
                        os.replace(f"{self.path}-journal", f"{aside}-journal")
                    os.replace(self.path, aside)
                except BaseException:
                    aside.unlink()
                    raise
        except FileNotFoundError:
            return True  # just taken away by another program, which begins a new one
        except OSError:
            return False
        self._complain("broken", kept=relative(aside, self.root))
        return True

    def _aside(self, number: int) -> Path:
        return self.path.with_name(f"{self.name}.broken-{number}.sqlite3")

    def _complain(self, what: str, error: Exception | None = None, **values: object) -> None:
        if not self._told:
            self._told = True
            problem = getattr(error, "strerror", None) or str(error) or type(error).__name__
            shown = relative(self.path, self.root)
            key = f"learner.history_{what}"
            self.tell(text(key, self.language, path=shown, error=problem, **values))


def relative(path: Path, root: Path) -> str:
    """Return a path from the root with slashes, or the whole of it; always UTF-8."""
    shown = path
    with suppress(ValueError, OSError):  # OSError: the current folder is gone
        shown = Path(os.path.normpath(path.absolute()))
        shown = shown.relative_to(os.path.normpath(root.absolute()))
    return shown.as_posix().encode("utf-8", "backslashreplace").decode("utf-8")


def _connect(path: Path, create: bool = False) -> sqlite3.Connection:
    import sqlite3

    mode = "rwc" if create else "rw"  # not "ro": what a killed writer left is to be undone
    made = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=_BUSY_S, isolation_level=None
    )
    made.text_factory = lambda data: data.decode("utf-8", "replace")
    return made


def _is_broken(error: Exception) -> bool:
    """Say whether a file is no database, or one without the tables that it must have."""
    try:
        import sqlite3
    except ImportError:  # a Python that was built without it
        return False
    # SQLITE_CORRUPT and SQLITE_NOTADB have no class of their own (and Python 3.10 no codes).
    if type(error) is sqlite3.DatabaseError or isinstance(error, sqlite3.IntegrityError):
        return True
    is_about_tables = str(error).startswith(("no such ", "table "))
    return isinstance(error, sqlite3.OperationalError) and is_about_tables


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another one of its name; None: there is none (OSError)."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise OSError(f"not a regular file: {path.name}")  # SQLite would wait for a pipe
    return found.st_dev, found.st_ino


@contextmanager
def _alone_with(path: Path) -> Iterator[None]:
    """Hold a lock on the file that has a name now, against others of this program (OSError).

    Without it a good file that has just taken a broken one's place could be set aside.
    """
    try:
        import fcntl
    except ImportError:  # Windows renames no file that another program has open
        yield
        return
    end = time.monotonic() + _BUSY_S
    with open(path, "rb") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise
                time.sleep(_AGAIN_S)
        yield


def _reserve(path: Path) -> bool:
    """Make an empty file; False where the name is taken."""
    try:
        path.open("x").close()
    except FileExistsError:
        return False
    return True
