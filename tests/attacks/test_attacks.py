"""Every attack of the corpus, on every rung that claims to resist it.

For each: the verdict is the one that its header names; the reports made of it obey nobody;
the world and the secrets are untouched; nothing is left; and the reference solution, graded
next in the same judge, passes.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import select
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest

from grader.catalog import load_exercise
from grader.judge import Options, grade
from grader.learner import process
from grader.model import Exercise, Verdict
from grader.report import ReportOptions, render
from grader.sandbox import processes
from grader.sandbox.base import remove_tree
from grader.submission import source_lines

PATIENCE = 30.0
_PR_SET_CHILD_SUBREAPER = 36
_SHARED = "/dev/shm"
_FOLDERS = ("/", "/root", "/tmp", _SHARED, "/var/tmp", "/run/lock")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_COMMAND = re.compile(r"^\s*::[A-Za-z]", re.MULTILINE)
_MOST_MEMORY = 900 << 20
_VERDICT_BYTES = 2 << 20
_SPY = """
import os
with open(os.environ["DOJO_MARKER"], "a") as file:
    file.write(__name__ + " was imported\\n")
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the attacks are Linux's")


@pytest.fixture(scope="module", autouse=True)
def adopt_orphans() -> Iterator[None]:
    """Make this process the one that orphans go to: whatever a sandbox leaves is its descendant."""
    import ctypes

    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    yield
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@dataclass
class World:
    """What stands for everything outside a sandbox: listeners, secrets, a folder for the judge."""

    folder: Path
    temporary: Path
    secret: str
    tcp: socket.socket
    udp: socket.socket
    unix: socket.socket
    abstract: socket.socket
    marker: Path = field(init=False)

    def __post_init__(self) -> None:
        self.marker = self.folder / "marker"

    def values(self, root: Path) -> dict[bytes, bytes]:
        """Return what takes the place of the words between at signs in a submission."""
        found = {
            "WORLD_PORT": self.tcp.getsockname()[1],
            "UDP_PORT": self.udp.getsockname()[1],
            "UNIX_PATH": self.unix.getsockname(),
            "ABSTRACT": self.abstract.getsockname()[1:].decode(),
            "HOME": self.folder / "home",
            "NEIGHBOUR": self.folder / "submissions" / "neighbour",
            "ROOT": root,
            "TOKEN": self.token,
            "JUDGE": os.getpid(),
            "MARKER": self.marker,
        }
        return {f"@{name}@".encode(): str(value).encode() for name, value in found.items()}

    @property
    def token(self) -> str:
        """A word that is part of the name of every file that an attack leaves somewhere."""
        return self.folder.name

    def was_called(self) -> list[str]:
        """Say which of the listeners have been reached."""
        names = ("tcp", "udp", "unix", "abstract")
        socks = [getattr(self, name) for name in names]
        ready, _, _ = select.select(socks, [], [], 0)
        return [name for name, sock in zip(names, socks, strict=True) if sock in ready]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, root: Path) -> Iterator[World]:
    # Not pytest's own folder: nobody but its user may enter that, and a sandbox's user must.
    folder = Path(tempfile.mkdtemp(prefix="attacked-", dir="/tmp"))
    secret = f"secret-{secrets.token_hex(8)}"
    with contextlib.ExitStack() as stack:
        stack.callback(remove_tree, folder)
        folder.chmod(0o755)
        temporary, home = folder / "temporary", folder / "home"
        for made in (temporary, home / ".ssh", folder / "submissions" / "neighbour"):
            made.mkdir(parents=True)
        (home / ".ssh" / "id_ed25519").write_text(secret)
        (home / "grades.csv").write_text(secret)
        (folder / "submissions" / "neighbour" / "bytes_codec.py").write_text(f"# {secret}\n")
        for path in (home, folder / "submissions"):
            path.chmod(0o700)
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("DOJO_SECRET_TOKEN", secret)
        monkeypatch.setenv("DOJO_MARKER", str(folder / "marker"))
        monkeypatch.setattr(tempfile, "tempdir", str(temporary))
        # How long a process may leave an order unread: half a minute is for machines at work.
        monkeypatch.setattr(process, "_ORDER_BOUND", 2.0)
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        unix = stack.enter_context(socket.socket(socket.AF_UNIX))
        unix.bind(str(home / "agent"))
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0{secret}")
        unix.listen()
        abstract.listen()
        yield World(folder, temporary, secret, tcp, udp, unix, abstract)


