"""Files whose verdicts are known without grading them: the suite's own, and what nobody can grade.

Proof of the suite's own is ``nox -s verify``: a mistake fails the checks that its header names,
with these diagnoses, and no others; the reference and the variants pass all of them.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from grader.catalog import load_all, mistakes, pristine_path, solution_path, variants
from grader.model import Exercise

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Known:
    """A file for an exercise, and what must come out.

    ``caught_by`` says which checks fail, and with which diagnosis ("" where several are right);
    all the others pass.
    """

    exercise: str
    kind: str  # "reference", "variant asyncio_streams", "mistake one_recv", "empty", …
    source: bytes
    caught_by: Mapping[str, str]

    @property
    def passes(self) -> bool:
        """Whether every check passes."""
        return not self.caught_by

    @property
    def score(self) -> float:
        """The points of the checks that pass."""
        checks = exercises()[self.exercise].checks
        return sum(check.points for check in checks if check.id not in self.caught_by)

    def marked(self, mark: str) -> Known:
        """Return it with other bytes: a comment at the end.  What is no text stays as it is."""
        if self.kind in _NOT_MARKED:
            return self
        return replace(self, source=self.source + f"\n# {mark}\n".encode())


@cache
def exercises() -> dict[str, Exercise]:
    """Return every exercise of the suite by its id."""
    return {exercise.id: exercise for exercise in load_all(ROOT)}


@cache
def graded_well(exercise_id: str) -> tuple[Known, ...]:
    """Return the reference and the variants of an exercise: all of them pass."""
    exercise = exercises()[exercise_id]
    found = [Known(exercise_id, "reference", solution_path(ROOT, exercise).read_bytes(), {})]
    for path in variants(ROOT, exercise):
        found.append(Known(exercise_id, f"variant {path.stem}", path.read_bytes(), {}))
    return tuple(found)


@cache
def graded_badly(exercise_id: str) -> tuple[Known, ...]:
    """Return the mistakes of an exercise."""
    return tuple(
        Known(exercise_id, f"mistake {m.path.stem}", m.path.read_bytes(), m.caught_by)
        for m in mistakes(ROOT, exercises()[exercise_id])
    )


def stub(exercise_id: str) -> bytes:
    """Return the stub of an exercise as it is handed out."""
    return pristine_path(ROOT, exercises()[exercise_id]).read_bytes()


# What is put behind a right solution, and the diagnosis of every check then (None: all pass).
_BEHIND = {
    "sleeps": (b"import time\ntime.sleep(10 ** 6)\n", "endless_import"),
    "spins": (b"while True:\n    pass\n", "endless_import"),
    "exits": (b"import os\nos._exit(0)\n", "import_ended"),
    "leaves": (b"raise SystemExit(0)\n", "import_ended"),
    "kills": (b"import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", "import_ended"),
    "forks": (
        b"import os, time\nfor _ in range(11):\n    if os.fork() == 0:\n        os.setsid()\n"
        b"time.sleep(60)\n",
        "",
    ),
    "syntax": (b"def request(:\n", "syntax_error"),
    "prints": (b"print('x' * 10_000_000)\n", None),
}
ODD = (*_BEHIND, "bom", "crlf", "empty", "blank", "utf16", "docx", "huge", "notebook", "stub")
# Their bytes say all: the same for everybody.
_NOT_MARKED = ("empty", "blank", "utf16", "docx", "huge", "notebook", "stub")


def odd(exercise_id: str, kind: str) -> Known:
    """Return one file of `ODD`: it harms, hangs, or is not Python; three of them are right."""
    reference = graded_well(exercise_id)[0].source
    if kind in _BEHIND:
        behind, diagnosis = _BEHIND[kind]
        caught_by = {} if diagnosis is None else _all_checks(exercise_id, diagnosis)
        return Known(exercise_id, kind, reference + b"\n" + behind, caught_by)
    if kind == "bom":
        return Known(exercise_id, kind, b"\xef\xbb\xbf" + reference, {})
    if kind == "crlf":
        return Known(exercise_id, kind, reference.replace(b"\n", b"\r\n"), {})
    source, diagnosis = {
        "empty": (b"", "file_empty"),
        "blank": (b" \n\t\n", "file_empty"),
        "utf16": (reference.decode().encode("utf-16"), "file_not_utf8"),
        "docx": (_word_document(), "file_not_python"),
        "huge": (reference + b"#" * (2 << 20), "file_too_big"),
        "notebook": (notebook(reference), "file_not_python"),
        "stub": (stub(exercise_id), ""),
    }[kind]
    return Known(exercise_id, kind, source, _all_checks(exercise_id, diagnosis))


def _all_checks(exercise_id: str, diagnosis: str) -> dict[str, str]:
    return {check.id: diagnosis for check in exercises()[exercise_id].checks}


def notebook(source: bytes) -> bytes:
    """Return a Jupyter notebook with one cell."""
    cell: dict[str, object] = {
        "cell_type": "code",
        "source": source.decode().splitlines(keepends=True),
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    book = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(book).encode()


def _word_document() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("[Content_Types].xml"), "<Types/>")
        archive.writestr(zipfile.ZipInfo("word/document.xml"), "<w:document/>")
    return buffer.getvalue()
