"""The store: what it keeps outlives everything, what it cannot keep is said in one line."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from grader.classroom._packing import of_json, to_json
from grader.classroom.store import LOCK, MOST_LOG, NAME, Run, Store, StoreError
from grader.classroom.work import Done
from grader.model import LANGUAGES, Verdict

from .conftest import ROOT, Class, verdict

RUN = Run("class", "1.0", "e" * 64, "en", "auto", regrade=False)


def key(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return a new store."""
    with Store(tmp_path / "results", "en") as made:
        yield made


def keep(
    store: Store, word: str, found: str, run: int = 1, about: str = "", exercise: str = "ex90"
) -> Done:
    """Record a grade, or an error, under a key; ``about`` are the bytes graded (the word)."""
    source = (about or word).encode()
    if found == "boom":
        done = Done(0, error=f"{word} broke", log="a log\nof it")
    else:
        done = Done(0, verdict(source, found))
    store.record(key(word), exercise, hashlib.sha256(source).hexdigest(), done, run)
    return done


def again(folder: Path) -> Store:
    return Store(folder, "en")


# -- what counts ---------------------------------------------------------------------------


def test_a_verdict_comes_back_as_it_was(store: Store) -> None:
    strange = msgspec.structs.replace(verdict(b"x"), title="中\x00 \ud800 \x1b[31m")
    store.record(key("a"), "ex90", key("x"), Done(0, strange, log="l" * (MOST_LOG + 9)), 3)
    kept = store.current(key("a"))
    assert kept is not None
    assert (kept.verdict, kept.run, kept.status, kept.error) == (strange, 3, "passed", "")
    assert kept.log == "l" * MOST_LOG
    assert kept.at.utcoffset() is not None
    assert store.current(key("b")) is None


