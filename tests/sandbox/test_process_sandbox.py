"""The none rung on Linux: a folder of its own, limits, no environment, and nothing left behind."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.harness.lab import Lab
from grader.model import Limits
from grader.sandbox import Sandbox, processes
from grader.sandbox.process import ProcessSandbox

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="this rung is Linux's")

OpenLab = Callable[..., Lab]
Eventually = Callable[[Callable[[], bool]], None]


@pytest.fixture
def lab(open_lab: OpenLab, spy: str) -> Lab:
    return open_lab(spy, "none")


def ask(lab: Lab, function: str, *arguments: object, **more: Any) -> Any:
    return lab.call(function, *arguments, **more).returns()


def test_says_what_it_is(lab: Lab) -> None:
    assert (lab.sandbox.isolation.level, lab.sandbox.isolation.backend) == ("none", "process")


def test_sees_no_environment(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    environment, argv, path, folder = ask(lab, "environment")
    assert environment == {}
    assert os.path.basename(argv[0]) == "tiny.py"
    assert os.path.dirname(argv[0]) == path[0]
    assert not any("site-packages" in entry for entry in path)
    assert folder != os.getcwd()


def test_inherits_no_descriptor(lab: Lab) -> None:
    found = ask(lab, "descriptors")
    assert found[0] == "/dev/null"
    assert len(found) <= 6


def test_is_limited(open_lab: OpenLab, spy: str) -> None:
    lab = open_lab(spy, "none", limits=Limits(cpu_s=7, open_files=50, file_mb=4))
    limits = ask(lab, "limits")
    assert limits["RLIMIT_CPU"] == [7, 8]
    assert limits["RLIMIT_NOFILE"] == [50, 50]
    assert limits["RLIMIT_FSIZE"] == [4 << 20] * 2
    assert isinstance(ask(lab, "fills", "big", 10), int)


def test_each_check_has_an_empty_folder_of_its_own(lab: Lab) -> None:
    first = lab.start()
    assert ask(lab, "listing", ".", process=first) == []
    assert ask(lab, "writes", "mine", process=first) == "written"
    assert ask(lab, "listing", ".") == []


def test_nothing_outlives_a_check(lab: Lab, eventually: Eventually) -> None:
    process = lab.start()
    ask(lab, "leaves_daemons", process=process)
    started = [process.child.root, *processes.descendants(process.child.root)]
    assert len(started) >= 5
    lab.stop(process)
    eventually(lambda: all(processes.state(pid) == "Z" for pid in started))


def test_nothing_is_left_in_the_temporary_folder(
    open_box: Callable[..., Sandbox], open_lab: OpenLab, spy: str
) -> None:
    box = open_box(spy, "none")
    assert isinstance(box, ProcessSandbox)
    lab = open_lab(box)
    process = lab.start()
    folder = Path(ask(lab, "environment", process=process)[3]).parent.parent
    assert folder.is_dir()
    assert folder.stat().st_mode & 0o077 == 0
    ask(lab, "writes", "mine", process=process)
    lab.stop(process)
    box.close()
    assert not folder.exists()


def test_the_judge_makes_sockets_itself(lab: Lab) -> None:
    listener = lab.listener()
    assert ask(lab, "connects", listener.host, listener.port) == "connected"
