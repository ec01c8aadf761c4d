"""The partial rung: what a learner process can reach, what it cannot, and what is left of it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from grader.harness.lab import Lab
from grader.learner.process import LearnerProcess
from grader.model import Limits
from grader.sandbox import Sandbox, Submission, interpreter, landlock, open_sandbox, processes
from grader.sandbox.base import LEARNER_FOLDER

pytestmark = pytest.mark.needs_landlock

ROOT = LEARNER_FOLDER.parent.parent
OpenLab = Callable[..., Lab]
Eventually = Callable[[Callable[[], bool]], None]
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user"
)


@pytest.fixture
def lab(open_lab: OpenLab, spy: str) -> Lab:
    return open_lab(spy, "partial")


def ask(lab: Lab, function: str, *arguments: object) -> Any:
    return lab.call(function, *arguments).returns()


def test_sees_no_environment(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    environment, _, path, _ = ask(lab, "environment")
    assert environment == {}
    assert not any("site-packages" in entry for entry in path)


@pytest.mark.parametrize(
    "path",
    [
        str(Path(__file__).resolve()),
        str(LEARNER_FOLDER.parent / "judge.py"),
        str(ROOT / "solutions/ex01_bytes_codec/bytes_codec.py"),
        "/etc/passwd",
        "/etc/shadow",
        "/proc/self/status",
        pytest.param(f"/proc/{os.getpid()}/environ", id="the judge's environ"),
        str(Path.home() / ".bashrc"),
    ],
)
def test_cannot_read(lab: Lab, path: str) -> None:
    assert ask(lab, "reads", path) in ("PermissionError", "FileNotFoundError")


@pytest.mark.parametrize("path", ["/", "/tmp", "/proc", "/etc", str(ROOT), str(Path.home())])
def test_cannot_list(lab: Lab, path: str) -> None:
    assert ask(lab, "listing", path) == "PermissionError"


def test_reads_no_installed_package(lab: Lab) -> None:
    for folder in interpreter.hidden():
        for file in sorted(folder.rglob("*.py"))[:5]:
            assert ask(lab, "reads", str(file)) == "PermissionError"


def test_its_folder_is_its_own(open_lab: OpenLab, spy: str) -> None:
    lab = open_lab(spy, "partial")
    first, second = lab.start(), lab.start()

    def answer(process: LearnerProcess, function: str, path: str) -> Any:
        return lab.call(function, path, process=process).returns()

    folder = lab.call("environment", process=first).returns()[3]  # type: ignore[index]
    assert answer(first, "writes", f"{folder}/mine") == "written"
    assert answer(first, "listing", folder) == ["mine"]
    assert answer(second, "reads", f"{folder}/mine") == "PermissionError"
    assert answer(second, "writes", f"{folder}/mine") == "PermissionError"
    assert answer(first, "writes", f"{tempfile.gettempdir()}/dojo-test") == "PermissionError"


def test_cannot_change_its_file(lab: Lab) -> None:
    path = ask(lab, "environment")[1][0]
    assert ask(lab, "reads", path).startswith(b"\nimport ctypes")
    assert ask(lab, "writes", path) == "PermissionError"
    assert ask(lab, "removes", path) == "PermissionError"


@as_root
def test_is_nobody_elses_user(lab: Lab, open_lab: OpenLab, spy: str) -> None:
    user = ask(lab, "ids")[0]
    other = ask(open_lab(spy, "partial"), "ids")[0]
    assert {user, other, os.getuid()} == {user, other} | {os.getuid()}
    assert len({user, other, os.getuid()}) == 3
    assert ask(lab, "changes_mode", "/dev/null") == "PermissionError"
    assert json.loads(ask(lab, "starts_an_interpreter"))[0] == user


def test_signals_stay_inside(lab: Lab) -> None:
    assert ask(lab, "kills", os.getpid(), 0) == "PermissionError"
    zygote = processes.children(os.getpid())
    for pid in (os.getppid(), lab._processes[0].child.root, *zygote):
        assert ask(lab, "kills", pid, 0) == "PermissionError"


def test_tcp_is_held_to_a_window(
    open_lab: OpenLab, open_box: Callable[..., Sandbox], spy: str
) -> None:
    box = open_box(spy, "partial")
    lab = open_lab(box)
    inside = box.socket(socket.AF_INET, socket.SOCK_STREAM)
    inside.bind(("127.0.0.1", 0))
    inside.listen()
    # What stands for the world is a listener of the host's own, on any port but these.
    with ExitStack() as stack:
        stack.enter_context(inside)
        for _ in range(100):
            world = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            if box.ports is None or world.getsockname()[1] not in box.ports:
                break
        assert ask(lab, "connects", "127.0.0.1", inside.getsockname()[1]) == "connected"
        assert ask(lab, "connects", "127.0.0.1", world.getsockname()[1]) == "PermissionError"
    assert ask(lab, "binds", 0) > 0
    assert ask(lab, "binds", 22) == "PermissionError"


def test_abstract_sockets_stay_inside(lab: Lab) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(f"\0dojo-test-{os.getpid()}")
        sock.listen()
        assert ask(lab, "sees_abstract", f"dojo-test-{os.getpid()}") == "PermissionError"


def test_nothing_outlives_the_check(lab: Lab, eventually: Eventually) -> None:
    ask(lab, "leaves_daemons")
    root = lab._processes[0].child.root
    left = processes.descendants(root)
    assert len(left) >= 3
    lab._processes[0].close()
    eventually(lambda: all(processes.state(pid) == "Z" for pid in left))


@as_root
def test_shared_memory_is_emptied(
    open_lab: OpenLab, spy: str, open_box: Callable[..., Sandbox]
) -> None:
    name = f"dojo-test-{os.getpid()}"
    box = open_box(spy, "partial")
    assert ask(open_lab(box), "leaves_in_shared_memory", name) == "left"
    assert os.path.exists(f"/dev/shm/{name}")
    box.close()
    assert not os.path.exists(f"/dev/shm/{name}")


def test_closed_folders_are_removed_all_the_same(
    open_lab: OpenLab, open_box: Callable[..., Sandbox]
) -> None:
    source = """
