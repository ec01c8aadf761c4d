"""What the tests of bad input share: one way to ask, and what must hold whatever the answer is.

``test_files``: submissions of every kind, name and link, and changed while they are graded.
``test_manifests``: broken manifests and exercise folders. ``test_results``: paths for results,
full and read-only disks, closed pipes, ``--file`` twice. ``test_signals``: Ctrl-C, SIGTERM,
SIGHUP. ``test_surroundings``: locale, terminal, folders, descriptors, clock. ``test_state``:
``.dojo``, and two gradings at once. What has its tests elsewhere is not repeated: what Python
says of a source, what is no file, huge files, nesting, NUL (``tests/test_judge.py``); each
fault inside a manifest (``tests/test_catalog.py``, ``tests/fuzz``); wrong words on the command
line, a suite that is not there, signals that a learner ignores, a killed judge
(``tests/test_cli.py``).
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from grader import cli
from grader.sandbox import processes

ROOT = Path(__file__).resolve().parents[2]
EX03 = "ex03_tcp_echo"
WORK = f"exercises/{EX03}/tcp_echo.py"
PATIENCE = 120
NOBODY = 65534
_PR_SET_CHILD_SUBREAPER = 36
_CLONE_NEWNS, _MS_PRIVATE, _MS_REC = 0x20000, 1 << 18, 1 << 14


_UNRECORDED = "dojo: this cannot be recorded ("


@dataclass(frozen=True)
class Answer:
    """What one command came to."""

    code: int
    out: str
    err: str

    def is_presentable(self) -> Answer:
        """Fail over a traceback, more than one line of complaint, or a 2 without any."""
        assert "Traceback" not in self.out + self.err
        complaint = self.complaint
        assert complaint.count("\n") <= 1
        assert self.code in (0, 1, 2, 3, cli.INTERRUPTED)
        if complaint:
            assert complaint.startswith("dojo: ")
            assert complaint[:-1].isprintable()
        assert (self.code >= 2) == bool(complaint) or (self.code == 3 and self.out)
        return self

    @property
    def complaint(self) -> str:
        """Standard error without the line that says that a history cannot be written here."""
        lines = self.err.splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith(_UNRECORDED))

    def refuses(self, said: str = "", code: int = cli.BAD_REQUEST) -> str:
        """Return the one line that says why the request cannot be carried out."""
        self.is_presentable()
        assert self.code == code, self
        assert said in self.err
        return self.err


def environment(**more: str | None) -> dict[str, str]:
    """Return the surroundings of a command; None takes a variable away."""
    kept = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("LC_", "LANG", "DOJO", "GITH", "PYTHONUNB", "PYTHONIOENC"))
    }
    kept |= {"PYTHONPATH": str(ROOT), "LANG": "en_GB.UTF-8"}
    return {k: v for k, v in {**kept, **more}.items() if v is not None}


@pytest.fixture
def ask(
    suite: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Answer]:
    """Return a function that gives a command in this process, in a suite of its own."""
    monkeypatch.chdir(suite)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    for name in ("LC_ALL", "LC_MESSAGES", "DOJO_LANG", "GITHUB_STEP_SUMMARY", "DOJO_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)

    def ask(*words: str | Path) -> Answer:
        capsys.readouterr()
        code = cli.main([str(word) for word in words])
        return Answer(code, *capsys.readouterr())

    return ask


@pytest.fixture
def run(suite: Path) -> Callable[..., Answer]:
    """Return a function that runs a command as a process of its own, to its end."""

    def run(*words: str, **how: Any) -> Answer:
        how = {"cwd": suite, "env": environment(), **how}
        for name in ("stdout", "stderr"):
            how.setdefault(name, subprocess.PIPE)
        done = subprocess.run(
            [sys.executable, "-m", "grader", *words],
            text=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
            **how,
        )
        return Answer(done.returncode, done.stdout or "", done.stderr or "")

    return run


@pytest.fixture
def branch(suite: Path, tmp_path: Path) -> Callable[..., Answer]:
    """Return a function that gives a command in a fork of this process.

    ``before`` is called there first: it can change users, limits, mounts and the grader's own
    functions, and none of that is seen here.
    """

    def branch(
        *words: str | Path,
        before: Callable[[], object] = lambda: None,
        cwd: Path | None = None,
        encoding: str = "utf-8",
    ) -> Answer:
        out, err = tmp_path / "out", tmp_path / "err"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # no other thread holds a lock here
            pid = os.fork()
        if pid == 0:
            code = 99
            try:
                for fd, path in ((1, out), (2, err)):
                    os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666), fd)
                sys.stdout = open(1, "w", encoding=encoding, closefd=False)  # noqa: SIM115
                sys.stderr = open(2, "w", encoding=encoding, closefd=False)  # noqa: SIM115
                kept = environment()
                os.environ.clear()
                os.environ.update(kept)
                tempfile.tempdir = None  # found out anew from TMPDIR
                os.chdir(cwd or suite)
                signal.signal(signal.SIGINT, signal.default_int_handler)
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
                signal.alarm(PATIENCE)  # a fork that hangs ends before its test does
                before()
                sys.argv = ["dojo", *map(str, words)]
                code = cli.main()
                sys.stdout.flush()
            except BaseException:  # noqa: BLE001 - seen by the test as a traceback
                traceback.print_exc()
            finally:
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return Answer(code, out.read_text(encoding), err.read_text(encoding))

    return branch


@pytest.fixture
def leaves_nothing(
    tmp_path: Path,
    suite: Path,
    monkeypatch: pytest.MonkeyPatch,
    eventually: Callable[[Callable[[], bool]], None],
) -> Iterator[None]:
    """Prove that a test leaves no process, no temporary file and no half report behind.

    This process adopts whatever loses its parent meanwhile (prctl(2)).
    """
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before = set(processes.children(os.getpid()))
    try:
        yield

        def all_gone() -> bool:
            left = set(processes.children(os.getpid())) - before
            for pid in left:
                if processes.state(pid) == "Z":
                    os.waitpid(pid, 0)
            return not left

        eventually(all_gone)
    finally:
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
    assert list(scratch.iterdir()) == []
    halves = [path for path in suite.rglob("*") if path.name.startswith((".dojo-", "tmp"))]
    assert halves == []


@cache
def why_not_root() -> str:
    """Say why this test cannot become another user or mount anything here; "" where it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "only root on Linux can do that"
    pid = os.fork()
    if pid == 0:
        try:
            private_mounts()
            os._exit(0)
        except OSError as error:
            os._exit(error.errno or 1)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return f"no mount namespaces here: {errno.errorcode.get(code, code)}" if code else ""


def private_mounts() -> None:
    """Give this process a mount namespace of its own (unshare(2)); OSError where it may not."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) or libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None):
        raise OSError(ctypes.get_errno(), "unshare")


def mount_tiny(folder: Path, size: int) -> None:
    """Mount a disk of a few pages on a folder, for this process and its children alone."""
    private_mounts()
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"size={size},mode=1777".encode()
    if libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, options):
        raise OSError(ctypes.get_errno(), "mount")


def become_nobody() -> None:
    """Give up being root, for this process and its children."""
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


@pytest.fixture
def open_suite(suite: Path) -> Iterator[Path]:
    """Return a suite that other users can reach: pytest's own folders are shut for them."""
    with tempfile.TemporaryDirectory(prefix="dojo-test-") as folder:
        os.chmod(folder, 0o755)
        yield Path(shutil.copytree(suite, Path(folder) / "suite"))


@pytest.fixture
def rootly() -> None:
    """Skip, with a reason that everybody sees, what only root can set up."""
    if reason := why_not_root():
        pytest.skip(reason)
