"""The proof itself: it complains about everything that is not as it must be, and else is silent."""

from __future__ import annotations

import shutil
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from grader import proof
from grader.catalog import load_exercise, mistakes, variants
from grader.model import Check, CheckResult, Exercise, GraderInfo, Isolation, Text, Verdict
from grader.proof import Case, Finding, complaints_about, structure
from grader.sandbox import IsolationChoice

HERE = Path("x.py")


def result(name: str, status: str, diagnosis: str = "") -> CheckResult:
    earned = 1.0 if status == "passed" else 0.0
    return CheckResult(
        id=name,
        title=name,
        status=status,  # type: ignore[arg-type]
        points=1.0,
        earned=earned,
        visibility="public",
        duration_s=0.0,
        diagnosis=diagnosis,
        message="why",
        expected="e",
        received="r",
    )


def verdict(**checks: str) -> Verdict:
    """Make a verdict from ``check="status diagnosis"``."""
    results = tuple(result(name, *what.split()) for name, what in checks.items())
    return Verdict(
        exercise="ex03",
        slug="x",
        submission="x.py",
        sha256="",
        status="failed",
        score=0.0,
        max_score=2.0,
        duration_s=0.0,
        seed=1,
        isolation=Isolation("none", "x"),
        grader=GraderInfo("1", "3"),
        checks=results,
    )


@pytest.mark.parametrize(
    ("kind", "caught_by", "checks", "complaints"),
    [
        ("reference", {}, {"a": "passed", "b": "passed"}, []),
        ("reference", {}, {"a": "passed", "b": "skipped"}, []),
        ("reference", {}, {"a": "failed d"}, ["a: must pass, but d: why [e / r]"]),
        ("variant", {}, {"a": "stuck d"}, ["a: must pass, but d: why [e / r]"]),
        ("variant", {}, {"a": "error"}, ["a: grader error: why"]),
        ("stub", {}, {"a": "failed d", "b": "stuck e"}, []),
        ("stub", {}, {"a": "failed d", "b": "passed"}, ["b: the stub passes it"]),
        ("stub", {}, {"a": "skipped", "b": "failed d"}, []),
        ("stub", {}, {"a": "error", "b": "passed"}, ["a: grader error: why"]),
        ("mistake", {"a": "d"}, {"a": "failed d", "b": "passed"}, []),
        ("mistake", {"a": "d"}, {"a": "stuck d", "b": "skipped"}, []),
        ("mistake", {"a": "d"}, {"a": "passed"}, ["a: passed, must fail with d"]),
        ("mistake", {"a": "d"}, {"a": "failed e"}, ["a: shows e, must show d"]),
        (
            "mistake",
            {"a": "d"},
            {"a": "failed d", "b": "failed d"},
            ["b: must pass, but d: why [e / r]"],
        ),
        ("mistake", {"a": "d"}, {"a": "error"}, ["a: grader error: why"]),
    ],
)
def test_complains_about_what_must_not_be(
    kind: str, caught_by: dict[str, str], checks: dict[str, str], complaints: list[str]
) -> None:
    assert complaints_about(Case("ex03", kind, HERE, caught_by), verdict(**checks)) == complaints


# -- structure -------------------------------------------------------------------------


@pytest.fixture
def exercise(suite: Path) -> Exercise:
    return load_exercise(suite, "ex03")


def test_a_whole_exercise_has_no_complaints(suite: Path, exercise: Exercise) -> None:
    assert structure(suite, exercise) == []


def test_lists_every_case(suite: Path, exercise: Exercise) -> None:
    found = proof.cases(suite, exercise)
    kinds = [case.kind for case in found]
    assert kinds[:2] == ["stub", "reference"]
    assert kinds.count("variant") == len(variants(suite, exercise))
    assert kinds.count("mistake") == len(mistakes(suite, exercise))
    assert all(case.path.is_file() for case in found)


