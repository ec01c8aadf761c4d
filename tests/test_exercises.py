"""Every exercise: whole, in both languages, its reference right and its stub not."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.catalog import (
    exercise_ids,
    load_exercise,
    mistakes,
    pristine_path,
    solution_path,
    stub_path,
    variants,
)
from grader.judge import Options, grade
from grader.model import Exercise
from grader.proof import structure
from grader.sandbox import IsolationChoice
from grader.texts import has_text

ROOT = Path(__file__).resolve().parents[1]
IDS = exercise_ids(ROOT)
_HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_HALF_WIDTH = re.compile(r"[\u4e00-\u9fff] ?[,;:!?]|[,;:!?] ?[\u4e00-\u9fff]")


@pytest.fixture(params=IDS)
def exercise(request: pytest.FixtureRequest) -> Exercise:
    return load_exercise(ROOT, request.param)


def committed(path: Path) -> bytes:
    """Return a file as the last commit has it; skip where git does not know."""
    name = path.relative_to(ROOT).as_posix()
    try:
        done = subprocess.run(
            ["git", "show", f"HEAD:./{name}"], cwd=ROOT, capture_output=True, check=False
        )
    except OSError as error:
        pytest.skip(f"no git: {error}")
    if done.returncode:
        pytest.skip(f"git has no {name}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def readmes(exercise: Exercise) -> Iterator[tuple[str, str]]:
    folder = ROOT / "exercises" / exercise.folder
    for name in ("README.md", "README.zh.md"):
        yield name, (folder / name).read_text(encoding="utf-8")


def test_there_are_exercises() -> None:
    assert "ex03" in IDS


def test_is_whole(exercise: Exercise) -> None:
    assert structure(ROOT, exercise) == []


@pytest.mark.needs_proc
def test_reference_passes(exercise: Exercise, best: IsolationChoice) -> None:
    verdict = grade(exercise, solution_path(ROOT, exercise), Options(isolation=best))
    shown = [(c.id, c.status, c.diagnosis, c.message) for c in verdict.checks]
    assert verdict.status == "passed", [line for line in shown if line[1] != "passed"]
    assert verdict.score == verdict.max_score > 0
    assert [check.id for check in verdict.checks] == [check.id for check in exercise.checks]


@pytest.mark.needs_proc
def test_stub_fails_every_check(exercise: Exercise, best: IsolationChoice) -> None:
    verdict = grade(exercise, pristine_path(ROOT, exercise), Options(isolation=best, language="zh"))
    assert verdict.status == "failed"
    assert verdict.score == 0
    counted = [check for check in verdict.checks if check.status != "skipped"]
    assert [c.id for c in counted if c.status not in ("failed", "stuck")] == []
    assert "not_implemented" in {check.diagnosis for check in counted}


def test_the_stub_to_reset_to_is_the_one_that_is_shipped(exercise: Exercise) -> None:
    shipped = committed(stub_path(ROOT, exercise)).replace(b"\r\n", b"\n")
    if shipped.count(b"raise NotImplementedError") < len(exercise.functions):
        pytest.skip("a learner has committed work of their own")
    assert pristine_path(ROOT, exercise).read_bytes().replace(b"\r\n", b"\n") == shipped


def test_readmes_teach_in_both_languages(exercise: Exercise) -> None:
    shapes = []
    for name, text in readmes(exercise):
        assert "```mermaid" in text, name
        assert f"nox -s grade -- {exercise.id}" in text, name
        assert (len(_CHINESE.findall(text)) > 500) == (name == "README.zh.md"), name
        for function in exercise.functions:
            assert function in text, f"{name} says nothing of {function}"
        shapes.append(text.count("```mermaid"))
    assert shapes[0] == shapes[1]


def test_readmes_link_to_what_is_there(exercise: Exercise) -> None:
    folder = ROOT / "exercises" / exercise.folder
    for name, text in readmes(exercise):
        for target in re.findall(r"\]\(([^)\s#]+)", text):
            if "://" not in target:
                assert (folder / target).exists(), f"{name}: {target}"


def test_every_text_has_both_languages(exercise: Exercise) -> None:
    texts = [exercise.title, exercise.summary, *exercise.concepts, *exercise.diagnoses.values()]
    for check in exercise.checks:
        texts += [check.title, *check.hints]
    for text in texts:
        assert text.en.strip()
        # A name such as "TCP" is the same in both; an English sentence quotes a word at the most.
        assert _CHINESE.search(text.zh) or text.zh == text.en, text.zh
        assert len(_CHINESE.findall(text.en)) <= 6, text.en


def test_every_diagnosis_of_a_mistake_has_its_text(exercise: Exercise) -> None:
    for mistake in mistakes(ROOT, exercise):
        for diagnosis in mistake.caught_by.values():
            known = diagnosis in exercise.diagnoses or has_text(f"diagnoses.{diagnosis}", "en")
            assert known, f"{mistake.path.name}: {diagnosis}"


def functions_of(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the functions of a file and their parameters, without running it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.name: tuple(a.arg for a in (*node.args.posonlyargs, *node.args.args))
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }


def test_functions_are_those_of_the_manifest(exercise: Exercise) -> None:
    stub = functions_of(pristine_path(ROOT, exercise))
    reference = functions_of(solution_path(ROOT, exercise))
    for name, parameters in exercise.functions.items():
        assert stub[name] == parameters
        assert reference[name] == parameters
    assert set(stub) - {"main"} == set(exercise.functions)


def test_stub_asks_and_does_not_answer(exercise: Exercise) -> None:
    source = pristine_path(ROOT, exercise).read_text(encoding="utf-8")
    assert "TODO" in source
    assert _CHINESE.search(source)
    tree = ast.parse(source)
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name != "main":
            assert ast.get_docstring(node), node.name
            assert ast.unparse(node.body[-1]) == "raise NotImplementedError", node.name
            assert len(node.body) == 2, f"{node.name} has more than its docstring"


def test_nothing_hidden_is_shown(exercise: Exercise) -> None:
    """What students get names no hidden check, and holds no line of the reference's code."""
    hidden = [check.id for check in exercise.checks if check.visibility == "hidden"]
    assert hidden
    folder = ROOT / "exercises" / exercise.folder
    names = {"README.md", "README.zh.md", "exercise.yaml", f"{exercise.slug}.py", ".stub.py"}
    found = {p.name for p in folder.iterdir() if p.name not in ("__pycache__", "diagnoses")}
    assert found == names
    shown = [text for _, text in readmes(exercise)]
    shown.append(pristine_path(ROOT, exercise).read_text(encoding="utf-8"))
    for text in shown:
        assert not [name for name in hidden if re.search(rf"\b{name}\b", text)]
        assert "solutions/" not in text
        assert "mistakes/" not in text


