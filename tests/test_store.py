"""A file that is never needed: broken, newer, locked, in the way, written by several at once."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from grader import store
from grader.model import LANGUAGES, Language
from grader.store import Store, relative, to_stderr

TABLES = "CREATE TABLE things (name TEXT NOT NULL, size INTEGER);"
FILE = ".dojo/notes.sqlite3"


class Told(list[str]):
    """Collects what would be said."""

    def __call__(self, line: str) -> None:
        self.append(line)


@pytest.fixture
def told() -> Told:
    return Told()


def open_store(root: Path, tell: Callable[[str], None], language: Language = "en") -> Store:
    return Store(root, ".dojo", "notes", 3, TABLES, language, tell)


def put(name: str) -> Callable[[sqlite3.Connection], object]:
    return lambda database: database.execute("INSERT INTO things VALUES (?, 1)", (name,))


def names(a_store: Store) -> list[str]:
    return [name for (name,) in a_store.read("SELECT name FROM things ORDER BY rowid")]


def listed(root: Path) -> set[str]:
    return {entry.name for entry in (root / ".dojo").iterdir()}


def test_reading_makes_nothing(tmp_path: Path, told: Told) -> None:
    assert open_store(tmp_path, told).read("SELECT 1") == []
    assert list(tmp_path.iterdir()) == []
    assert told == []


def test_what_is_written_is_read_by_others(tmp_path: Path, told: Told) -> None:
    assert open_store(tmp_path, told).write(put("a"))
    assert open_store(tmp_path, told).write(put("b"))
    assert names(open_store(tmp_path, told)) == ["a", "b"]
    assert listed(tmp_path) == {".gitignore", "notes.sqlite3"}
    assert (tmp_path / ".dojo" / ".gitignore").read_text() == "*\n"
    assert told == []


def test_a_write_is_done_whole_or_not_at_all(tmp_path: Path, told: Told) -> None:
    kept = open_store(tmp_path, told)
    kept.write(put("a"))

    def fails(database: sqlite3.Connection) -> None:
        put("b")(database)
        raise RuntimeError("half way")

    assert not kept.write(fails)
    assert names(kept) == ["a"]
    assert "half way" in told[0]


def test_an_interruption_undoes_what_it_cut_short(tmp_path: Path, told: Told) -> None:
    kept = open_store(tmp_path, told)

    def interrupted(database: sqlite3.Connection) -> None:
        put("b")(database)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept.write(interrupted)
    assert names(kept) == []
    assert kept.write(put("c"))
    assert told == []


KILLED = """
import os, sys
from pathlib import Path
from grader.store import Store
def work(database):
    database.execute("PRAGMA cache_size = 1")  # what is half done is on the disk already
    database.execute("UPDATE things SET name = hex(zeroblob(20000))")
    os._exit(9)
