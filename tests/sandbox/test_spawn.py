"""The none rung without fork: the way of macOS and Windows, tried where this runs."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.harness.lab import Lab
from grader.model import Limits, Verdict
from grader.sandbox import Sandbox, SandboxError
from grader.sandbox.spawn import SpawnSandbox

OpenLab = Callable[..., Lab]


@pytest.fixture
def lab(open_lab: OpenLab, spy: str) -> Lab:
    return open_lab(spy, "spawn")


def ask(lab: Lab, function: str, *arguments: object, **more: Any) -> Any:
    return lab.call(function, *arguments, **more).returns()


def test_says_what_it_is(lab: Lab) -> None:
    assert (lab.sandbox.isolation.level, lab.sandbox.isolation.backend) == ("none", "spawn")


def test_sees_no_environment(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    environment, argv, path, folder = ask(lab, "environment")
    assert environment == {}
    assert os.path.basename(argv[0]) == "tiny.py"
    assert not any("site-packages" in entry for entry in path)
    assert folder != os.getcwd()


def test_each_check_has_an_empty_folder_of_its_own(lab: Lab) -> None:
    first = lab.start()
    assert ask(lab, "listing", ".", process=first) == []
    assert ask(lab, "writes", "mine", process=first) == "written"
    assert ask(lab, "listing", ".") == []


@pytest.mark.needs_proc
def test_is_limited(open_lab: OpenLab, spy: str) -> None:
    lab = open_lab(spy, "spawn", limits=Limits(cpu_s=7, open_files=50))
    limits = ask(lab, "limits")
    assert (limits["RLIMIT_CPU"], limits["RLIMIT_NOFILE"]) == ([7, 8], [50, 50])


@pytest.mark.parametrize(
    ("source", "diagnosis", "line"),
    [
        (b"def serve(:\n", "syntax_error", 1),
        (b"x = 1\n\nraise ValueError('no')\n", "import_raised", 3),
        (b"import os\nos._exit(0)\n", "import_ended", 0),
    ],
)
def test_says_why_nothing_can_be_graded(
    grade_source: Callable[..., Verdict], source: bytes, diagnosis: str, line: int
) -> None:
    only = ["client_lets_refusal_through"]
    (check,) = grade_source("ex03", source, only, isolation="spawn").checks
    assert check.diagnosis == diagnosis
    assert (check.location.line if check.location else 0) == line


def test_grades_the_reference(grade_source: Callable[..., Verdict], reference: str) -> None:
    only = ["server_echoes_one_message", "client_lets_refusal_through"]
    assert grade_source("ex03", reference, only, isolation="spawn").status == "passed"


def test_leaves_no_folder(open_box: Callable[..., Sandbox], open_lab: OpenLab, spy: str) -> None:
    box = open_box(spy, "spawn")
    lab = open_lab(box)
    folder = Path(ask(lab, "environment")[3]).parent
    assert folder.is_dir()
    box.close()
    assert not folder.exists()


def test_hangs_up_on_strangers(open_box: Callable[..., Sandbox]) -> None:
    box = open_box("", "spawn")
    assert isinstance(box, SpawnSandbox)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        listener.settimeout(60)
        with (
            socket.create_connection(address) as stranger,
            socket.create_connection(address) as silent,
            socket.create_connection(address) as runner,
        ):
            stranger.sendall(b"let me in, please")
            silent.shutdown(socket.SHUT_WR)
            runner.sendall(b"0123456789abcdef")
            with box._accept(listener, "0123456789abcdef") as control:
                assert control.getpeername() == runner.getsockname()
            stranger.settimeout(60)
            with pytest.raises((ConnectionError, AssertionError)):
                assert stranger.recv(1) != b""


def test_says_that_a_runner_did_not_start(
    open_box: Callable[..., Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.sandbox.spawn._START_BOUND", 0.1)
    monkeypatch.setattr("grader.sandbox.spawn.executable", lambda: "/bin/true")
    with pytest.raises(SandboxError, match="did not start"):
        open_box("", "spawn").fork()
