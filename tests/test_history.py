"""What a learner has done so far: kept, told again, and never in a grading's way."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from grader import cli
from grader import history as history_module
from grader.history import Checked, History, Standing, first_open, is_changed
from grader.model import CheckResult, GraderInfo, Isolation, Verdict, VerdictStatus

FILE = ".dojo/history.sqlite3"
SOURCE = b"def serve(host, port): ...\n"


def result(
    name: str, status: str = "passed", diagnosis: str = "", because: str = ""
) -> CheckResult:
    return CheckResult(
        id=name,
        title=name,
        status=status,  # type: ignore[arg-type]
        points=1.0,
        earned=float(status == "passed"),
        visibility="public",
        duration_s=0.0,
        diagnosis=diagnosis,
        because=because,
    )


def verdict(
    *checks: CheckResult,
    exercise: str = "ex03",
    status: VerdictStatus = "failed",
    source: bytes = SOURCE,
) -> Verdict:
    return Verdict(
        exercise=exercise,
        slug="tcp_echo",
        submission="tcp_echo.py",
        sha256=hashlib.sha256(source).hexdigest(),
        status=status,
        score=sum(check.earned for check in checks),
        max_score=float(len(checks)),
        duration_s=0.5,
        seed=1,
        isolation=Isolation("full", "bubblewrap"),
        grader=GraderInfo("1", "3"),
        checks=checks,
    )


PASSED = verdict(result("a"), result("b"), status="passed")
HALF = verdict(result("a"), result("b", "failed", "no_timeout"))
NONE = verdict(result("a", "stuck", "busy_loop"), result("b", "failed", "no_answer", "a"))


@pytest.fixture
def history(tmp_path: Path) -> History:
    def fail(line: str) -> None:
        raise AssertionError(line)

    return History(tmp_path, tell=fail)


@pytest.fixture
def record(history: History) -> Callable[..., None]:
    """Return a function that records verdicts, one after the other."""

    def record(*verdicts: Verdict, complete: bool = True, path: str = "x.py") -> None:
        for one in verdicts:
            history.record(one, SOURCE, history.root / path, complete)

    return record


def test_before_anything_is_recorded(history: History) -> None:
    assert history.last("ex03") is None
    assert history.best("ex03") is None
    assert history.given_up("ex03") is None
    assert history.attempts("ex03") == []
    assert history.resets("ex03") == []
    assert history.known("ex03") == ()
    assert history.standing() == {}
    assert not history.passed("ex03")
    assert history.hint_stage("ex03", "a", "") == 0
    assert list(history.root.iterdir()) == []


def test_an_attempt_is_told_again(history: History, record: Callable[..., None]) -> None:
    before = datetime.now(timezone.utc) - timedelta(seconds=1)
    record(NONE, path="exercises/ex03_tcp_echo/tcp_echo.py")
    found = history.last("ex03")
    assert found is not None
    assert before < found.when < datetime.now(timezone.utc) + timedelta(seconds=1)
    assert found.path == "exercises/ex03_tcp_echo/tcp_echo.py"
    assert (found.exercise, found.status, found.isolation) == ("ex03", "failed", "full")
    assert (found.score, found.max_score, found.duration_s) == (0.0, 2.0, 0.5)
    assert (found.passed, found.counted, found.complete) == (0, 2, True)
    assert found.checks == (
        Checked("a", "stuck", "busy_loop"),
        Checked("b", "failed", "no_answer", "a"),
    )
    assert found.first_open == found.checks[0]
    assert history.source(found.sha256) == SOURCE
    assert history.last("ex07") is None


def test_a_source_is_kept_once_and_only_where_it_is_what_was_graded(
    history: History, record: Callable[..., None]
) -> None:
    other = verdict(result("a"), source=b"other")
    record(HALF, HALF, other)
    with closing(sqlite3.connect(history.root / FILE)) as database:
        assert database.execute("SELECT count(*) FROM sources").fetchone() == (1,)
    assert history.source(HALF.sha256) == SOURCE
    assert history.source(other.sha256) is None
    noise = b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(10_000))
    history.record(verdict(source=noise), noise, history.root / "x.py", True)
    assert history.source(hashlib.sha256(noise).hexdigest()) is None
    history.record(verdict(source=b""), None, history.root / "x.py", True)
    assert len(history.attempts("ex03")) == 5


def test_the_newest_is_first_and_there_are_not_more_than_asked_for(
    history: History, record: Callable[..., None]
) -> None:
    record(NONE, HALF, PASSED)
    record(verdict(exercise="ex07"))
    assert [found.passed for found in history.attempts("ex03")] == [2, 1, 0]
    assert [found.passed for found in history.attempts("ex03", 2)] == [2, 1]


def test_the_best_is_the_complete_one_with_the_most_points_and_the_first_of_these(
    history: History, record: Callable[..., None]
) -> None:
    record(NONE, HALF)
    first = history.best("ex03")
    record(HALF, NONE)
    assert history.best("ex03") == first
    record(PASSED, complete=False)
    assert history.best("ex03") == first
    assert not history.passed("ex03")
    record(PASSED, NONE)
    best = history.best("ex03")
    assert best is not None
    assert best.status == "passed"
    assert history.passed("ex03")


def test_what_lies_in_solutions_is_nobodys_attempt(
    history: History, record: Callable[..., None]
) -> None:
    record(PASSED, path="solutions/ex03_tcp_echo/tcp_echo.py")
    assert history.standing() == {}
    assert list(history.root.iterdir()) == []


def test_standing_sums_up(history: History, record: Callable[..., None]) -> None:
    record(NONE, HALF, NONE)
    record(PASSED, complete=False)
    record(verdict(exercise="ex07"), complete=False)
    record(verdict(result("a"), exercise="ex13", status="passed"))
    history.give_up("ex14")
    found = history.standing()
    assert sorted(found) == ["ex03", "ex07", "ex13", "ex14"]
    assert found["ex03"].attempts == 4
    assert found["ex03"].best == history.best("ex03")
    assert found["ex03"].last == history.last("ex03", complete=True) != history.last("ex03")
    assert found["ex03"].passed_at is None
    assert found["ex07"].last == history.last("ex07")
    passed = history.last("ex13")
    assert passed is not None
    assert found["ex13"].passed_at == passed.when
    assert found["ex14"] == Standing(given_up_at=history.given_up("ex14"))


@pytest.mark.needs_proc
def test_a_grading_is_recorded_once(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(suite / "exercises")
    work = suite / "exercises" / "ex03_tcp_echo" / "tcp_echo.py"
    work.write_bytes(SOURCE)
    reference = "../solutions/ex03_tcp_echo/tcp_echo.py"
    cli.main(["grade", "ex03", "--check", "client_lets_refusal_through"])
    cli.main(["grade", "ex03", "--file", reference, "--check", "client_lets_refusal_through"])
    (found,) = History(suite).attempts("ex03")
    assert found.path == "exercises/ex03_tcp_echo/tcp_echo.py"
    assert (found.complete, found.status, found.counted) == (False, "failed", 1)
    assert [check.id for check in found.checks] == ["client_lets_refusal_through"]
    assert found.checks[0].diagnosis
    assert History(suite).source(found.sha256) == SOURCE
    work.write_bytes(b"")
    cli.main(["grade", "ex03", "--file", "ex03_tcp_echo/tcp_echo.py"])
    newest = History(suite).last("ex03")
    assert newest is not None
    assert (newest.complete, newest.path) == (True, found.path)


# -- which check is to be mended first -------------------------------------------------


@pytest.mark.parametrize(
    ("checks", "first"),
    [
        ((), None),
        ((Checked("a", "passed"), Checked("b", "skipped"), Checked("c", "error")), None),
        ((Checked("a", "passed"), Checked("b", "failed")), "b"),
        ((Checked("a", "failed", "", "b"), Checked("b", "stuck")), "b"),
        ((Checked("a", "failed", "", "b"), Checked("b", "passed")), "a"),
        ((Checked("a", "failed", "", "b"), Checked("b", "failed", "", "a")), "a"),
    ],
)
def test_the_first_open_check(checks: tuple[Checked, ...], first: str | None) -> None:
    found = first_open(checks)
    assert (found.id if found else None) == first


def test_what_is_known_of_each_check(history: History, record: Callable[..., None]) -> None:
    """Single checks that were graded later stand above the last complete attempt."""
    record(verdict(result("b", "failed", "old")), complete=False)
    assert [check.id for check in history.known("ex03")] == ["b"]
    record(NONE)
    record(verdict(result("b")), complete=False)
    assert history.known("ex03") == (Checked("a", "stuck", "busy_loop"), Checked("b", "passed"))
    record(HALF)
    assert [check.status for check in history.known("ex03")] == ["passed", "failed"]


def test_a_fault_of_the_graders_own_says_nothing(
    history: History, record: Callable[..., None]
) -> None:
    record(HALF, verdict(result("a", "error"), result("b", "error"), status="error"))
    assert [check.status for check in history.known("ex03")] == ["passed", "failed"]
    found = history.last("ex03")
    assert found is not None
    assert (found.status, found.passed, found.counted) == ("error", 0, 0)


def test_whether_the_file_is_still_the_one_that_was_graded(
    history: History, record: Callable[..., None]
) -> None:
    path = history.root / "x.py"
    path.write_bytes(SOURCE)
    record(HALF)
    found = history.last("ex03")
    assert found is not None
    assert not is_changed(found, history.root)
    path.write_bytes(SOURCE + b"#")
    assert is_changed(found, history.root)
    path.unlink()
    assert is_changed(found, history.root)
    path.mkdir()
    assert is_changed(found, history.root)


# -- hints, solutions, resets ----------------------------------------------------------


def test_hints_are_counted_by_check_and_diagnosis(history: History) -> None:
    history.note_hint("ex03", "a", "busy_loop", 1)
    history.note_hint("ex03", "a", "busy_loop", 2)
    history.note_hint("ex03", "a", "", 1)
    assert history.hint_stage("ex03", "a", "busy_loop") == 2
    assert history.hint_stage("ex03", "a", "") == 1
    assert history.hint_stage("ex03", "b", "busy_loop") == 0
    assert history.hint_stage("ex07", "a", "busy_loop") == 0


def test_giving_up_is_noted_once(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    history.give_up("ex03")
    first = history.given_up("ex03")
    assert first is not None
    monkeypatch.setattr(history_module, "_now", lambda: "2030-01-01T00:00:00+00:00")
    history.give_up("ex03")
    assert history.given_up("ex03") == first


def test_resets_are_told_the_newest_first(history: History) -> None:
    history.note_reset("ex03", history.root / ".dojo" / "a.py")
    history.note_reset("ex03", history.root / ".dojo" / "b.py")
    assert [kept for _, kept in history.resets("ex03")] == [".dojo/b.py", ".dojo/a.py"]
    assert history.resets("ex07") == []


# -- strange content, in a file that is a good one -----------------------------------------

ODD: dict[str, str] = {
    "checks that are no list": "UPDATE attempts SET checks = '7'",
    "checks that are too long": "UPDATE attempts SET checks = '[[1,2,3,4,5,6,7]]'",
    "checks without names": "UPDATE attempts SET checks = '[[]]'",
    "checks that are objects": """UPDATE attempts SET checks = '[{"id": "a"}]'""",
    "checks that are no JSON": "UPDATE attempts SET checks = x'ff00'",
    "checks without end": f"UPDATE attempts SET checks = '{'[' * 5000}'",
    "points that are words": "UPDATE attempts SET score = 'many', max_score = x'00'",
    "points without end": "UPDATE attempts SET score = 9e999, passed = 9e999",
    "numbers beyond all": "UPDATE attempts SET passed = -9223372036854775808, counted = 1e300",
    "times that are none": "UPDATE attempts SET at = 'yesterday'",
    "times without a zone": "UPDATE attempts SET at = '2026-11-20T17:00:00'",
    "text that is none": "UPDATE attempts SET path = x'ff', status = x'fe'",
    "hints that are words": "UPDATE hints SET stage = 'x'",
    "hints below zero": "UPDATE hints SET stage = -5",
    "sources that are none": "UPDATE sources SET zlib = x'00'",
    "sources that are words": "UPDATE sources SET zlib = 'words'",
    "another one's source": "UPDATE sources SET zlib = x'789c030000000001'",
    "given up at no time": "INSERT INTO given_up VALUES ('ex03', 'never')",
    "reset at no time": "INSERT INTO resets VALUES (1, 'never', 'ex03', 7)",
    "exercises without names": "UPDATE attempts SET exercise = x'ff'",
}


@pytest.mark.parametrize("statement", ODD.values(), ids=ODD)
def test_strange_content_is_passed_over(
    history: History, record: Callable[..., None], statement: str
) -> None:
    record(HALF)
    history.note_hint("ex03", "a", "d", 1)
    with closing(sqlite3.connect(history.root / FILE, isolation_level=None)) as database:
        database.execute(statement)
    history.last("ex03")
    history.best("ex03")
    history.known("ex03")
    history.passed("ex03")
    history.standing()
    history.attempts("ex03")
    history.resets("ex03")
    history.given_up("ex03")
    assert history.hint_stage("ex03", "a", "d") in (0, 1)
    assert history.source(HALF.sha256) in (None, SOURCE)
    record(PASSED)
    assert history.passed("ex03")
    newest = history.last("ex03")
    assert newest is not None
    assert newest.status == "passed"


def test_a_path_that_is_no_text_is_recorded(history: History) -> None:
    history.record(HALF, SOURCE, history.root / "\udcff\x1b.py", True)
    found = history.last("ex03")
    assert found is not None
    assert found.path == "\\udcff\x1b.py"


def test_a_file_that_cannot_be_used_is_told_of_in_the_verdicts_way(tmp_path: Path) -> None:
    (tmp_path / ".dojo").write_text("in the way")
    told: list[str] = []
    history = History(tmp_path, "zh", told.append)
    history.record(HALF, SOURCE, tmp_path / "x.py", True)
    history.give_up("ex03")
    assert len(told) == 1
    assert told[0].startswith("这次没能记录下来")


def test_the_old_state_is_left_alone(history: History, record: Callable[..., None]) -> None:
    old = history.root / ".dojo" / "ex03.json"
    old.parent.mkdir()
    old.write_text(json.dumps({"failed": ["b"], "shown": {"b": 2}}))
    record(HALF)
    assert json.loads(old.read_text()) == {"failed": ["b"], "shown": {"b": 2}}
