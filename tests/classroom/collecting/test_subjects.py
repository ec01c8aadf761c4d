"""Which exercise a file is for."""

from __future__ import annotations

import pytest

from grader.classroom.collecting.subjects import Evidence, Subjects, defined

from .conftest import CODEC, ECHO, exercises, stub

SUBJECTS = Subjects(exercises())


@pytest.mark.parametrize(
    ("name", "exercise", "evidence", "left"),
    [
        ("tcp_echo.py", "ex03", Evidence.NAME, ()),
        ("Tcp Echo (1).PY", "ex03", Evidence.NAME, ()),
        ("TcpEcho.py", "ex03", Evidence.NAME, ()),
        ("ex3.py", "ex03", Evidence.WORDS, ()),
        ("ex03_ann.py", "ex03", Evidence.WORDS, ("ann",)),
        ("ann_tcp_echo_final.py", "ex03", Evidence.WORDS, ("ann",)),
        ("tcp_echo-ann.py", "ex03", Evidence.WORDS, ("ann",)),
        ("Exercise 14 - Ann Lee.py", "ex14", Evidence.WORDS, ("ann", "lee")),
        ("张三 实验3.py", "ex03", Evidence.WORDS, ("张三",)),
        ("main.py", None, Evidence.NONE, ()),
        ("ex99.py", None, Evidence.NONE, ("ex99",)),
        ("ex01_ex03.py", None, Evidence.NONE, ()),
        ("20230003.py", None, Evidence.NONE, ("20230003",)),
    ],
)
def test_by_name(
    name: str, exercise: str | None, evidence: Evidence, left: tuple[str, ...]
) -> None:
    subject = SUBJECTS.by_name(name)
    assert (subject.exercise and subject.exercise.id) == exercise
    assert subject.evidence is evidence
    assert subject.left == left


@pytest.mark.parametrize(
    ("folder", "exercise", "rest"),
    [
        ("ex03_tcp_echo", "ex03", ""),
        ("ex03", "ex03", ""),
        ("TCP echo", "ex03", ""),
        ("Exercise 3: The TCP echo server", "ex03", ""),
        ("ann_ex03.zip", "ex03", "ann"),
        ("Ann Lee", None, "Ann Lee"),
        ("submissions", None, ""),
        ("3", None, "3"),
    ],
)
def test_of_folder(folder: str, exercise: str | None, rest: str) -> None:
    found = SUBJECTS.of_folder(folder)
    assert (found and found.id) == exercise
    assert SUBJECTS.rest_of(folder) == rest


def test_the_innermost_folder_counts() -> None:
    found = SUBJECTS.by_folder(("ex01", "ann", "ex03"))
    assert found is not None
    assert found.id == "ex03"


@pytest.mark.parametrize("exercise", exercises(), ids=lambda e: e.id)
def test_every_stub_is_known_by_its_functions(exercise: object) -> None:
    assert SUBJECTS.by_functions(stub(exercise.id)) is exercise  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("source", "exercise"),
    [
        (ECHO, "ex03"),
        (CODEC, "ex01"),
        (b"async def serve(host, port): ...\n", "ex07"),
        (b"def request(url)\n    this is (no Python\n", "ex14"),
        (b"request = lambda url: 1\r\n", "ex14"),
        (b"request == 1\n", None),
        (b"class A:\n    def request(self): ...\n", None),
        (b"# def request(url):\n", None),
        (ECHO + CODEC, None),
        (b"", None),
        (b"\xff\xfe" + "def request(u): ...".encode("utf-16-le"), None),
        (b"(" * 200_000, None),
        (b"def request" * 20_000, None),
    ],
    ids=lambda value: repr(value[:30]) if isinstance(value, bytes) else "",
)
def test_by_functions(source: bytes, exercise: str | None) -> None:
    found = SUBJECTS.by_functions(source)
    assert (found and found.id) == exercise


def test_names_at_the_margin() -> None:
    assert defined(b"def a(): ...\nb: int = 1\nif 1:\n  def c(): ...\n") == {"a", "b"}
