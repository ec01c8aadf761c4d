"""Each limit of an exercise.yaml, exceeded on each rung: a failed check with its own sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from grader.catalog import load_exercise
from grader.judge import Options, grade
from grader.model import LANGUAGES, CheckResult, Limits
from grader.sandbox import IsolationChoice

ROOT = Path(__file__).resolve().parents[2]
CHECK = "encode_text_writes_every_script"
RUNGS = [
    pytest.param("full", marks=pytest.mark.needs_bwrap),
    pytest.param("partial", marks=pytest.mark.needs_landlock),
    pytest.param("none", marks=pytest.mark.needs_proc),
]
GRASPS = {
    "memory": ("kept = bytearray(3 << 30)", Limits(memory_mb=256, processes=10), "out_of_memory"),
    "file": ("open('x', 'wb').write(bytes(3 << 20))", Limits(file_mb=2), "disk_limit"),
    "children": (
        "import os, time\n"
        "    for _ in range(8):\n"
        "        if os.fork() == 0: kept = bytearray(b'x') * (64 << 20); break\n"
        "    while True: time.sleep(0.02)",
        Limits(memory_mb=256, processes=20),
        "out_of_memory",
    ),
    "folder": (
        "import time\n"
        "    for n in range(64): open(str(n), 'wb').write(bytes(1 << 20))\n"
        "    while True: time.sleep(0.02)",
        Limits(file_mb=16),
        "disk_limit",
    ),
    "files": (
        "kept = [open('/dev/null') for _ in range(99)]",
        Limits(open_files=64),
        "too_many_files",
    ),
    "processor": (
        # No thread of these runs for so long that it would be called spinning.
        "import threading, time\n"
        "    def burn():\n"
        "        while time.thread_time() < 0.05: pass\n"
        "    while True:\n"
        "        thread = threading.Thread(target=burn); thread.start(); thread.join()",
        Limits(cpu_s=1.0, check_s=60.0),
        "cpu_limit",
    ),
    "threads": (
        "import threading, time\n"
        "    for _ in range(200): threading.Thread(target=time.sleep, args=(60,)).start()",
        Limits(processes=20),
        "too_many_threads",
    ),
    "time": (
        "import time\n    for _ in range(600): time.sleep(0.1)",
        Limits(check_s=1.0),
        "check_too_long",
    ),
}  # fmt: skip


@pytest.fixture
def exceed(tmp_path: Path) -> Callable[..., CheckResult]:
    """Return a function that grades a submission which grasps too much in every call."""

    def exceed(body: str, limits: Limits, rung: IsolationChoice, language: str) -> CheckResult:
        exercise = msgspec.structs.replace(load_exercise(ROOT, "ex01"), limits=limits)
        path = tmp_path / "bytes_codec.py"
        path.write_text(f"def encode_text(text, encoding='utf-8'):\n    {body}\n", encoding="utf-8")
        options = Options(language, rung, (CHECK,))  # type: ignore[arg-type]
        (check,) = grade(exercise, path, options).checks
        return check

    return exceed


@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("name", GRASPS)
def test_an_exceeded_limit_has_its_own_sentence(
    exceed: Callable[..., CheckResult], name: str, rung: IsolationChoice
) -> None:
    body, limits, diagnosis = GRASPS[name]
    check = exceed(body, limits, rung, LANGUAGES[len(name) % 2])
    assert check.status in ("failed", "stuck")
    assert check.diagnosis == diagnosis, check.message
    number = {
        "out_of_memory": limits.memory_mb,
        "disk_limit": limits.file_mb,
        "too_many_files": limits.open_files,
        "cpu_limit": limits.cpu_s,
        "too_many_threads": limits.processes,
        "check_too_long": limits.check_s,
    }[diagnosis]
    assert f"{number:g}" in check.message


@pytest.mark.parametrize("rung", RUNGS)
def test_output_beyond_the_limit_is_cut_and_costs_nothing(
    tmp_path: Path, rung: IsolationChoice
) -> None:
    source = (ROOT / "solutions/ex01_bytes_codec/bytes_codec.py").read_text(encoding="utf-8")
    path = tmp_path / "bytes_codec.py"
    path.write_text(f"{source}\nprint('x' * 5_000_000)\n", encoding="utf-8")
    verdict = grade(load_exercise(ROOT, "ex01"), path, Options("en", rung, (CHECK,)))
    assert verdict.status == "passed"
    assert len(verdict.checks[0].output) <= (Limits().output_kb << 10) + 1
