"""The file that is watched: when it was saved, whether the save is over, and what is in it.

Editors save in many ways: in place, truncated first and written then, written beside it and
renamed over it, moved away and written anew.  So nothing is concluded from what an event says:
an event is a reason to look at the file, and a save is over when the file stands still.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from grader.catalog import read_regular
from grader.submission import MAX_SOURCE

# A file that stands still for so long has been saved; one that is empty or gone is most often
# about to be written.  The longest wait holds for all of them.
QUIET_S = 0.015
LONGEST_S = 0.08
# How often is looked without any event: for what events miss, and where there are none.
SELDOM_S = 1.0
OFTEN_S = 0.05
_STEP_MS = 10
_DEBOUNCE_MS = 20

Look = tuple[int, ...]
Tell = Callable[[], None]
TellTrouble = Callable[[str, str], None]

# Their events tell of this machine's own saves at best (proc_pid_mountinfo(5), field 9).
_REMOTE = {
    "9p", "afs", "ceph", "cifs", "drvfs", "fakeowner", "fuse.glusterfs", "fuse.grpcfuse",
    "fuse.osxfs", "fuse.sshfs", "fuse.vmhgfs-fuse", "lustre", "nfs", "nfs4", "prl_fs", "smb2",
    "smb3", "smbfs", "vboxsf", "virtiofs",
}  # fmt: skip
_MOUNTS = Path("/proc/self/mountinfo")


def look_at(path: Path) -> Look | None:
    """Return what changes when a file is saved; None where there is no file."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        return (-(getattr(error, "errno", 0) or 1),)
    return (found.st_mtime_ns, found.st_size, found.st_ino, found.st_ctime_ns, found.st_mode)


def digest(path: Path) -> str:
    """Return the hash that a verdict on this file's content would have; an error has its own."""
    try:
        return hashlib.sha256(read_regular(path, MAX_SOURCE + 1) or b"").hexdigest()
    except (OSError, ValueError) as error:
        return f"error {getattr(error, 'errno', 0)}"


class Settling:
    """Waits for a save to be over; ``seen`` is the file as it was looked at last."""

    def __init__(self, path: Path, now: float) -> None:
        self._path = path
        self._began = self._since = now
        self.seen = look_at(path)

    def is_over(self, now: float) -> bool:
        """Look once more, and say whether the file has stood still for long enough."""
        seen = look_at(self._path)
        if seen != self.seen:
            self.seen, self._since = seen, now
        unfinished = seen is None or seen[1:2] == (0,)
        quiet = LONGEST_S if unfinished else QUIET_S
        return now - self._since >= quiet or now - self._began >= LONGEST_S


class Watcher:
    """A thread that calls ``tell`` when a file may have been saved, deleted or made.

    ``trouble`` is called at most once, with a key of ``texts/*/watch.json`` and a detail, where
    events are not to be had: then the file is looked at every `OFTEN_S` seconds.
    """

    def __init__(self, path: Path, tell: Tell, trouble: TellTrouble) -> None:
        self._path = path
        self._tell = tell
        self._trouble = trouble
        self._told = False
        self._period = SELDOM_S
        self._seen = look_at(path)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        remote = remote_kind(self._path)
        if remote:
            self._complain("remote", remote)
        while not self._stop.is_set():
            folders = self._folders()
            if folders:
                self._listen(folders)
            self._look()
            self._stop.wait(OFTEN_S)

    def _folders(self) -> list[str]:
        """Return the folders in which a save shows: the file's, and that of what it links to."""
        both = (self._path.parent, Path(os.path.realpath(self._path)).parent)
        return [folder for folder in dict.fromkeys(map(str, both)) if os.path.isdir(folder)]

    def _listen(self, folders: list[str]) -> None:
        """Pass events on for as long as these are the folders; return at once without events."""
        try:
            from watchfiles._rust_notify import RustNotify

            # Not watchfiles.watch(): it would have to be left through a generator.
            events = RustNotify(folders, False, False, 0, False, True)
        except Exception as error:  # noqa: BLE001 - limits, odd names, odd systems: look instead
            if all(map(os.path.isdir, folders)):
                self._complain("no_events", str(error) or type(error).__name__)
            return
        identities = list(map(_identity, folders))
        self._look()  # what was saved before the events began
        try:
            while not self._stop.is_set():
                wait = round(1000 * self._period)
                news = events.watch(_DEBOUNCE_MS, _STEP_MS, wait, self._stop)
                self._look(isinstance(news, set) and self._is_about_it(news))
                if list(map(_identity, folders)) != identities or self._folders() != folders:
                    return
        except Exception as error:  # noqa: BLE001 - the same
            self._complain("no_events", str(error) or type(error).__name__)
        finally:
            events.close()

    def _is_about_it(self, news: set[tuple[int, str]]) -> bool:
        names = {self._path.name, os.path.basename(os.path.realpath(self._path))}
        return any(os.path.basename(path) in names for _, path in news)

    def _look(self, sure: bool = False) -> None:
        seen = look_at(self._path)
        if sure or seen != self._seen:
            self._seen = seen
            self._tell()

    def _complain(self, key: str, detail: str) -> None:
        self._period = OFTEN_S
        if not self._told:
            self._told = True
            self._trouble(key, detail)


def _identity(folder: str) -> tuple[int, int] | None:
    try:
        found = os.stat(folder)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def remote_kind(path: Path) -> str:
    """Return the kind of the network drive that a path is on; "" for every other drive."""
    try:
        mounts = _MOUNTS.read_text("utf-8", "surrogateescape")
    except OSError:
        return ""
    kind = kind_of_drive(mounts, os.path.realpath(path.parent))
    return kind if kind in _REMOTE else ""


def kind_of_drive(mounts: str, folder: str) -> str:
    """Return the type of the file system that ``folder`` is on, from a mountinfo file's text."""
    best, found = -1, ""
    for line in mounts.splitlines():
        left, dash, right = line.partition(" - ")
        words = left.split(" ")
        if not dash or len(words) < 5:
            continue
        point = _unescape(words[4]).rstrip("/")
        inside = folder == point or folder.startswith(f"{point}/")
        if inside and len(point) >= best:  # of two on one point the later one is seen
            best, found = len(point), right.split(" ")[0]
    return found


def _unescape(word: str) -> str:
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        word = word.replace(code, char)
    return word


def clock() -> float:
    """Return the time that everything in a session goes by, in seconds."""
    return time.monotonic()