def test_misses_a_harness(suite: Path) -> None:
    name = Text("x", "x")
    made = Exercise("ex97", "no_such", name, name, (), {}, (Check("a", name, 1.0),))
    found = structure(suite, made)
    assert "no harness test_ex97_no_such.py" in found
    assert "no solutions/ex97_no_such/no_such.py" in found
    assert "no exercises/ex97_no_such/README.zh.md" in found
    assert "no .stub.py: a copy of the stub as it is shipped, for reset" in found


def test_misses_checks_on_either_side(
    suite: Path, exercise: Exercise, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    harness = tmp_path / "harness"
    harness.mkdir()
    source = (proof._HARNESS / "test_ex03_tcp_echo.py").read_text(encoding="utf-8")
    first = exercise.checks[0].id
    changed = source.replace(f"def check_{first}(", "def check_of_nothing(")
    (harness / "test_ex03_tcp_echo.py").write_text(changed, encoding="utf-8")
    monkeypatch.setattr(proof, "_HARNESS", harness)
    assert structure(suite, exercise) == [
        "check of_nothing is in the harness only",
        f"check {first} is in exercise.yaml only",
    ]


def test_misses_variants_and_mistakes(suite: Path, exercise: Exercise) -> None:
    for kind in ("variants", "mistakes"):
        shutil.rmtree(suite / "solutions" / "ex03_tcp_echo" / kind)
    found = structure(suite, exercise)
    assert "fewer than five variants: 0" in found
    assert "fewer than twelve mistakes: 0" in found
    for check in exercise.checks:
        assert f"check {check.id} is named by no mistake" in found


_NO_ENGLISH = "does not begin with '# variant: <what is unusual>'"
_NO_CHINESE = "no '# 变体：<the same in Chinese>' after '# variant: …'"


@pytest.mark.parametrize(
    ("head", "complaint"),
    [
        ("# variant: one\n# 变体：一\nimport os\n", ""),
        ("# variant: one\n# 变体：一", ""),
        ("\ufeff# variant: one\r\n# 变体：一\r\n", ""),
        ("# variant: one,\n#          two,\n#  three\n# 变体：一、二、三\n# ruff: noqa\n", ""),
        ("", _NO_ENGLISH),
        ("\n# variant: one\n# 变体：一\n", _NO_ENGLISH),
        ("# variant:\n# 变体：一\n", _NO_ENGLISH),
        ("# 变体：一\n# variant: one\n", _NO_ENGLISH),
        ("# mistake: one\n# 变体：一\n", _NO_ENGLISH),
        ("# variant: one", _NO_CHINESE),
        ("# variant: one\nimport os\n# 变体：一\n", _NO_CHINESE),
        ("# variant: one\n# ruff: noqa\n# 变体：一\n", _NO_CHINESE),
        ("# variant: one\n\n# 变体：一\n", _NO_CHINESE),
        ("# variant: one\n# 变体：\n", _NO_CHINESE),
        ("# variant: one\n# 变体：one\n", _NO_CHINESE),
        ("# variant: one\n# 变体: 一\n", _NO_CHINESE),
    ],
)
def test_a_variant_says_what_it_is_in_both_languages(
    suite: Path, exercise: Exercise, head: str, complaint: str
) -> None:
    name = "solutions/ex03_tcp_echo/variants/zz_mine.py"
    (suite / name).write_bytes(head.encode())
    assert structure(suite, exercise) == ([f"{name}: {complaint}"] if complaint else [])


def test_a_variant_that_is_no_text_is_one_line(suite: Path, exercise: Exercise) -> None:
    name = "solutions/ex03_tcp_echo/variants/zz_mine.py"
    (suite / name).write_bytes(b"# variant: one\n# \xff\n")
    assert structure(suite, exercise) == [f"{name}:2: not UTF-8: byte 0xff"]


def test_a_mistake_that_is_broken_is_one_line_among_others(suite: Path, exercise: Exercise) -> None:
    name = "solutions/ex03_tcp_echo/mistakes/aa_mine.py"
    (suite / name).write_text("# wrong\n")
    (suite / "exercises" / "ex03_tcp_echo" / "README.md").unlink()
    assert structure(suite, exercise) == [
        "no exercises/ex03_tcp_echo/README.md",
        f"{name}:1: expected '# mistake: <one sentence>'",
    ]


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (b"\xff", "test_ex03_tcp_echo.py:1: not UTF-8: byte 0xff"),
        (b"\ndef check_server_keeps_idle(lab", "check server_keeps_idle is in the harness twice"),
        (b"\n# FILL IN\n", "template text is still there (1)"),
    ],
    ids=["bytes", "twice", "template"],
)
def test_complains_of_a_harness(
    suite: Path,
    exercise: Exercise,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    source: bytes,
    complaint: str,
) -> None:
    name = "test_ex03_tcp_echo.py"
    whole = (proof._HARNESS / name).read_bytes()
    (tmp_path / name).write_bytes(source if source == b"\xff" else whole + source)
    monkeypatch.setattr(proof, "_HARNESS", tmp_path)
    (found,) = structure(suite, exercise)
    assert found.endswith(complaint)


