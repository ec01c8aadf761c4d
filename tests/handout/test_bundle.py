"""The zip for Gradescope: what is in it, and that its two scripts do what they say."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from grader.handout.bundle import bundle, is_ours, pins
from grader.model import Exercise

BASH = shutil.which("bash")
needs_bash = pytest.mark.skipif(BASH is None, reason="no bash here")
# Stands for the container's Python: makes an environment of itself, installs nothing.  The
# package that it runs is the zip's, not this suite's.
PYTHON = """\
#!/bin/sh
case "$*" in
*"-m venv"*) mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
*"-m pip"*) echo "pip $*" >> "$AUTOGRADER_ROOT/log" ;;
*purelib*) echo "path $3" >> "$AUTOGRADER_ROOT/log" ;;
*"-I -X utf8 -m grader"*) shift; PYTHONPATH="$AUTOGRADER_ROOT/source" exec "{real}" "$@" ;;
*) exec "{real}" "$@" ;;
esac
"""


@pytest.fixture(scope="module")
def data(root: Path, exercises: Sequence[Exercise]) -> bytes:
    return bundle(root, exercises[1:2], "en")


@pytest.fixture(scope="module")
def members(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_the_same_suite_gives_the_same_bytes(
    root: Path, data: bytes, exercises: Sequence[Exercise]
) -> None:
    assert bundle(root, exercises[1:2], "en") == data
    assert bundle(root, exercises[1:2], "zh") != data


def test_scripts_are_at_the_top_and_can_be_run(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        modes = {info.filename: info.external_attr >> 16 for info in archive.infolist()}
        assert all(info.create_system == 3 for info in archive.infolist())
    assert modes["setup.sh"] == modes["run_autograder"] == 0o100755
    assert {mode for name, mode in modes.items() if "/" in name} == {0o100644}


def test_has_all_checks_of_its_exercises_and_of_no_other(
    root: Path, members: dict[str, str], exercises: Sequence[Exercise]
) -> None:
    manifest = "exercises/ex03_tcp_echo/exercise.yaml"
    assert members[manifest] == (root / manifest).read_text(encoding="utf-8")
    harness = {name for name in members if name.startswith("grader/harness/test_")}
    assert harness == {"grader/harness/test_ex03_tcp_echo.py"}
    for check in exercises[1].checks:
        assert f"def check_{check.id}(" in members[harness.copy().pop()]
    settings = json.loads(members["autograder.json"])
    assert settings == {"exercises": ["ex03"], "language": "en", "isolation": "partial"}
    for name in ("diagnoses", "handout", "formats"):
        assert f"grader/texts/en/{name}.json" in members
    assert "binds_wrong_address" in members["grader/texts/zh/diagnoses.json"]


def test_has_no_solutions(root: Path, members: dict[str, str]) -> None:
    assert not [name for name in members if "solution" in name or "mistake" in name]
    for path in (root / "solutions").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert source not in members.values()
        assert source[:200] not in "".join(members.values())


def test_versions_are_pinned(members: dict[str, str]) -> None:
    constraints = members["constraints.txt"].splitlines()
    names = {re.split("[=<]=", line)[0] for line in constraints}
    assert {"pytest", "msgspec", "pluggy", "markupsafe"} <= names
    assert not {"nox", "mypy", "distributed"} & names
    assert all(re.fullmatch(r"[a-z0-9-]+[=<]=[0-9][\w.!+]*", line) for line in constraints)
    needed = [re.split("[<>=;]", line)[0].lower() for line in
              members["requirements.txt"].split()]  # fmt: skip
    assert set(needed) <= names


def test_a_version_for_newer_pythons_only_is_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.handout.bundle.OLDEST_PYTHON", "3.0")
    assert any("<=" in line for line in pins())


def test_knows_its_own_zips(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    assert is_ours(path)
    for other in (b"", b"PK\x05\x06" + bytes(18), b"notes"):
        path.write_bytes(other)
        assert not is_ours(path)
    assert not is_ours(tmp_path / "nowhere")


# -- the scripts -----------------------------------------------------------------------


@pytest.fixture
def place(data: bytes, tmp_path: Path) -> Path:
    """Return a folder as Gradescope makes it of the zip."""
    place = tmp_path / "auto grader"
    for name in ("source", "submission", "results"):
        (place / name).mkdir(parents=True)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            path = Path(archive.extract(info, place / "source"))
            path.chmod(info.external_attr >> 16 & 0o777)
    shutil.copy(place / "source" / "run_autograder", place)
    (place / "python").write_text(PYTHON.replace("{real}", sys.executable), encoding="utf-8")
    (place / "python").chmod(0o755)
    return place


def script(place: Path, path: Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "AUTOGRADER_ROOT": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [str(path)],
        cwd=place,
        env={**environ, "DOJO_PYTHON": str(place / "python")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@needs_bash
@pytest.mark.needs_landlock
def test_setup_and_run(place: Path, root: Path) -> None:
    done = script(place, place / "source" / "setup.sh")
    assert done.returncode == 0, done.stderr
    assert "partial" in done.stdout, "the build's log says what the container can isolate"
    log = (place / "log").read_text(encoding="utf-8").splitlines()
    assert log[0].startswith("pip -m pip install")
    assert f"-c {place}/source/constraints.txt" in log[0]
    assert log[1] == f"path {place}/source"
    solution = root / "solutions" / "ex03_tcp_echo" / "tcp_echo.py"
    shutil.copy(solution, place / "submission")
    done = script(place, place / "run_autograder")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ex03: passed 24/24")
    found = json.loads((place / "results" / "results.json").read_text(encoding="utf-8"))
    assert found["score"] == 24.0


@needs_bash
def test_setup_says_what_is_missing(place: Path) -> None:
    (place / "python").write_text("#!/bin/sh\nexit 1\n")
    for name in ("python3", *(f"python3.{n}" for n in range(10, 14))):
        (place / name).write_text("#!/bin/sh\nexit 1\n")
        (place / name).chmod(0o755)
    assert BASH is not None
    done = subprocess.run(
        [BASH, str(place / "source" / "setup.sh")],
        env={"AUTOGRADER_ROOT": str(place), "PATH": str(place)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "setup.sh: no Python from 3.10 to 3.13 with venv: choose another base image\n"
    )
    assert not (place / "dojo").exists()
