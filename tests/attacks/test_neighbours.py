"""Two submissions at the same time: an attack on one rung reaches nobody else's sandbox."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.harness.lab import Lab
from grader.sandbox import Sandbox

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")

BESIDE = ("conftest", "json", "socket", "typing", "msgspec", "pytest", "sitecustomize", "rich")
INNOCENT = """
import os


def waits():
    return os.read(os.pipe()[0], 1)


def answers():
    return 42
"""
KILLER = """
import os, signal


def kills(others):
    for pid in others:
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            continue
    try:
        os.kill(-1, signal.SIGKILL)
    except OSError:
        pass
    return "done"


def reads(others):
    found = []
    for pid in others:
        for name in ("environ", "mem", "fd/3", "cwd/../submission/tiny.py"):
            try:
                os.close(os.open(f"/proc/{pid}/{name}", os.O_RDONLY))
                found.append(name)
            except OSError:
                continue
    return found
"""


@pytest.mark.parametrize("rung", ["full", "partial"])
@pytest.mark.usefixtures("needs_rung")
def test_kills_and_reads_no_neighbour(
    rung: str, open_box: Callable[..., Sandbox], open_lab: Callable[..., Lab]
) -> None:
    innocent = open_lab(open_box(INNOCENT, rung))
    killer = open_lab(open_box(KILLER, rung))
    process = innocent.start()
    waiting = innocent.call("waits", process=innocent.start())
    others = [learner.child.root for learner in innocent.waiter.learners]
    others += [int(name) for name in os.listdir("/proc") if name.isdigit() and _below(int(name))]
    assert killer.call("reads", others).returns() == []
    assert killer.call("kills", others).returns() == "done"
    assert not waiting.finished
    innocent.call("answers", process=process).gives(42)


def _below(pid: int) -> bool:
    from grader.sandbox import processes

    return pid in processes.descendants(os.getpid())


def test_the_command_imports_nothing_that_lies_where_it_is_started(
    tmp_path: Path, root: Path
) -> None:
    """A learner's socket.py or json.py in the current folder is no module of the judge's."""
    folder = tmp_path / "submissions"
    folder.mkdir()
    for name in BESIDE:
        code = f"open({str(tmp_path / 'marker')!r}, 'a').write({name!r})\n"
        (folder / f"{name}.py").write_text(code)
    for kind in ("exercises", "solutions"):
        (folder / kind).symlink_to(root / kind)
    solution = root / "solutions" / "ex01_bytes_codec" / "bytes_codec.py"
    (folder / "bytes_codec.py").write_bytes(solution.read_bytes())
    command = [sys.executable, "-m", "grader", "grade", "ex01", "--file", "bytes_codec.py"]
    command += ["--isolation", "none", "--check", "encode_text_writes_every_script"]
    environment = {**os.environ, "PYTHONSAFEPATH": ""}
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=environment
    )
    marker = tmp_path / "marker"
    assert not marker.exists(), marker.read_text()
    assert done.returncode == 0, done.stdout + done.stderr


def test_who_knocks_at_a_spawning_judge_does_not_hold_it_up(
    open_box: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the spawn way a learner may find the judge's listener; saying nothing there is no plug."""
    box = open_box(INNOCENT, "spawn")
    made: list[socket.socket] = []
    genuine = socket.create_server

    def create_server(*args: Any, **more: Any) -> socket.socket:
        listener = genuine(*args, **more)
        made.append(socket.create_connection(listener.getsockname()))
        return listener

    monkeypatch.setattr(socket, "create_server", create_server)
    forked: list[Any] = []
    thread = threading.Thread(target=lambda: forked.append(box.fork()))
    thread.start()
    thread.join(10)
    in_time = bool(forked)
    for sock in made:
        sock.close()
    thread.join()
    forked[0].close()
    assert in_time, "the judge waited for who said nothing"
