"""What a file is by its name."""

from __future__ import annotations

import pytest

from grader.classroom.collecting import kinds


@pytest.mark.parametrize("name", ["tcp_echo.py", "EX03.PY", "a b.py", "张三.py", "-.py"])
def test_may_be_work(name: str) -> None:
    assert kinds.is_python(name)


@pytest.mark.parametrize(
    "name",
    ["._a.py", "test_a.py", "conftest.py", "noxfile.py", ".stub.py", "setup.py", "a.pyc", "a"],
)
def test_is_never_work(name: str) -> None:
    assert not kinds.is_python(name)


@pytest.mark.parametrize("name", [".git", "__pycache__", "__MACOSX", ".venv", "Node_Modules"])
def test_folders_that_are_nobodys(name: str) -> None:
    assert kinds.is_ignored_folder(name)


@pytest.mark.parametrize("name", ["git", "ann", "tests", "src", "__pycache__2", ""])
def test_folders_that_may_be_somebodys(name: str) -> None:
    assert not kinds.is_ignored_folder(name)
