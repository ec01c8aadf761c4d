"""The public part of an exercise."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from grader.catalog import load_exercise
from grader.handout.pruning import names_in, prune
from grader.handout.public import exercise_files, public_exercise, public_harness, readmes
from grader.handout.writing import HandoutError
from grader.model import LANGUAGES, Exercise, Hint


def test_checks_build_on_public_ones_only(exercises: Sequence[Exercise]) -> None:
    cut = 0
    for exercise in exercises:
        public = public_exercise(exercise)
        names = {check.id for check in public.checks}
        for check in public.checks:
            assert set(check.after) <= names
            before = next(other for other in exercise.checks if other.id == check.id)
            cut += len(before.after) - len(check.after)
    assert cut > 0


def test_the_harness_has_each_public_check_once(exercises: Sequence[Exercise]) -> None:
    harness = public_harness(exercises)
    for exercise in exercises:
        text = harness[f"test_{exercise.folder}"]
        public = public_exercise(exercise).checks
        assert text.count("\ndef check_") == len(public)
        assert "idden check" not in text
        for check in public:
            assert f"\ndef check_{check.id}(lab: Lab)" in text


def test_each_check_alone_has_all_that_it_names(root: Path, exercises: Sequence[Exercise]) -> None:
    for exercise in exercises:
        path = root / "grader" / "harness" / f"test_{exercise.folder}.py"
        source = path.read_text(encoding="utf-8")
        known = names_in(source)
        for check in exercise.checks[::3]:
            pruned = prune(source, [f"check_{check.id}"])
            used = {node.id for node in ast.walk(ast.parse(pruned)) if isinstance(node, ast.Name)}
            assert used & known <= names_in(pruned), check.id
            assert pruned.count("\ndef check_") == 1


def test_a_check_without_its_function_is_told(exercises: Sequence[Exercise]) -> None:
    check = msgspec.structs.replace(exercises[1].checks[0], id="no_such_check")
    changed = msgspec.structs.replace(exercises[1], checks=(check,))
    with pytest.raises(HandoutError) as caught:
        public_harness([changed])
    assert caught.value.key == "bad_harness"
    assert "no_such_check" in str(caught.value.values["error"])


def test_hints_go_with_the_diagnoses_that_they_are_for(root: Path, tmp_path: Path) -> None:
    exercise = load_exercise(root, "ex03")
    hints = (
        Hint("always", "总是"),
        Hint("for one", "一", when=("stuck",)),
        Hint("for both", "二", when=("stuck", "spinning")),
    )
    checks = (msgspec.structs.replace(exercise.checks[0], hints=hints),)
    changed = msgspec.structs.replace(exercise, checks=checks)
    files = exercise_files(root, changed, LANGUAGES, {"stuck", "never_connected"})
    manifest = files["exercises/ex03_tcp_echo/exercise.yaml"]
    assert "for one" not in manifest
    assert "when: [spinning]" in manifest
    assert "never_connected" not in manifest
    assert not [name for name in files if "diagnoses/" in name]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_single_readme_does_not_speak_of_another(language: str, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# A\n\n[中文](README.zh.md)\n\nText.\n", encoding="utf-8")
    (tmp_path / "README.zh.md").write_text("# 甲\n\n[English](README.md)\n\n字。\n", "utf-8")
    found = readmes(tmp_path, "x", ["zh" if language == "zh" else "en"])
    assert found == {"x/README.md": "# 甲\n\n\n字。\n" if language == "zh" else "# A\n\n\nText.\n"}
    assert sorted(readmes(tmp_path, "x", LANGUAGES)) == ["x/README.md", "x/README.zh.md"]
