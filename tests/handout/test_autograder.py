"""What Gradescope gets for what students upload: run in a folder like its container's."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from grader.handout.autograder import main
from grader.judge import Judge
from grader.sandbox import IsolationChoice, SandboxError

SOLUTIONS = Path(__file__).resolve().parents[2] / "solutions" / "ex03_tcp_echo"
Results = dict[str, Any]


@pytest.fixture
def place(
    root: Path, best: IsolationChoice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Return a folder like ``/autograder``, for ex03."""
    manifest = "exercises/ex03_tcp_echo/exercise.yaml"
    (tmp_path / "source" / manifest).parent.mkdir(parents=True)
    shutil.copy(root / manifest, tmp_path / "source" / manifest)
    (tmp_path / "submission").mkdir()
    (tmp_path / "results").mkdir()
    settle(tmp_path, isolation="partial" if best == "full" else best)
    monkeypatch.setenv("AUTOGRADER_ROOT", str(tmp_path))
    return tmp_path


def settle(place: Path, **changes: object) -> None:
    settings = {"exercises": ["ex03"], "language": "en", **changes}
    (place / "source" / "autograder.json").write_text(json.dumps(settings), encoding="utf-8")


def results(place: Path) -> Results:
    assert main() == 0
    assert os.listdir(place / "results") == ["results.json"]
    found: Results = json.loads((place / "results" / "results.json").read_text(encoding="utf-8"))
    return found


def failed(found: Results) -> dict[str, str]:
    return {
        test["extra_data"]["id"]: test["extra_data"]["diagnosis"]
        for test in found["tests"]
        if test["status"] != "passed"
    }


@pytest.mark.needs_landlock
def test_the_reference_gets_all_points(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(SOLUTIONS / "tcp_echo.py", place / "submission")
    (place / "submission" / "helper.py").write_text("print('not this one')\n")
    found = results(place)
    assert (found["score"], failed(found)) == (24.0, {})
    assert sum(test["max_score"] for test in found["tests"]) == 24.0
    assert {test["visibility"] for test in found["tests"]} == {"visible", "after_published"}
    assert "landlock" in capsys.readouterr().out


@pytest.mark.needs_landlock
def test_a_mistake_is_told_by_its_diagnosis(place: Path) -> None:
    path = SOLUTIONS / "mistakes" / "leaves_connection_open.py"
    shutil.copy(path, place / "submission" / "tcp_echo.py")
    found = results(place)
    assert failed(found) == {
        "server_lets_next_client_in": "connection_left_open",
        "server_answers_half_closing_client": "connection_left_open",
    }
    (shown,) = [t for t in found["tests"] if t["extra_data"]["id"] == "server_lets_next_client_in"]
    assert "tcp_echo.py:" in shown["output"]
    assert "▸" in shown["output"]


def broken(text: str = "def serve(:\n") -> bytes:
    """Return a file that takes no time to grade."""
    return text.encode()


def test_an_empty_upload_says_what_was_expected(place: Path) -> None:
    found = results(place)
    assert found["score"] == 0.0
    assert found["output"].startswith("There is no Python file in what you uploaded; tcp_echo.py")
    assert set(failed(found).values()) == {"file_missing"}


def test_another_name_is_graded_with_a_remark(place: Path) -> None:
    (place / "submission" / "my echo.py").write_bytes(broken())
    found = results(place)
    assert found["output"].startswith("my echo.py was graded, as there is no tcp_echo.py.")
    assert set(failed(found).values()) == {"syntax_error"}


def test_a_zip_is_looked_into(place: Path) -> None:
    with zipfile.ZipFile(place / "submission" / "work.zip", "w") as archive:
        archive.writestr("src/tcp_echo.py", broken())
        archive.writestr("../../escape.py", b"")
    found = results(place)
    assert "work.zip/src/tcp_echo.py" in found["output"]
    assert set(failed(found).values()) == {"syntax_error"}
    assert sorted(os.listdir(place)) == ["results", "source", "submission"]


def test_two_different_files_are_not_guessed_at(place: Path) -> None:
    for name in ("a", "b"):
        (place / "submission" / name).mkdir()
        (place / "submission" / name / "tcp_echo.py").write_bytes(broken(f"{name} = (\n"))
    found = results(place)
    assert found["output"].startswith("You uploaded different files called tcp_echo.py")
    assert "a/tcp_echo.py, b/tcp_echo.py" in found["output"]
    assert found["score"] == 0.0


def test_hostile_names_stay_text(place: Path) -> None:
    for n in range(2):
        (place / "submission" / f"\x1b[31m::error::{n}\u202e\n::x.py").write_bytes(broken())
        (place / "submission" / f"{n}.py").write_bytes(broken(f"{n}(\n"))
    output = results(place)["output"]
    assert output.replace("\n", "").isprintable()
    assert "\n::" not in output


def test_several_exercises_and_the_language(place: Path, root: Path) -> None:
    manifest = "exercises/ex01_bytes_codec/exercise.yaml"
    (place / "source" / manifest).parent.mkdir()
    shutil.copy(root / manifest, place / "source" / manifest)
    settle(place, exercises=["ex01", "ex03"], language="zh")
    (place / "submission" / "tcp_echo.py").write_bytes(broken())
    found = results(place)
    assert found["output"].startswith("你上传的内容里没有名为 bytes_codec.py 的文件")
    assert {test["number"][:2] for test in found["tests"]} == {"1.", "2."}
    assert set(failed(found).values()) == {"file_missing", "syntax_error"}


# -- where we fail ---------------------------------------------------------------------


def no_results(place: Path) -> None:
    (place / "results" / "results.json").write_text("an older one")
    assert main() == 3
    assert os.listdir(place / "results") == []


class Errors:
    """A judge whose first verdicts are grader errors."""

    def __init__(self, left: int, real: Callable[..., Any]) -> None:
        self.left = left
        self.real = real

    def __call__(self, *values: Any) -> Any:
        judge = self.real(*values)
        verdict = judge.verdict

        def failing(problem: object) -> object:
            found = verdict(problem)
            if self.left:
                self.left -= 1
                checks = tuple(
                    msgspec.structs.replace(check, status="error") for check in found.checks
                )
                found = msgspec.structs.replace(found, status="error", checks=checks)
            return found

        judge.verdict = failing
        return judge


def test_our_fault_leaves_no_result(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("grader.handout.autograder.Judge", Errors(2, Judge))
    no_results(place)
    assert "server_echoes_one_message" in capsys.readouterr().err


def test_our_fault_is_given_one_more_try(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.handout.autograder.Judge", Errors(1, Judge))
    assert results(place)["score"] == 0.0


@pytest.mark.parametrize(
    "settings", [b"", b"{}", b'{"exercises": ["ex99"]}', b'{"exercises": ["ex03"], "x": 1}']
)
def test_a_broken_zip_leaves_no_result(settings: bytes, place: Path) -> None:
    (place / "source" / "autograder.json").write_bytes(settings)
    no_results(place)


def test_a_container_without_isolation_leaves_no_result(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise SandboxError("no Landlock here")

    (place / "submission" / "tcp_echo.py").write_text("x = 1\n")
    monkeypatch.setattr("grader.judge.open_sandbox", refuse)
    no_results(place)
    assert "no Landlock here" in capsys.readouterr().err
