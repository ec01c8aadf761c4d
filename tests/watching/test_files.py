"""The watched file: when a save is over, what is in the file, and that every save is told."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from grader.submission import MAX_SOURCE, UnreadableError, read_submission
from grader.watching import files
from grader.watching.files import LONGEST_S, QUIET_S, Settling, Watcher, digest, kind_of_drive

PATIENCE = 30.0
SOON = QUIET_S / 2


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "tcp_echo.py"
    found.write_text("one")
    return found


# -- settling, with a clock of our own -------------------------------------------------------


def test_a_file_that_stands_still_has_been_saved(path: Path) -> None:
    settling = Settling(path, 100.0)
    assert not settling.is_over(100.0 + SOON)
    assert settling.is_over(100.0 + QUIET_S)


def test_a_save_in_two_steps_is_waited_for(path: Path) -> None:
    path.write_text("")
    settling = Settling(path, 0.0)
    assert not settling.is_over(QUIET_S)
    assert not settling.is_over(LONGEST_S - 0.02)
    path.write_text("def serve")
    assert not settling.is_over(LONGEST_S - 0.019)
    assert settling.is_over(LONGEST_S - 0.019 + QUIET_S)
    assert settling.seen == files.look_at(path)


def test_a_file_that_is_moved_away_is_waited_for(path: Path) -> None:
    path.unlink()
    settling = Settling(path, 0.0)
    assert not settling.is_over(LONGEST_S - 0.02)
    path.write_text("two")
    assert not settling.is_over(LONGEST_S - 0.019)
    assert settling.is_over(LONGEST_S - 0.001)
    assert settling.seen is not None


def test_a_file_that_never_stands_still_is_not_waited_for_longer(path: Path) -> None:
    settling = Settling(path, 0.0)
    now = 0.0
    while now + SOON < LONGEST_S:
        now += SOON
        path.write_text(f"{now}" * 3)
        os.utime(path, (now, now))
        assert not settling.is_over(now)
    path.write_text("more")
    assert settling.is_over(LONGEST_S)


@pytest.mark.parametrize("content", [b"", None], ids=["empty", "gone"])
def test_what_stays_empty_or_gone_is_so(path: Path, content: bytes | None) -> None:
    path.write_bytes(content) if content is not None else path.unlink()
    settling = Settling(path, 0.0)
    assert not settling.is_over(LONGEST_S - 0.001)
    assert settling.is_over(LONGEST_S)


# -- what is in it ---------------------------------------------------------------------------


def nothing(path: Path) -> None:
    path.unlink()


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def too_big(path: Path) -> None:
    path.write_bytes(b"#" * (MAX_SOURCE + 10))


@pytest.mark.parametrize("change", [lambda path: None, a_folder, a_pipe, too_big])
def test_the_hash_is_that_of_a_verdict(path: Path, change: Callable[[Path], None]) -> None:
    change(path)
    assert digest(path) == read_submission(path, "tcp_echo")[0].sha256


def test_what_cannot_be_read_has_a_hash_of_its_own(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)
    with pytest.raises(UnreadableError):
        read_submission(path, "tcp_echo")
    assert digest(path).startswith("error ")
    looked = files.look_at(path)
    assert looked is not None
    assert looked[0] < 0


# -- events ----------------------------------------------------------------------------------


@pytest.fixture
def watched() -> Iterator[Callable[[Path], tuple[SimpleQueue[str], list[str]]]]:
    """Return a function that watches a path: what is told, and what is complained of."""
    watchers: list[Watcher] = []

    def watch(path: Path) -> tuple[SimpleQueue[str], list[str]]:
        told: SimpleQueue[str] = SimpleQueue()
        troubles: list[str] = []
        watchers.append(
            Watcher(path, lambda: told.put("saved"), lambda key, detail: troubles.append(key))
        )
        return told, troubles

    yield watch
    for watcher in watchers:
        watcher.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "watcher"]


Watched = Callable[[Path], tuple["SimpleQueue[str]", list[str]]]


def heard(told: SimpleQueue[str]) -> None:
    """Wait for a save to be told."""
    assert told.get(timeout=PATIENCE) == "saved"


@pytest.mark.parametrize("broken", [False, True], ids=["events", "no events"])
def test_every_change_is_told(
    path: Path, watched: Watched, broken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if broken:
        from watchfiles import _rust_notify

        def refuse(*words: object) -> None:
            raise OSError("too many")

        monkeypatch.setattr(_rust_notify, "RustNotify", refuse)
    told, troubles = watched(path)
    for number in range(5):
        path.write_text(f"in place {number:09}")
        heard(told)
        beside = path.with_name("beside")
        beside.write_text(f"renamed {number:010}")
        os.replace(beside, path)
        heard(told)
    path.unlink()
    heard(told)
    path.parent.rename(path.parent.with_name("away"))
    path.parent.mkdir()
    path.write_text("in another folder")
    heard(told)
    assert troubles == (["no_events"] if broken else [])


def test_what_is_saved_before_the_events_begin_is_told(
    path: Path, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = files.remote_kind

    def save_first(of: Path) -> str:
        path.write_text("meanwhile")
        return really(of)

    monkeypatch.setattr(files, "remote_kind", save_first)
    heard(watched(path)[0])


def test_a_network_drive_is_looked_at_often(
    path: Path, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "remote_kind", lambda path: "nfs4")
    told, troubles = watched(path)
    path.write_text("far away")
    heard(told)
    assert troubles == ["remote"]


MOUNTS = r"""
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 21 0:5 / /home rw,nosuid - nfs4 server:/home rw,vers=4.2
31 21 0:6 / /home/my\040share rw - cifs //server/share rw
32 21 0:7 / /mnt/c rw - 9p drvfs rw
33 30 8:2 / /home/local rw - xfs /dev/sdb1 rw
34 33 0:9 / /home/local rw - btrfs /dev/sdc1 rw
broken line
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/usr", "ext4"),
        ("/", "ext4"),
        ("/home", "nfs4"),
        ("/home/li/dojo", "nfs4"),
        ("/homework", "ext4"),
        ("/home/my share/dojo", "cifs"),
        ("/mnt/c/Users", "9p"),
        ("/home/local/dojo", "btrfs"),
    ],
)
def test_the_kind_of_a_drive(folder: str, kind: str) -> None:
    assert kind_of_drive(MOUNTS, folder) == kind


def test_no_mounts_are_no_network_drive(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kind_of_drive("", "/") == ""
    monkeypatch.setattr(files, "_MOUNTS", path.parent / "none")
    assert files.remote_kind(path) == ""
    mounts = path.with_name("mounts")
    mounts.write_text(MOUNTS.replace(" / / ", f" / {path.parent} ").replace("ext4", "fuse.sshfs"))
    monkeypatch.setattr(files, "_MOUNTS", mounts)
    assert files.remote_kind(path) == "fuse.sshfs"
