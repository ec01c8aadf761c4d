"""``flakes``: what differs is found and shown from both sides, and nothing outlives the command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from grader import cli, proof
from grader.commands import _compare, _soak, flakes
from grader.model import (
    CheckResult,
    Event,
    GraderInfo,
    Isolation,
    IsolationLevel,
    Location,
    Verdict,
    VerdictStatus,
)
from grader.proof import Case, Finding, complaints_about
from grader.sandbox import IsolationChoice

SLUG = "ex03_tcp_echo"
ONE_REFERENCE = ["ex03", "--load", "0", "--kind", "reference"]


def check(name: str, status: str = "passed", diagnosis: str = "", **more: object) -> CheckResult:
    fields = {"id": name, "title": name, "status": status, "points": 1.0, "earned": 0.0}
    fields |= {"visibility": "public", "duration_s": 0.5, "diagnosis": diagnosis}
    return CheckResult(**{**fields, **more})  # type: ignore[arg-type]


def verdict(
    *checks: CheckResult, status: VerdictStatus = "passed", level: IsolationLevel = "full"
) -> Verdict:
    return Verdict(
        exercise="ex03",
        slug="tcp_echo",
        submission="tcp_echo.py",
        sha256="",
        status=status,
        score=0.0,
        max_score=1.0,
        duration_s=1.25,
        seed=4711,
        isolation=Isolation(level, "bubblewrap"),
        grader=GraderInfo("1", "3"),
        checks=checks,
    )


@pytest.fixture
def graded_as(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that says what the gradings to come will be: verdicts or errors."""

    def graded_as(*outcomes: Verdict | Exception) -> None:
        due = iter(outcomes)

        def grade(*_: object) -> Verdict:
            outcome = next(due)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        monkeypatch.setattr(proof, "grade", grade)

    return graded_as


# -- the command -----------------------------------------------------------------------