Store(Path(sys.argv[1]), ".dojo", "notes", 3, "", "en").write(work)
"""


@pytest.mark.parametrize("first", ["read", "write"])
def test_what_a_killed_writer_left_is_undone(tmp_path: Path, told: Told, first: str) -> None:
    kept = open_store(tmp_path, told)
    for n in range(50):
        kept.write(put(f"{n}"))
    assert (
        subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False).returncode == 9
    )
    assert (tmp_path / f"{FILE}-journal").stat().st_size > 512
    if first == "write":
        kept.write(put("50"))
    assert names(kept) == [f"{n}" for n in range(50 + (first == "write"))]
    assert listed(tmp_path) == {".gitignore", "notes.sqlite3"}
    assert told == []


# -- broken: set aside, and begun anew -----------------------------------------------------


def a_database(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for statement in statements:
            database.execute(statement)


def a_good_one(path: Path) -> None:
    a_database(path, TABLES, "INSERT INTO things VALUES (hex(randomblob(9000)), 1)",
               "PRAGMA user_version = 3")  # fmt: skip


def cut(path: Path) -> None:
    a_good_one(path)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def overwritten(path: Path) -> None:
    a_good_one(path)
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * (path.stat().st_size - 100))


def zeros(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 33)


BROKEN: dict[str, Callable[[Path], object]] = {
    "text": lambda path: path.write_bytes(b"not a database at all\n" * 400),
    "a few bytes": lambda path: path.write_bytes(b"{}"),
    "half of one": cut,
    "its pages are noise": overwritten,
    "zeros without end": zeros,
    "another program's": lambda path: a_database(path, "CREATE TABLE things (x)"),
    "its tables are gone": lambda path: a_database(path, "PRAGMA user_version = 3"),
    "its columns are gone": lambda path: a_database(
        path, "CREATE TABLE things (name TEXT)", "PRAGMA user_version = 3"
    ),
    "its rules are others": lambda path: a_database(
        path,
        "CREATE TABLE things (name TEXT, size INTEGER CHECK (size > 5))",
        "PRAGMA user_version = 3",
    ),
}


@pytest.mark.parametrize("first", ["read", "write"])
@pytest.mark.parametrize("make", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_set_aside(
    tmp_path: Path, told: Told, make: Callable[[Path], object], first: str
) -> None:
    (tmp_path / ".dojo").mkdir()
    path = tmp_path / FILE
    make(path)
    size = path.stat().st_size
    was = path.read_bytes()[:20_000] if size < 1 << 30 else b""
    kept = open_store(tmp_path, told)
    if first == "read":
        assert kept.read("SELECT name, size FROM things") == []
        assert not (tmp_path / ".dojo" / ".gitignore").exists(), "reading makes nothing new"
    assert kept.write(put("a"))
    assert names(kept) == ["a"]
    assert len(told) == 1
    assert "kept as .dojo/notes.broken-1.sqlite3" in told[0]
    aside = tmp_path / ".dojo" / "notes.broken-1.sqlite3"
    assert aside.stat().st_size == size
    if was:
        assert aside.read_bytes()[:20_000] == was
    assert listed(tmp_path) == {".gitignore", "notes.sqlite3", aside.name}


def test_what_was_set_aside_is_never_replaced(tmp_path: Path, told: Told) -> None:
    for number in range(1, 4):
        (tmp_path / ".dojo").mkdir(exist_ok=True)
        (tmp_path / FILE).write_bytes(b"broken %d" % number)
        (tmp_path / f"{FILE}-journal").write_bytes(b"journal %d" % number)
        open_store(tmp_path, told).write(put("a"))
    for number in range(1, 4):
        aside = tmp_path / ".dojo" / f"notes.broken-{number}.sqlite3"
        assert aside.read_bytes() == b"broken %d" % number
    assert len(told) == 3


def test_only_what_is_broken_is_set_aside(tmp_path: Path, told: Told) -> None:
    """Where another program has begun a new file meanwhile, that one is used."""
    kept = open_store(tmp_path, told)
    kept.write(put("theirs"))
    assert kept._set_aside((0, 0))
    assert kept._set_aside(None)
    assert names(kept) == ["theirs"]
    assert told == []


def test_what_cannot_be_set_aside_stays(
    tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".dojo").mkdir()
    (tmp_path / FILE).write_bytes(b"broken")

    def refuse(*paths: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    kept = open_store(tmp_path, told)
    assert not kept.write(put("a"))
    assert kept.read("SELECT name FROM things") == []
    assert (tmp_path / FILE).read_bytes() == b"broken"
    assert listed(tmp_path) == {".gitignore", "notes.sqlite3"}
    assert len(told) == 1


def test_whoever_sets_it_aside_is_waited_for(
    tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")
    (tmp_path / ".dojo").mkdir()
    (tmp_path / FILE).write_bytes(b"broken")
    kept = open_store(tmp_path, told)
    with (tmp_path / FILE).open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        waited: list[float] = []

        def let_go(seconds: float) -> None:
            waited.append(seconds)
            fcntl.flock(other, fcntl.LOCK_UN)

        monkeypatch.setattr(store.time, "sleep", let_go)  # type: ignore[attr-defined]
        assert kept.write(put("a"))
    assert len(waited) == 1
    (tmp_path / FILE).write_bytes(b"broken again")
    with (tmp_path / FILE).open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        monkeypatch.setattr(store, "_BUSY_S", 0.0)
        monkeypatch.setattr(store.time, "sleep", waited.append)  # type: ignore[attr-defined]
        assert not kept.write(put("b"))
    assert (tmp_path / FILE).read_bytes() == b"broken again"


def test_an_empty_file_is_a_new_one(tmp_path: Path, told: Told) -> None:
    (tmp_path / ".dojo").mkdir()
    (tmp_path / FILE).touch()
    kept = open_store(tmp_path, told)
    assert kept.read("SELECT name FROM things") == []
    assert kept.write(put("a"))
    assert names(kept) == ["a"]
    assert told == []


# -- not ours to touch -----------------------------------------------------------------


@pytest.mark.parametrize("version", [4, 99, -1])
def test_a_newer_programs_file_stays_as_it_is(tmp_path: Path, told: Told, version: int) -> None:
    (tmp_path / ".dojo").mkdir()
    a_database(tmp_path / FILE, "CREATE TABLE stars (x)", f"PRAGMA user_version = {version}")
    before = (tmp_path / FILE).read_bytes()
    kept = open_store(tmp_path, told)
    assert not kept.write(put("a"))
    assert kept.read("SELECT x FROM stars") == []
    assert (tmp_path / FILE).read_bytes() == before
    assert len(told) == 1
    assert "newer" in told[0]


@pytest.mark.parametrize("kind", ["pipe", "folder", "loop", "device", "socket"])
def test_what_is_no_file_holds_nobody_up(
    tmp_path: Path, told: Told, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / FILE
    path.parent.mkdir()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(FILE)
    kept = open_store(tmp_path, told)
    assert kept.read("SELECT name FROM things") == []
    assert not kept.write(put("a"))
    assert listed(tmp_path) == {".gitignore", "notes.sqlite3"}
    assert len(told) == 1


def test_a_file_in_the_folders_place_stays(tmp_path: Path, told: Told) -> None:
    (tmp_path / ".dojo").write_text("in the way")
    kept = open_store(tmp_path, told)
    assert kept.read("SELECT name FROM things") == []
    assert not kept.write(put("a"))
    assert (tmp_path / ".dojo").read_text() == "in the way"
    assert len(told) == 1
    assert not open_store(tmp_path / "gone", told).write(put("a"))


def test_locked_for_long(tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_BUSY_S", 0.05)
    kept = open_store(tmp_path, told)
    kept.write(put("a"))
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert not kept.write(put("b"))
        assert kept.read("SELECT name FROM things") == []
    assert len(told) == 1
    assert "locked" in told[0]
    assert names(kept) == ["a"]
    assert kept.write(put("c"))


def test_without_sqlite(tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    open_store(tmp_path, told).write(put("a"))
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    kept = open_store(tmp_path, told)
    assert kept.read("SELECT name FROM things") == []
    assert not kept.write(put("b"))
    assert len(told) == 1


# -- several at once -------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from grader.store import Store
kept = Store(Path(sys.argv[1]), ".dojo", "notes", 3, sys.argv[2], "en")
for n in range(25):
    name = f"{sys.argv[3]}.{n}"
    assert kept.write(lambda d: d.execute("INSERT INTO things VALUES (?, 1)", (name,)))
"""