def test_solutions_hold_no_stray_file(exercise: Exercise) -> None:
    folder = ROOT / "solutions" / exercise.folder
    known = {solution_path(ROOT, exercise), *variants(ROOT, exercise)}
    known |= {mistake.path for mistake in mistakes(ROOT, exercise)}
    found = {p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    assert found == known


def test_every_variant_says_what_it_is_in_both_languages(exercise: Exercise) -> None:
    said = []
    for path in variants(ROOT, exercise):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0].startswith("# variant: "), path.name
        at = next((n for n, line in enumerate(lines) if line.startswith("# 变体：")), 0)
        assert at, f"{path.name} says nothing in Chinese"
        # Between the two stands only what goes on with the English one.
        assert all(line.startswith("#  ") for line in lines[1:at]), path.name
        assert not _CHINESE.search("".join(lines[:at])), path.name
        chinese = lines[at].removeprefix("# 变体：")
        assert _CHINESE.search(chinese), path.name
        assert not _HALF_WIDTH.search(chinese), chinese
        assert not chinese.endswith(("。", ".")), chinese
        assert len(lines[at]) <= 98, path.name
        said += [" ".join(lines[:at]), chinese]
    assert len(set(said)) == len(said)


def test_hints_become_more_and_never_repeat(exercise: Exercise) -> None:
    for check in exercise.checks:
        for language in ("en", "zh"):
            said = [hint.in_language(language) for hint in check.hints]
            assert len(set(said)) == len(said), check.id


def test_ids_and_points(exercise: Exercise) -> None:
    assert len(exercise.checks) >= 10
    titles = [check.title.en for check in exercise.checks]
    assert len(set(titles)) == len(titles)
    for check in exercise.checks:
        assert not check.title.en.endswith(".")
        assert not check.title.zh.endswith("。")
        assert check.points in (1, 2)