def test_misses_texts_and_pages_of_diagnoses(suite: Path, exercise: Exercise) -> None:
    name = suite / "solutions" / "ex03_tcp_echo" / "mistakes" / "aa_mine.py"
    name.write_text("# mistake: x\n# caught_by:\n#   server_keeps_idle: no_such_thing\n")
    changed = structs.replace(exercise, diagnoses={"of_mine": Text("x", "x")})
    found = structure(suite, changed)
    assert "no page diagnoses/of_mine.zh.md: what lies behind the diagnosis" in found
    text = "has no text: add it to diagnoses: in exercise.yaml"
    assert f"diagnosis no_such_thing {text}" in found


# -- a real one ------------------------------------------------------------------------


@pytest.mark.needs_proc
def test_judges_a_real_mistake(
    suite: Path, exercise: Exercise, best: IsolationChoice, tmp_path: Path
) -> None:
    wrong = tmp_path / "tcp_echo.py"
    wrong.write_text("def serve(:\n")
    todo = [
        Case("ex03", "mistake", wrong, {c.id: "syntax_error" for c in exercise.checks}),
        Case("ex03", "reference", wrong),
    ]
    with proof.graded(suite, todo, best, 1) as found:
        right, false = found
    assert isinstance(right, Finding)
    assert isinstance(false, Finding)
    assert right.complaints == ()
    assert len(false.complaints) == len(exercise.checks)


@pytest.mark.needs_proc
def test_workers_judge_in_order(suite: Path, best: IsolationChoice, tmp_path: Path) -> None:
    todo = [Case("ex03", "stub", tmp_path / f"{number}.py") for number in range(4)]
    with proof.graded(suite, todo, best, 2) as findings:
        found = list(findings)
    assert [finding.case for finding in found if isinstance(finding, Finding)] == todo
    assert all(isinstance(finding, Finding) and not finding.complaints for finding in found)


def test_what_kept_the_grader_from_a_verdict_is_told(suite: Path, best: IsolationChoice) -> None:
    todo = [Case("ex99", "stub", suite / "x.py")]
    with proof.graded(suite, todo, best, 1) as found:
        (told,) = found
    assert isinstance(told, str)
    assert "ex99" in told


def test_no_worker_goes_on_after_an_interruption(
    suite: Path, best: IsolationChoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in ``verify``: what has not begun is given up."""
    futures: list[Future[object]] = []

    class Pool(ProcessPoolExecutor):
        def submit(self, *words: Any, **more: Any) -> Any:
            futures.append(super().submit(*words, **more))
            return futures[-1]

    monkeypatch.setattr("grader.proof.ProcessPoolExecutor", Pool)
    todo = [Case("ex03", "stub", suite / f"{number}.py") for number in range(50)]

    def interrupted() -> None:
        with proof.graded(suite, todo, best, 2) as found:
            next(found)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(futures) == 50
    assert sum(future.cancelled() for future in futures) > 30