@pytest.mark.parametrize(
    ("history", "counts"),
    [
        (["boom"], 0),
        (["boom", "boom"], 1),
        (["boom", "error"], 1),
        (["passed", "boom"], 0),
        (["passed", "boom", "error", "boom"], 0),
        (["passed", "failed"], 1),
        (["passed", "boom", "failed", "boom"], 2),
        (["boom", "failed"], 1),
        (["error", "boom", "passed"], 2),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_the_newest_grade_counts_else_our_newest_failure(
    store: Store, history: list[str], counts: int
) -> None:
    for run, found in enumerate(history):
        keep(store, "a", found, run)
    kept = store.current(key("a"))
    last = store.last(key("a"))
    assert kept is not None
    assert last is not None
    assert (kept.run, last.run) == (counts, len(history) - 1)
    assert kept.status == ("error" if history[counts] == "boom" else history[counts])


def test_an_earlier_grade_of_the_same_bytes_is_found_under_another_key(store: Store) -> None:
    source = hashlib.sha256(b"x").hexdigest()
    assert store.earlier("ex90", source) is None
    keep(store, "old grader", "failed", about="x")
    keep(store, "older language", "passed", about="x")
    keep(store, "new grader", "boom", about="x")
    found = store.earlier("ex90", source)
    assert found is not None
    assert found.verdict == verdict(b"x", "passed")
    assert store.earlier("ex91", source) is None


def test_nothing_is_ever_overwritten(store: Store) -> None:
    for found in ("passed", "boom", "failed"):
        keep(store, "a", found)
    rows = sqlite3.connect(store.path).execute("SELECT status FROM verdicts ORDER BY id").fetchall()
    assert rows == [("passed",), ("error",), ("failed",)]


# -- what is to do, and what is to be done again ------------------------------------------


def test_to_do_is_what_has_no_grade(store: Store) -> None:
    keep(store, "a", "failed")
    keep(store, "b", "boom")
    keep(store, "c", "error")
    keys = [key(word) for word in "cbad"]
    assert store.to_do(keys) == [key("c"), key("b"), key("d")]


def test_a_regrade_that_is_cut_off_goes_on_where_it_was(tmp_path: Path) -> None:
    """With and without ``--regrade``, and never the same one twice."""
    words = [key(word) for word in "abcd"]
    with again(tmp_path) as store:
        for word in "abcd":
            keep(store, word, "passed")
        assert store.to_do(words) == []
        store.ask_again({"ex90": words})
        assert store.to_do(words) == words
        keep(store, "a", "failed")
    with again(tmp_path) as store:
        assert store.to_do(words) == words[1:]  # a plain run
        keep(store, "b", "failed")
    with again(tmp_path) as store:
        store.ask_again({"ex90": words})  # one with --regrade
        assert store.to_do(words) == words[2:]
        keep(store, "c", "boom")  # tried; the old grade stands, and the round goes on
        keep(store, "d", "failed")
        assert store.to_do(words) == []
        store.end(1, ["ex90"])
        store.ask_again({"ex90": words})  # a new round
        assert store.to_do(words) == words


def test_a_regrade_of_one_exercise_leaves_the_others_alone(store: Store) -> None:
    keep(store, "a", "passed")
    keep(store, "b", "passed")
    store.ask_again({"ex90": [key("a")]})
    assert store.to_do([key("a"), key("b")]) == [key("a")]
    store.end(1, ["ex91"])
    assert store.to_do([key("a"), key("b")]) == [key("a")]
    store.ask_again({"ex91": [key("b")]})
    assert store.to_do([key("a"), key("b")]) == [key("a"), key("b")]


def test_what_came_meanwhile_joins_the_round(store: Store) -> None:
    keep(store, "a", "passed")
    store.ask_again({"ex90": [key("a")]})
    keep(store, "new", "passed")  # graded for the first time, in this round
    store.ask_again({"ex90": [key("a"), key("new"), key("newer")]})
    assert store.to_do([key("a"), key("new"), key("newer")]) == [key("a"), key("newer")]


def test_a_finished_round_that_nobody_closed_is_not_gone_on_with(tmp_path: Path) -> None:
    """Killed between the last verdict and the end: who asks again means all of it."""
    asked = {"ex90": [key("a"), key("b")], "ex91": [key("c")]}
    words = [key(word) for word in "abc"]
    with again(tmp_path) as store:
        for word, exercise in zip("abc", ("ex90", "ex90", "ex91"), strict=True):
            keep(store, word, "passed", exercise=exercise)
        store.ask_again(asked)
        keep(store, "a", "failed")
        keep(store, "b", "failed")
    with again(tmp_path) as store:
        store.ask_again(asked)  # one exercise is through, the other is not: on with that one
        assert store.to_do(words) == [key("c")]
        keep(store, "c", "failed", exercise="ex91")
    with again(tmp_path) as store:
        assert store.to_do(words) == []  # a plain run
        store.ask_again({**asked, "ex90": [*asked["ex90"], key("new")]})
        assert store.to_do([*words, key("new")]) == [*words, key("new")]
        keep(store, "b", "passed")
    with again(tmp_path) as store:
        store.ask_again(asked)  # this round is one like any other
        assert store.to_do(words) == [key("a"), key("c")]


def test_what_was_handed_in_is_noted_once_for_equal_runs(store: Store) -> None:
    first = Class([("ann", "ex90", b"x"), ("bob", "ex90", b"y")]).collection.handed
    for handed in (first, first, first[:1], first):
        store.begin(RUN, [(one, key(one.student)) for one in handed])
    database = sqlite3.connect(store.path)
    assert database.execute("SELECT id, list FROM runs").fetchall() == [
        (1, 1),
        (2, 1),
        (3, 2),
        (4, 1),
    ]
    assert database.execute("SELECT count(*) FROM handed").fetchone() == (3,)


def test_names_that_are_no_text(store: Store) -> None:
    (one,) = Class([("a\udcff\x00'; DROP TABLE runs; --", "ex90", b"x")]).collection.handed
    assert store.begin(Run("cl\udcffass", "1", "e", "en", "auto", False), [(one, key("x"))]) == 1


# -- size -----------------------------------------------------------------------------------


def test_verdicts_take_little_room(store: Store, grade_source: Callable[..., Verdict]) -> None:
    """Texts are in every verdict of an exercise again; of the second one only what differs is."""
    real = grade_source("ex03", "def serve(:\n")
    for number in range(50):
        changed = msgspec.structs.replace(real, seed=number, sha256=key(str(number)))
        store.record(key(str(number)), "ex03", key(str(number)), Done(0, changed), 1)
        kept = store.current(key(str(number)))
        assert kept is not None
        assert kept.verdict == changed
    database = sqlite3.connect(store.path)
    sizes = [size for (size,) in database.execute("SELECT length(verdict) FROM verdicts")]
    assert max(sizes) < len(to_json(real)) / 20
    assert max(sizes) < 400


def test_json_with_lone_surrogates() -> None:
    strange = msgspec.structs.replace(verdict(b"x"), title="\ud800")
    assert of_json(to_json(strange)) == strange
    with pytest.raises(msgspec.ValidationError):
        of_json(b'{"schema": 1}')


# -- one at a time --------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_second_program_gets_one_line(store: Store, language: str) -> None:
    with pytest.raises(StoreError, match=r"grades\.sqlite3") as caught:
        Store(store.path.parent, language)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    keep(store, "a", "passed")


def test_the_lock_goes_with_its_program(tmp_path: Path) -> None:
    program = (
        f"import sys, os, signal; sys.path.insert(0, {str(ROOT)!r})\n"
        "from pathlib import Path\n"
        "from grader.classroom.store import Store\n"
        f"store = Store(Path({str(tmp_path)!r}), 'en')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == -signal.SIGKILL
    again(tmp_path).close()


# -- files that are not as they should be ------------------------------------------------------


def foreign(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE theirs (x)")
    database.commit()
    database.close()


def newer(path: Path) -> None:
    again(path.parent).close()
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()


def cut_short(path: Path) -> None:
    with again(path.parent) as store:
        for number in range(200):
            keep(store, str(number), "passed")
    os.truncate(path, path.stat().st_size // 2)


def scribbled(path: Path) -> None:
    with again(path.parent) as store:
        for number in range(200):
            keep(store, str(number), "passed")
    data = bytearray(path.read_bytes())
    data[100 : len(data) : 7] = b"\xee" * len(data[100 : len(data) : 7])
    path.write_bytes(data)


def read_all(folder: Path) -> None:
    keys = [key(str(number)) for number in range(200)]
    with again(folder) as store:
        store.to_do(keys)
        for one in keys:
            store.current(one)


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "another program's": (foreign, "not a file of grades"),
    "a newer one": (newer, "newer grader"),
    "no database": (lambda path: path.write_bytes(b"hello" * 1000), "damaged"),
    "cut short": (cut_short, "damaged"),
    "scribbled in": (scribbled, "damaged"),
    "a folder": (lambda path: path.mkdir(), "not a file of grades"),
    "a pipe": (lambda path: os.mkfifo(path), "not a file of grades"),
}


@pytest.mark.parametrize(("spoil", "said"), BAD.values(), ids=BAD)
def test_a_bad_file_is_left_as_it_is(
    tmp_path: Path, spoil: Callable[[Path], object], said: str
) -> None:
    path = tmp_path / NAME
    spoil(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreError, match=said) as caught:
        read_all(tmp_path)  # at its first use at the latest
    assert "\n" not in str(caught.value)
    if before is not None:
        assert path.read_bytes() == before


def test_an_empty_file_is_a_new_one(tmp_path: Path) -> None:
    (tmp_path / NAME).touch()
    with again(tmp_path) as store:
        keep(store, "a", "passed")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be used"):
        again(tmp_path / "file" / "results")
    with pytest.raises(StoreError, match="is a file, not a folder"):
        again(tmp_path / "file")


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "grades.csv").write_text("mine")
    with pytest.raises(StoreError, match="not empty"):
        again(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["grades.csv"]


def test_what_a_kill_has_left_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / LOCK).touch()
    (tmp_path / ".scratch").mkdir()
    with again(tmp_path) as store:
        keep(store, "a", "passed")
    (tmp_path / "grades.csv").touch()
    with again(tmp_path) as store:
        assert store.current(key("a"))


def test_a_store_that_nobody_used_leaves_nothing(tmp_path: Path) -> None:
    with again(tmp_path / "a" / "b"):
        pass
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "there").mkdir()
    with again(tmp_path / "there"):
        pass
    assert (tmp_path / "there" / NAME).is_file()  # the folder is not ours
    with again(tmp_path / "used") as store:
        store.begin(RUN, [])
    assert (tmp_path / "used" / NAME).is_file()


OTHERS = {
    "the same place": ("class", ["zed"], ""),
    "somebody in common": ("elsewhere", ["zed", "bob"], ""),
    "another place and nobody in common": ("elsewhere", ["zed"], "class"),
}


@pytest.mark.parametrize(("source", "students", "other"), OTHERS.values(), ids=OTHERS)
def test_another_class_is_known(store: Store, source: str, students: list[str], other: str) -> None:
    assert store.other_class(source, students) == ""
    store.begin(RUN, [])
    assert store.other_class(source, students) == ""
    class_ = Class([("ann", "ex90", b"1"), ("bob", "ex90", b"2")])
    store.begin(RUN, [(one, key("a")) for one in class_.collection.handed])
    assert store.other_class(source, students) == other


def test_a_dictionary_that_is_missing(tmp_path: Path) -> None:
    with again(tmp_path) as store:
        keep(store, "a", "passed")
    database = sqlite3.connect(tmp_path / NAME)
    database.execute("DELETE FROM dictionaries")
    database.commit()
    database.close()
    with again(tmp_path) as store, pytest.raises(StoreError, match="dictionary"):
        store.current(key("a"))


FULL = """
import sys
sys.path.insert(0, {root!r})
import resource
from pathlib import Path
from grader.classroom.store import StoreError
from tests.classroom.test_store import again, keep

store = again(Path({folder!r}))
room = store.path.with_name("grades.sqlite3-wal").stat().st_size + {room}
resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
count = 0
try:
    while count < 5000:
        keep(store, str(count), "passed")
        count += 1
except StoreError as error:
    print(count, error)
store.close()
"""


def test_a_full_disk_loses_nothing_that_was_kept(tmp_path: Path) -> None:
    """The size of a file is bounded, which SQLite meets as it does a full disk."""
    program = FULL.format(root=str(ROOT), folder=str(tmp_path), room=200_000)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    count, _, said = done.stdout.strip().partition(" ")
    assert "kept" in said
    assert done.stdout.count("\n") == 1
    assert 0 < int(count) < 5000
    with again(tmp_path) as store:
        for number in range(int(count)):
            assert store.current(key(str(number))) is not None
        keep(store, "more", "passed")


def with_mount(mount: str, call: str) -> str:
    """Return what a function of this module prints under a mount of its own, where we may."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("no unshare(1) here")
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import tests.classroom.test_store as t"
    )
    script = f'{mount} && exec "$0" -c "$1"'
    done = subprocess.run(
        [unshare, "-rm", "sh", "-c", script, sys.executable, f"{program}; t.{call}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if "mount" in done.stderr or "unshare" in done.stderr:
        pytest.skip(f"no mounts for us here: {done.stderr.strip()[:100]}")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_real_full_disk(tmp_path: Path) -> None:
    said = with_mount(f"mount -t tmpfs -o size=512k none '{tmp_path}'", f"fill({str(tmp_path)!r})")
    assert said == "kept: all there\n"


def fill(folder: str) -> None:
    """Fill a small disk, make room, and look whether all is there."""
    path = Path(folder)
    count, said = 0, ""
    store = again(path)
    (path / "ballast").write_bytes(b"x" * 100_000)
    while not said:
        try:
            keep(store, str(count), "passed")
            count += 1
        except StoreError as error:
            said = str(error)
    store.close()
    (path / "ballast").unlink()
    with again(path) as store:
        found = all(store.current(key(str(number))) for number in range(count))
        keep(store, "more", "passed")
    print("kept:" if "kept" in said else said, "all there" if found and count else count)


def test_a_read_only_disk(tmp_path: Path) -> None:
    with again(tmp_path) as store:
        keep(store, "a", "passed")
    before = (tmp_path / NAME).read_bytes()
    mount = f"mount --bind '{tmp_path}' '{tmp_path}' && mount -o remount,bind,ro '{tmp_path}'"
    said = with_mount(mount, f"complain({str(tmp_path)!r})")
    assert "Read-only file system" in said
    assert said.count("\n") == 1
    assert (tmp_path / NAME).read_bytes() == before


def complain(folder: str) -> None:
    """Print why a store cannot be opened."""
    try:
        again(Path(folder)).close()
    except StoreError as error:
        print(error)


def test_durability_is_asked_for(store: Store) -> None:
    assert store._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)