import os
def shut():
    os.makedirs("a/b")
    open("a/b/c", "w").close()
    os.chmod("a", 0)
    return os.getcwd()
"""
    box = open_box(source, "partial")
    folder = Path(ask(open_lab(box), "shut"))
    box.close()
    assert not folder.parent.parent.exists()


def test_says_what_it_lacks(
    monkeypatch: pytest.MonkeyPatch, open_box: Callable[..., Sandbox]
) -> None:
    assert "network" in open_box("x = 1", "partial").isolation.missing
    monkeypatch.setattr(landlock, "_can_become_others", lambda: False)
    monkeypatch.setattr("grader.sandbox.seccomp.program", lambda: b"")
    missing = open_box("x = 1", "partial").isolation.missing
    assert {"network", "other_user", "seccomp"} <= set(missing)


def test_gives_its_user_back() -> None:
    places = [landlock._take_user() for _ in range(5)]
    assert len({user for user, _ in places}) == 5
    for user, place in places:
        assert place is not None
        place.close()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as again:
            again.bind(f"\0socket-dojo-user-{user}")


DOCKER = "chown,dac_override,fowner,fsetid,kill,setgid,setuid,setpcap,net_bind_service,net_raw"


@as_root
def test_sees_what_a_learner_hangs_in_with_a_containers_rights_only() -> None:
    """Without CAP_SYS_PTRACE root may not look at other users' processes: it borrows their eyes."""
    python = Path("/usr/bin/python3")
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if not python.exists() or not python.resolve().name.endswith(here):
        pytest.skip(f"no Python {here} that every user can run, beside this one")
    drop = ["setpriv", f"--bounding-set=-all,+{DOCKER.replace(',', ',+')}", "--inh-caps=-all"]
    paths = [str(ROOT), *(entry for entry in sys.path if entry.endswith("site-packages"))]
    mistakes = ROOT / "solutions/ex03_tcp_echo/mistakes"
    command = [*drop, str(python), "-m", "grader", "grade", "ex03", "--isolation", "partial"]
    command += ["--check", "client_closes_its_socket", "--format", "json"]
    command += ["--file", str(mistakes / "leaks_socket_on_exception.py")]
    environment = {"PYTHONPATH": os.pathsep.join(paths), "PATH": os.environ["PATH"]}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT)
    verdict = json.loads(done.stdout)
    assert "other_user" not in verdict["isolation"]["missing"]
    (check,) = verdict["checks"]
    assert check["diagnosis"] == "descriptor_leak"
    assert check["received"] == "1 still open (socket)"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_close_leaves_no_process(number: int, eventually: Eventually) -> None:
    box = open_sandbox("partial", Submission("a.py", b"", "a"), Limits())
    child = box.fork()
    pids = [child.root, *processes.descendants(child.root)]
    os.kill(pids[-1], number)
    child.close()
    box.close()
    eventually(lambda: all(processes.state(pid) == "Z" for pid in pids))