def test_repeats_and_compares(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["ex03", "--runs", "2", "--others", "1", "--load", "0", "--jobs", "2"]
    assert flakes.run([*words, "--kind", "reference", "--kind", "mistake"], "en") == cli.PASSED
    shown = capsys.readouterr().out
    assert "tcp_echo.py                            2 × 1 verdict(s)" in shown
    assert "binds_every_address.py                 1 × 1 verdict(s)" in shown
    assert "threads.py" not in shown
    assert "3 gradings, 2 of 2 submissions to the end" in shown


def test_reports_a_verdict_that_is_not_the_due_one(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    solutions = small / "solutions" / SLUG
    mistake = solutions / "mistakes" / "binds_every_address.py"
    (solutions / "tcp_echo.py").write_bytes(mistake.read_bytes())
    assert flakes.run([*ONE_REFERENCE, "--runs", "1"], "en") == cli.FALLEN_SHORT
    shown = capsys.readouterr().out
    assert "server_binds_only_given_address: must pass" in shown
    assert "status     failed binds_wrong_address" in shown


def test_shows_a_verdict_that_differs_from_both_sides(
    small: Path, capsys: pytest.CaptureFixture[str], graded_as: Callable[..., None]
) -> None:
    usual = verdict(check("a", transcript=(Event(0.25, "peer", "send", 5, "hello"),)), check("b"))
    place = Location(7, "serve", "conn.recv(9)", "blocked", "recv()")
    seen = {"message": "why\nso", "expected": "x", "received": "y", "location": place}
    seen |= {"transcript": (Event(0.5, "peer", "end"),), "output": "printed\x1b"}
    odd = verdict(check("a", "stuck", "no_answer", **seen), check("b"), status="failed")
    graded_as(usual, odd, usual)
    assert flakes.run([*ONE_REFERENCE, "--runs", "3"], "en") == cli.FALLEN_SHORT
    shown = capsys.readouterr().out
    assert "✗ ex03 reference tcp_echo.py                            3 × 2 verdict(s)" in shown
    first, second = shown.index("the usual verdict"), shown.index("the odd one")
    before, after = shown[first:second], shown[second:]
    assert "status     passed" in before
    assert "250.0 ms peer     send                    5 hello" in before
    for line in (
        "status     stuck no_answer",
        "isolation  full bubblewrap",
        "seed       4711, 0.500 s of 1.250 s",
        "message    why",
        "expected   x",
        "received   y",
        "location   7 serve blocked recv(): conn.recv(9)",
        "output     printed\\x1b",
        "500.0 ms peer     end",
    ):
        assert line in after
    assert "\n      b\n" not in shown


def test_notices_another_rung(
    small: Path, capsys: pytest.CaptureFixture[str], graded_as: Callable[..., None]
) -> None:
    graded_as(verdict(check("a")), verdict(check("a"), level="none"))
    assert flakes.run([*ONE_REFERENCE, "--runs", "2"], "en") == cli.FALLEN_SHORT
    assert "Isolation(level='none'" in capsys.readouterr().out


@pytest.mark.parametrize(
    "fault",
    [
        RuntimeError("ours"),
        verdict(check("a", "error", message="ours"), status="error"),
        verdict(check("a", "skipped", message="ours"), status="error"),
    ],
)
def test_a_fault_of_the_graders_own_is_always_reported(
    fault: Verdict | Exception,
    small: Path,
    capsys: pytest.CaptureFixture[str],
    graded_as: Callable[..., None],
) -> None:
    graded_as(fault, fault, verdict(check("a")))
    assert flakes.run([*ONE_REFERENCE, "--runs", "2"], "en") == cli.OUR_FAULT
    shown = capsys.readouterr().out
    assert "2 × 1 verdict(s)" in shown
    assert "ours" in shown or "2 × error" in shown


@pytest.mark.parametrize("option", ["--runs", "--others", "--jobs"])
def test_refuses_what_would_grade_nothing(small: Path, option: str) -> None:
    with pytest.raises(cli.BadRequestError, match=option):
        flakes.run([*ONE_REFERENCE, option, "0"], "en")


def test_interrupted_it_says_how_far_it_came(
    small: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes: Iterator[Finding | str] = iter(["ours"])

    def attempt(root: Path, case: Case, isolation: IsolationChoice) -> Finding | str:
        for outcome in outcomes:
            return outcome
        raise KeyboardInterrupt

    monkeypatch.setattr(proof, "attempt", attempt)
    with pytest.raises(KeyboardInterrupt):
        flakes.run([*ONE_REFERENCE, "--runs", "9", "--lang", "zh"], "en")
    shown = capsys.readouterr().out
    assert "1/9 × 1 verdict(s)" in shown
    assert "1 份提交中完成了 0 份" in shown


# -- comparing -------------------------------------------------------------------------


def test_a_fingerprint_tells_rungs_outcomes_and_messages_apart() -> None:
    outcomes = [("passed", "", ""), ("failed", "x", ""), ("failed", "x", "why")]
    outcomes += [("stuck", "x", ""), ("failed", "y", "")]
    made = [
        verdict(check("a", status, diagnosis, message=message), level=level)
        for level in ("full", "none")
        for status, diagnosis, message in outcomes
    ]
    assert len({_compare.fingerprint(one) for one in made}) == len(made)


def test_the_middle_of_a_long_transcript_is_left_out() -> None:
    events = tuple(Event(0.001 * n, "peer", "send", n) for n in range(100))
    lines = list(_compare.one(verdict(check("a", transcript=events)), "a"))
    assert "           … 40 …" in lines
    assert lines[-1].split()[-1] == "99"
    assert list(_compare.one(verdict(check("a")), "b")) == []


def test_passed_checks_have_their_transcripts_too(small: Path) -> None:
    case = Case("ex03", "reference", small / "solutions" / SLUG / "tcp_echo.py")
    found = proof.attempt(small, case, "auto")
    assert isinstance(found, Finding)
    assert found.complaints == tuple(complaints_about(case, found.verdict)) == ()
    assert all(check.transcript for check in found.verdict.checks)
    assert msgspec.json.encode(found.verdict)


# -- what runs meanwhile ---------------------------------------------------------------


def test_counts_the_cores_that_it_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {1, 3, 5}, raising=False)
    assert _soak.cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    assert _soak.cores() == (os.cpu_count() or 1)


def running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


@pytest.mark.needs_proc
def test_burners_end_with_whoever_wanted_them(eventually: Callable[..., None]) -> None:
    source = """
import pathlib
from grader.commands._soak import busy
with busy(2):
    print(pathlib.Path("/proc/thread-self/children").read_text(), flush=True)
    input()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    burners = [int(word) for word in process.stdout.readline().split()]
    assert len(burners) == 2
    assert all(running(pid) for pid in burners)
    process.kill()
    process.communicate()
    eventually(lambda: not any(running(pid) for pid in burners))


@pytest.mark.needs_proc
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_the_command(
    number: signal.Signals, small: Path, eventually: Callable[..., None]
) -> None:
    words = ["ex03", "--kind", "stub", "--kind", "reference", "--others", "1", "--runs", "500"]
    process = subprocess.Popen(
        [sys.executable, "-m", "grader", "flakes", *words, "--load", "1", "--jobs", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    assert "stub" in process.stdout.readline()
    tasks = Path(f"/proc/{process.pid}/task")
    children = [
        int(word) for task in tasks.iterdir() for word in (task / "children").read_text().split()
    ]
    assert len(children) >= 3
    process.send_signal(number)
    rest, _ = process.communicate()
    if number != signal.SIGKILL:
        assert process.returncode == cli.INTERRUPTED
        assert "1 of 2 submissions to the end" in rest
    eventually(lambda: not any(running(pid) for pid in children))