@dataclass
class Belongings:
    """What this process, and whatever it has started, has at one moment."""

    processes: set[int]
    descriptors: dict[int, str]
    mounts: str
    temporary: list[str]
    listening: set[str]
    ipc: list[str]

    @classmethod
    def now(cls, temporary: Path) -> Belongings:
        """Look."""
        descriptors = {}
        for name in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError):
                descriptors[int(name)] = os.readlink(f"/proc/self/fd/{name}")
        return cls(
            set(processes.descendants(os.getpid())),
            {fd: kind for fd, kind in descriptors.items() if not kind.startswith("/proc/")},
            Path("/proc/self/mountinfo").read_text(encoding="utf-8"),
            sorted(os.listdir(temporary)),
            _listening(),
            [
                line.split(None, 7)[1] + name
                for name in ("shm", "sem", "msg")
                for line in Path(f"/proc/sysvipc/{name}").read_text().splitlines()[1:]
            ],
        )


def _listening() -> set[str]:
    """Return the inodes of all listening TCP sockets of this network (proc(5)).

    Who is not root can't see whose another user's are, and can't have left one, either.
    """
    found, me = set(), os.geteuid()
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == "0A" and (me == 0 or int(words[7]) == me):
                    found.add(words[9])
    return found


def _owned_elsewhere(inode: str) -> bool:
    """Say whether a process that is none of ours has this socket (others work here, too)."""
    ours = {os.getpid(), *processes.descendants(os.getpid())}
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) not in ours:
            with contextlib.suppress(OSError):
                for fd in os.listdir(f"/proc/{name}/fd"):
                    with contextlib.suppress(OSError):
                        if os.readlink(f"/proc/{name}/fd/{fd}") == f"socket:[{inode}]":
                            return True
    return False


def assert_nothing_left(before: Belongings, temporary: Path) -> None:
    """Wait until every process that has come since ``before`` has gone, then compare the rest."""
    left = _await_end(before.processes)
    assert not left, f"still there: {left}"
    end = time.monotonic() + PATIENCE
    while (now := Belongings.now(temporary)).descriptors != before.descriptors:
        if time.monotonic() > end:
            break
        select.select([], [], [], 0.005)
    assert now.descriptors == before.descriptors
    assert now.mounts == before.mounts
    assert now.temporary == before.temporary
    assert now.ipc == before.ipc
    # Others work on this machine, too: what is theirs, or has gone meanwhile, is not meant.
    while fresh := {i for i in _listening() - before.listening if not _owned_elsewhere(i)}:
        assert time.monotonic() < end, f"still listening: {fresh}"
        select.select([], [], [], 0.005)


def _await_end(known: set[int]) -> dict[int, str]:
    """Wait for every descendant but ``known`` to end; what does not is named, and killed."""
    end = time.monotonic() + PATIENCE
    while fresh := set(processes.descendants(os.getpid())) - known:
        for pid in fresh:
            if processes.state(pid) == "Z":
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
                continue
            with contextlib.suppress(OSError), os.fdopen(os.pidfd_open(pid)) as pidfd:
                select.select([pidfd], [], [], max(0.0, end - time.monotonic()))
        if time.monotonic() > end:
            left = {pid: _command(pid) for pid in fresh if processes.state(pid) != "Z"}
            for pid in left:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            return left
    return {}


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return "gone"


def prepare(attack: Any, world: World, root: Path) -> tuple[Exercise, Path]:
    """Write the submission and what lies beside it; return its exercise and its file."""
    exercise = load_exercise(root, attack.exercise)
    if attack.limits:
        kinds = {name: type(getattr(exercise.limits, name)) for name in attack.limits}
        smaller = {name: kinds[name](value) for name, value in attack.limits.items()}
        limits = msgspec.structs.replace(exercise.limits, **smaller)
        exercise = msgspec.structs.replace(exercise, limits=limits)
    source = attack.source
    for word, value in world.values(root).items():
        source = source.replace(word, value)
    folder = world.folder / "submissions" / "mine"
    folder.mkdir()
    name = attack.named.encode().decode("unicode_escape") or f"{exercise.slug}.py"
    path = folder / name
    path.write_bytes(source)
    for beside in attack.beside:
        (folder / beside).parent.mkdir(parents=True, exist_ok=True)
        (folder / beside).write_text("[pytest]\n" if beside.endswith(".ini") else _SPY)
    return exercise, path