ORPHAN = '''
import os, signal, time
def leave():
    """Leave a daemon, then end the process that looks after this check (where that is possible)."""
    if os.fork() == 0:
        os.setsid()
        while True:
            time.sleep(1000)
    try:
        os.kill(os.getppid(), signal.SIGKILL)
    except PermissionError:
        return "refused"
    return "done"
def wait():
    time.sleep(1000)
'''


@pytest.mark.parametrize("rung", ["partial", "none"])
def test_a_killed_supervisor_leaves_nothing(
    open_box: Callable[..., Sandbox], open_lab: OpenLab, rung: str, eventually: Eventually
) -> None:
    before = set(processes.children(os.getpid()))  # a browser of other tests, say
    box = open_box(ORPHAN, rung)
    lab = open_lab(box)
    zygote = set(processes.children(os.getpid())) - before
    calling = lab.call("leave")
    root = lab._processes[0].child.root
    if rung == "partial":
        assert calling.returns() == "refused"
    else:
        eventually(lambda: processes.state(root) == "Z")
    left = [pid for parent in zygote for pid in processes.descendants(parent)]
    assert left
    lab.abandon()
    box.close()
    eventually(lambda: all(processes.state(pid) == "Z" for pid in left))


JUDGE = """
import sys, time
from grader.sandbox import Submission, open_sandbox, processes
from grader.model import Limits
from grader.learner.process import LearnerProcess
box = open_sandbox(sys.argv[1], Submission("a.py", sys.stdin.buffer.read(), "a"), Limits())
process = LearnerProcess(box.fork(), "a.py")
process.load({})
process.start_call("wait", [])
while len(processes.descendants(process.child.root)) < 2:
    process.feed()
    time.sleep(0.002)
print(*processes.descendants(box._process.pid), box._process.pid, flush=True)
sys.stdin.close()
time.sleep(1000)
"""
FORKING = """
import os, time
if os.fork() == 0:
    time.sleep(1000)
def wait():
    time.sleep(1000)
"""


@pytest.mark.parametrize("rung", ["full", "partial"])
def test_a_killed_judge_leaves_nothing(rung: str, eventually: Eventually) -> None:
    command = [sys.executable, "-c", JUDGE, rung]
    judge = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    assert judge.stdin is not None
    assert judge.stdout is not None
    with judge:
        judge.stdin.write(FORKING.encode())
        judge.stdin.close()
        pids = [int(word) for word in judge.stdout.readline().split()]
        assert len(pids) >= 4
        judge.kill()
    eventually(lambda: all(processes.state(pid) == "Z" for pid in pids))
