"""What an adversary has found (report A1): each test names the finding that it holds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from grader.catalog import load_all, load_exercise
from grader.classroom.collecting import CollectOptions, collect
from grader.classroom.pool import Pool
from grader.classroom.work import Job, engine_digest

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = (ROOT / "solutions" / "ex03_tcp_echo" / "tcp_echo.py").read_bytes()
EMPTY = b"def serve(host, port): pass\ndef echo(host, port, message, timeout=5.0): pass\n"
ROSTER = "name,id,login\nAnn Lee,1,annlee\nBob Ray,2,bobray\nMallory Moe,3,mallory\n"

needs_bubblewrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")


@needs_bubblewrap
def test_warnings_of_the_compiler_refuse_nobody() -> None:
    lines = b"".join(b"    assert (x, 'say %d')\n" % number for number in range(700))
    exercise = load_exercise(ROOT, "ex03")
    source = REFERENCE + b"\ndef _unused(x):\n" + lines
    pool = Pool(1)
    try:
        (done,) = pool.results([Job(0, exercise, source, engine_digest(), "en", "full")])
    finally:
        pool.close()
    assert done.verdict is not None
    assert done.verdict.status == "passed"


@pytest.mark.parametrize(
    "claim",
    [
        "annlee_777_9999_tcp_echo.py",
        "Ann Lee_12_assignsubmission_file_tcp_echo.py",
        "Ann Lee_12_assignsubmission_file_/tcp_echo.py",
        "inner/annlee/tcp_echo.py",
    ],
    ids=["canvas", "moodle", "moodle-folder", "clone-inside"],
)
def test_nobody_hands_in_for_somebody_else(tmp_path: Path, claim: str) -> None:
    folder = tmp_path / "class"
    for name in ("Ann Lee", "Bob Ray", "Mallory Moe"):
        (folder / name).mkdir(parents=True)
        (folder / name / "tcp_echo.py").write_bytes(REFERENCE + name.encode().join([b"# ", b"\n"]))
    forged = folder / "Mallory Moe" / claim
    forged.parent.mkdir(parents=True, exist_ok=True)
    forged.write_bytes(EMPTY)
    if claim.startswith("inner"):
        (forged.parent / ".git").mkdir()
        (forged.parent / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    roster = tmp_path / "roster.csv"
    roster.write_text(ROSTER)
    found, sources = collect(
        folder,
        CollectOptions(
            exercises=tuple(load_all(ROOT)),
            wanted=("ex03",),
            root=ROOT,
            roster=roster,
            scratch=tmp_path,
        ),
    )
    sources.close()
    handed = [one for one in found.handed if one.student == "1"]
    assert [one.origin for one in handed] == ["Ann Lee/tcp_echo.py"]