def grade_reference(exercise: Exercise, checks: tuple[str, ...], root: Path, rung: Any) -> Verdict:
    path = root / "solutions" / exercise.folder / f"{exercise.slug}.py"
    return grade(exercise, path, Options(isolation=rung, only=checks[:1]))


def assert_harmless(verdict: Verdict, path: Path) -> None:
    """Make sure that no report obeys what a submission wrote: terminal, XML, JSON, GitHub."""
    lines = source_lines(path.read_bytes())
    options = ReportOptions(path_of=lambda _: str(path), source_lines=lambda _: lines, verbose=True)
    reports = {name: render(name, [verdict], options) for name in ("text", "github", "junit")}
    reports["json"] = render("json", [verdict], options)
    for name, report in reports.items():
        assert not _CONTROL.search(report), name
        assert "##[" not in report, name
        report.encode("utf-8")
    for name in ("text", "junit", "json"):
        assert not _COMMAND.search(reports[name]), name
    bad = [check for check in verdict.checks if check.status in ("failed", "stuck", "error")]
    commands = [line for line in reports["github"].splitlines() if line.lstrip().startswith("::")]
    assert len(commands) == len(bad)
    assert all(re.match(r"::(error|warning) file=", line) for line in commands)
    ET.fromstring(reports["junit"])
    assert json.loads(reports["json"])["status"] == verdict.status
    assert len(reports["json"]) < _VERDICT_BYTES


def assert_verdict(attack: Any, verdict: Verdict) -> None:
    seen = [(check.status, check.diagnosis, check.message, check.received, check.output[-2000:])
            for check in verdict.checks]  # fmt: skip
    assert verdict.status == attack.verdict, seen
    if attack.diagnosis:
        shown = {check.diagnosis for check in verdict.checks if check.status != "passed"}
        assert shown <= set(attack.diagnosis), seen
    for check in verdict.checks:
        assert check.earned in (0, check.points)
        if check.status != "passed":
            assert not check.earned
            assert check.message.strip()


def reset_peak() -> None:
    """Have the kernel count this process's peak memory anew (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5")


def memory(line: str) -> int:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.findall(rf"{line}:\s+(\d+) kB", status)[0]) << 10


@pytest.mark.usefixtures("needs_rung")
def test_attack_comes_to_nothing(attack: Any, rung: Any, world: World, root: Path) -> None:
    exercise, path = prepare(attack, world, root)
    before = Belongings.now(world.temporary)
    resident = memory("VmRSS")
    reset_peak()
    verdict = grade(exercise, path, Options(isolation=rung, only=attack.checks))
    peak = memory("VmHWM")
    try:
        assert_verdict(attack, verdict)
        assert verdict.isolation.level == ("none" if rung == "spawn" else rung)
        assert_harmless(verdict, path)
        assert_untouched(attack, world, verdict, root)
        if "memory" in attack.proves:
            assert peak - resident < _MOST_MEMORY
    finally:
        assert_nothing_left(before, world.temporary)
    after = grade_reference(exercise, attack.checks, root, rung)
    assert after.status == "passed", after.checks
    assert_nothing_left(before, world.temporary)


def assert_untouched(attack: Any, world: World, verdict: Verdict, root: Path) -> None:
    """Make sure of what the header ``proves``, and that nothing of a submission ran in the judge.

    ``world``: no listener outside was reached.  ``secrets``: nothing of a home, a neighbour,
    the environment or the solutions is in the verdict.  ``disk``: no file was left anywhere.
    """
    assert not world.marker.exists(), world.marker.read_text()
    if "world" in attack.proves:
        assert world.was_called() == []
    if "secrets" in attack.proves:
        words = msgspec.json.encode(verdict).decode()
        assert world.secret not in words
        solution = root / "solutions" / "ex01_bytes_codec" / "bytes_codec.py"
        assert solution.read_text(encoding="utf-8").splitlines()[0].strip('"') not in words
    if "disk" in attack.proves:
        places = [*map(Path, _FOLDERS), world.folder, world.folder / "home", root]
        found = [
            path
            for folder in places
            if os.access(folder, os.R_OK)
            for path in folder.iterdir()
            if f"left-{world.token}" in path.name
        ]
        if "other_user" in verdict.isolation.missing:
            # What is of the judge's own user can't be told from anybody else's there.
            for path in [path for path in found if str(path.parent) == _SHARED]:
                path.unlink()
                found.remove(path)
        assert not found
