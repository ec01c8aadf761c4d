"""The full rung: what a learner process sees, what it does not, and what is left of it."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.harness.lab import Lab
from grader.learner import watch
from grader.model import Limits
from grader.sandbox import Sandbox, bubblewrap, processes
from grader.sandbox.base import LEARNER_FOLDER, executable

pytestmark = pytest.mark.needs_bwrap

OpenLab = Callable[..., Lab]
Eventually = Callable[[Callable[[], bool]], None]


@pytest.fixture
def lab(open_lab: OpenLab, spy: str) -> Lab:
    return open_lab(spy, "full")


def ask(lab: Lab, function: str, *arguments: object, **more: Any) -> Any:
    return lab.call(function, *arguments, **more).returns()


def test_sees_no_environment(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    environment, argv, path, folder = ask(lab, "environment")
    assert environment == {}
    assert argv == ["/submission/tiny.py"]
    assert path[0] == "/submission"
    assert not any("site-packages" in entry for entry in path)
    assert folder == "/work"


def test_sees_its_own_file_and_cannot_change_it(lab: Lab) -> None:
    assert ask(lab, "listing", "/submission") == ["tiny.py"]
    assert ask(lab, "reads", "/submission/tiny.py").startswith(b"\nimport ctypes")
    for path in ("/submission/tiny.py", "/submission/new.py", "/dojo/child.py", "/new", "/etc/x"):
        assert ask(lab, "writes", path) in ("OSError", "PermissionError")
    assert ask(lab, "removes", "/submission/tiny.py") in ("OSError", "PermissionError")


@pytest.mark.parametrize(
    "path",
    [
        str(Path(__file__).resolve()),
        str(LEARNER_FOLDER.parent / "judge.py"),
        str(LEARNER_FOLDER.parent.parent / "solutions"),
        str(Path.home() / ".bashrc"),
        "/etc/shadow",
        "/home",
        "/var",
        "/run",
        "/sys",
        "/proc/1/root/etc/shadow",
    ],
)
def test_does_not_see(lab: Lab, path: str) -> None:
    assert ask(lab, "reads", path) in ("FileNotFoundError", "PermissionError", b"")


def test_sees_the_interpreter_and_nothing_else(lab: Lab) -> None:
    library = os.path.dirname(os.path.realpath(os.__file__))
    kernel_and_interpreter = ["/proc", "/dev", "/usr/lib", "/usr/lib64", "/usr/lib32", library]
    kernel_and_interpreter.append(os.path.join(os.path.realpath(sys.base_prefix), "lib"))
    found = set(ask(lab, "everything", kernel_and_interpreter))
    assert found - {executable(), "/etc/ld.so.cache"} == {
        "/dojo/runner.py",
        "/dojo/child.py",
        "/dojo/kernel.py",
        "/dojo/plain.py",
        "/dojo/rights.py",
        "/etc/hosts",
        "/etc/nsswitch.conf",
        "/etc/passwd",
        "/etc/services",
        "/submission/tiny.py",
    }
    for name in ("site-packages", "dist-packages"):
        assert ask(lab, "listing", f"{library}/{name}") in ([], "FileNotFoundError")
    assert ask(lab, "listing", "/usr/lib/python3/dist-packages") in ([], "FileNotFoundError")


def test_has_harmless_devices_and_cannot_change_them(lab: Lab) -> None:
    devices = {"null", "zero", "full", "random", "urandom", "fd", "shm"}
    assert set(ask(lab, "listing", "/dev")) == devices
    assert ask(lab, "writes", "/dev/null") == "written"
    for path in ("/dev/null", "/dev/urandom", "/dev", "/proc/sys/kernel", "/usr/lib"):
        assert ask(lab, "changes_mode", path) in ("OSError", "PermissionError")


@pytest.mark.parametrize(
    "path", ["kernel/core_pattern", "kernel/hostname", "vm/drop_caches", "net/ipv4/ip_forward"]
)
def test_cannot_set_the_system(lab: Lab, path: str) -> None:
    """Also where the judge is root, whom the kernel asks for no capability here."""
    assert ask(lab, "opens_for_writing", f"/proc/sys/{path}") in ("OSError", "PermissionError")


def test_cannot_set_the_system_from_a_namespace_of_its_own(lab: Lab) -> None:
    assert "writable" not in ask(lab, "breaks_out")


def test_has_an_empty_folder_of_its_own(lab: Lab) -> None:
    assert ask(lab, "listing", ".") == []
    process = lab.start()
    assert ask(lab, "writes", "/work/note", process=process) == "written"
    assert ask(lab, "listing", "/work", process=process) == ["note"]
    assert ask(lab, "listing", "/work") == []


def test_inherits_no_descriptor(lab: Lab) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    os.set_inheritable(listener.fileno(), True)
    with listener:
        found = ask(lab, "descriptors")
    kinds = sorted(target.partition(":")[0] for target in found.values())
    # The control socket, standard input and the two outputs, the dump, and the listing itself.
    assert found[0] == "/dev/null"
    assert kinds.count("socket") == 1
    assert len(found) <= 6
    assert not any("/work/main" in target for target in found.values())


def test_has_no_capability_and_no_way_to_one(lab: Lab) -> None:
    status = ask(lab, "status")
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(status[name], 16) == 0
    assert status["NoNewPrivs"] == "1"
    user, effective, group, groups = ask(lab, "ids")
    assert (user, effective, group) == (1000, 1000, 1000)
    assert 0 not in groups
    mounted, _ = ask(lab, "mounts")
    assert mounted == -1
    assert ask(lab, "opens_raw") == "PermissionError"


def test_has_a_raw_socket_where_the_check_grants_it(lab: Lab) -> None:
    process = lab.start(raw=True)
    assert ask(lab, "opens_raw", process=process) == "opened"
    status = ask(lab, "status", process=process)
    assert int(status["CapEff"], 16) == 1 << 13


def test_sees_no_process_but_its_own(lab: Lab) -> None:
    waiting = lab.call("waits")
    assert sorted(ask(lab, "processes")) == [1, 2]
    assert ask(lab, "kills", 3, 9) == "ProcessLookupError"
    assert ask(lab, "reads", "/proc/3/mem") == "FileNotFoundError"
    assert not waiting.finished


def test_is_alone_on_its_network(lab: Lab) -> None:
    assert ask(lab, "interfaces") == ["lo"]
    with socket.create_server(("127.0.0.1", 0)) as mine, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind("\0dojo-test")
        abstract.listen()
        assert ask(lab, "connects", "127.0.0.1", mine.getsockname()[1]) == "ConnectionRefusedError"
        assert ask(lab, "sees_abstract", "dojo-test") == "ConnectionRefusedError"
    assert ask(lab, "connects", "192.0.2.1", 80) == "OSError"


def test_shares_a_network_with_the_peer(lab: Lab) -> None:
    listener = lab.listener()
    assert ask(lab, "connects", listener.host, listener.port) == "connected"
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((listener.host, listener.port), 2).close()


def test_is_limited(lab: Lab, open_lab: OpenLab, spy: str) -> None:
    limits = Limits(cpu_s=7, memory_mb=300, processes=10, open_files=50, file_mb=4)
    small = open_lab(spy, "full", limits=limits)
    assert ask(small, "limits") == {
        "RLIMIT_CPU": [7, 8],
        "RLIMIT_AS": [(300 + 80) << 20] * 2,
        "RLIMIT_FSIZE": [4 << 20] * 2,
        "RLIMIT_NOFILE": [50, 50],
        "RLIMIT_CORE": [0, 0],
    }
    assert ask(small, "raises_limits") in ("ValueError", "PermissionError")
    for path in ("/work/big", "/tmp/big"):
        assert isinstance(ask(small, "fills", path, 10), int)
    assert ask(lab, "fills", "/work/big", 10) == "filled"


def test_nothing_outlives_a_check(lab: Lab, eventually: Eventually) -> None:
    process = lab.start()
    ask(lab, "leaves_daemons", process=process)
    child = process.child
    started = processes.descendants(child.root)
    assert len(started) >= 4
    lab.stop(process)
    eventually(lambda: all(processes.state(pid) == "Z" for pid in started))


def test_nothing_outlives_the_sandbox(
    open_box: Callable[..., Sandbox], open_lab: OpenLab, spy: str, eventually: Eventually
) -> None:
    box = open_box(spy, "full")
    lab = open_lab(box)
    process = lab.start()
    ask(lab, "leaves_daemons", process=process)
    lab.call("waits")
    assert isinstance(box, bubblewrap.BubblewrapSandbox)
    assert box._process is not None
    started = [box._process.pid, *processes.descendants(box._process.pid)]
    assert len(started) >= 8
    box.close()
    eventually(lambda: all(processes.state(pid) == "Z" for pid in started))


def test_two_checks_do_not_see_each_other(lab: Lab) -> None:
    first, second = lab.start(), lab.start()
    for folder in bubblewrap.PRIVATE_FOLDERS:
        assert ask(lab, "writes", f"{folder}/mine", process=first) == "written"
        assert ask(lab, "listing", folder, process=second) == []
    assert ask(lab, "processes", process=second) == ask(lab, "processes", process=first)
    assert first.child.root != second.child.root


def test_the_judge_sees_what_it_does(lab: Lab, eventually: Eventually) -> None:
    calling = lab.call("waits")
    child = calling.process.child

    def blocked() -> bool:
        threads = watch.threads(child.root, child.root_is_learner)
        return [thread.mode for thread in threads] == ["blocked"]

    eventually(blocked)


def test_the_interpreter_is_mounted_without_its_packages() -> None:
    words = bubblewrap._interpreter_mounts()
    hidden = [words[at + 1] for at, word in enumerate(words) if word == "--tmpfs"]
    assert all(path.endswith("-packages") for path in hidden)
    assert str(Path.home()) not in words


def test_says_how_a_process_ended(open_lab: OpenLab) -> None:
    lab = open_lab(
        "import os\ndef end(how): os.kill(os.getpid(), 9) if how < 0 else os._exit(how)", "full"
    )
    ends = []
    for how in (-1, 0, 3):
        calling = lab.call("end", how)
        lab.waiter.until(done=lambda c=calling: c.call.finished, watch_learner=False)  # type: ignore[misc]
        ends.append(calling.process.end)
    assert ends == ["signal 9", "exit 0", "exit 3"]