def test_several_programs_write_at_once(tmp_path: Path, told: Told) -> None:
    """The file is made while they all want it, and each reads a whole one at any moment."""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), TABLES, str(n)], stderr=subprocess.PIPE
        )
        for n in range(4)
    ]
    kept = open_store(tmp_path, told)
    seen = 0
    while any(writer.poll() is None for writer in writers):
        now = len(names(kept))
        assert now >= seen
        seen = now
    for writer in writers:
        assert (writer.communicate()[1], writer.returncode) == (b"", 0)
    assert sorted(names(kept)) == sorted(f"{n}.{m}" for n in range(4) for m in range(25))
    assert told == []


def test_several_find_it_broken_at_once(tmp_path: Path) -> None:
    (tmp_path / ".dojo").mkdir()
    (tmp_path / FILE).write_bytes(b"broken")
    together = threading.Barrier(8)

    def write(name: str) -> None:
        together.wait()
        open_store(tmp_path, lambda line: None).write(put(name))

    threads = [threading.Thread(target=write, args=(str(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert listed(tmp_path) == {".gitignore", "notes.sqlite3", "notes.broken-1.sqlite3"}
    assert sorted(names(open_store(tmp_path, to_stderr))) == [str(n) for n in range(8)]


# -- words -----------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_says_one_line_and_once(tmp_path: Path, told: Told, language: Language) -> None:
    (tmp_path / ".dojo").mkdir()
    (tmp_path / FILE).write_bytes(b"broken")
    kept = open_store(tmp_path, told, language)
    for _ in range(3):
        kept.read("SELECT name FROM things")
        kept.write(put("a"))
    assert len(told) == 1
    assert told[0].isprintable()
    assert ("记录" in told[0]) == (language == "zh")


def test_a_line_is_made_harmless_and_may_be_heard_by_nobody(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    to_stderr("a\x1b[2J\nb 你")
    assert capsys.readouterr().err == "dojo: a\\x1b[2J\\nb 你\n"
    monkeypatch.setattr(sys, "stderr", None)
    to_stderr("nobody")
    with open(os.devnull, "w") as closed:
        pass
    monkeypatch.setattr(sys, "stderr", closed)
    to_stderr("nobody")


def test_a_path_is_shown_from_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert relative(tmp_path / "a" / "b.py", tmp_path) == "a/b.py"
    assert relative(Path("a/../b.py"), tmp_path) == "b.py"
    assert relative(tmp_path.parent / "x.py", tmp_path) == (tmp_path.parent / "x.py").as_posix()
    assert relative(tmp_path / "\udcff.py", tmp_path) == "\\udcff.py"
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert relative(Path("x.py"), tmp_path) == "x.py"
