"""``verdicts.jsonl``: one JSON object a line for each file that was handed in (jsonlines.org).

All of it is ASCII: nothing in it can steer a terminal that shows it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from grader.classroom.course import Course
from grader.classroom.exports._files import write_whole
from grader.classroom.exports._words import counting, students
from grader.classroom.gradebook import Cell, figures
from grader.classroom.model import ClassResult, Graded, Student

NAME = "jsonl"
SCHEMA = 1


def write(result: ClassResult, course: Course, folder: Path) -> list[Path]:
    """Write the file."""
    counts, people = counting(figures(result, course)), students(result)
    lines = []
    for graded in result.graded:
        data = _plain(graded, counts.get(id(graded)), people)
        words = json.dumps(data, allow_nan=False, separators=(",", ":"))
        lines.append(words.replace("##[", "##\\u005b") + "\n")  # GitHub's runner obeys it
    return [write_whole(folder / "verdicts.jsonl", "".join(lines).encode("ascii"))]


def _plain(graded: Graded, cell: Cell | None, people: Mapping[str, Student]) -> dict[str, Any]:
    """Return one line's object; ``points`` are those of the cell that it counts for, or null."""
    handed = graded.handed
    student = people.get(handed.student, Student(handed.student))
    points = cell.points if cell else None
    return {
        "schema": SCHEMA,
        "student": {
            "key": student.key,
            "name": student.name,
            "id": student.id,
            "login": student.login,
            "mail": student.mail,
            "in_roster": student.in_roster,
        },
        "exercise": handed.exercise,
        "attempt": handed.attempt,
        "origin": handed.origin,
        "name": handed.name,
        "sha256": handed.sha256,
        "size": handed.size,
        "submitted_at": handed.submitted_at.isoformat() if handed.submitted_at else None,
        "late": handed.late,
        "counts": cell is not None,
        "status": cell.status if cell else None,
        "points": None if points is None else float(points),
        "out_of": float(cell.out_of) if cell else None,
        "days_late": cell.days_late if cell else None,
        "penalty": float(cell.penalty) if cell else None,
        "flags": list(cell.flags) if cell else [],
        "graded_at": graded.at.isoformat() if graded.at else None,
        "reused": graded.reused,
        "log": graded.log,
        "verdict": msgspec.to_builtins(graded.verdict),
    }
