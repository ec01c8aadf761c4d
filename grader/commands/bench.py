"""``bench``: how fast a grading is, as ratios of medians in one run.

Machines differ and are noisy; the ratio to one empty pytest test in the same environment,
run in turn with the rest, says more than seconds do.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.catalog import exercise_ids, load_exercise, solution_path
from grader.cli import PASSED, BadRequestError, Parser, suite_root
from grader.commands._class_bench import HANGING, print_rows
from grader.commands._class_bench import run as run_class
from grader.commands._processor import Meter, metering
from grader.commands._soak import cores
from grader.model import Language
from grader.texts import text

_EMPTY_TEST = "def test_nothing():\n    pass\n"


@dataclass
class Row:
    """One command that is timed; ``of`` names the row that it is compared with."""

    name: str
    command: list[str]
    of: str = "pytest"
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def run(argv: Sequence[str], language: Language) -> int:
    """Time everything in turn, so often, and print medians and ratios."""
    made = Parser(prog="bench", description=text("cli.bench_about", language))
    made.add_argument("what", nargs="?", choices=("class",), help=text("cli.bench_what", language))
    made.add_argument(
        "--count", type=int, default=1000, metavar="N", help=text("cli.bench_count", language)
    )
    made.add_argument("--jobs", type=int, metavar="N", help=text("cli.bench_jobs", language))
    made.add_argument(
        "--isolation",
        choices=("auto", "full", "partial", "none"),
        default="auto",
        help=text("cli.grade_isolation", language),
    )
    made.add_argument(
        "--runs", type=int, default=5, metavar="N", help=text("cli.bench_runs", language)
    )
    made.add_argument(
        "--lang", choices=("en", "zh"), default=language, help=text("cli.grade_lang", language)
    )
    arguments = made.parse_args(argv)
    language = arguments.lang
    if arguments.runs < 1:
        raise BadRequestError("--runs 1 …")
    if arguments.count < 10:
        raise BadRequestError("--count 10 …")
    root = suite_root()
    if arguments.what == "class":
        rows = run_class(root, arguments.count, arguments.jobs, arguments.isolation, language)
        print_rows(rows, cores(), language)
        return PASSED
    with tempfile.TemporaryDirectory() as folder, metering() as meter:
        timed = _rows(root, Path(folder))
        for turn in range(arguments.runs + 1):
            for row in timed:
                wall, cpu = _time(row.command, root, meter)
                if turn:  # the first turn fills caches
                    row.wall.append(wall)
                    row.cpu.append(cpu)
    _print(timed)
    return PASSED


def _rows(root: Path, folder: Path) -> list[Row]:
    empty = folder / "test_empty.py"
    empty.write_text(_EMPTY_TEST, encoding="utf-8")
    hanging = folder / "tcp_echo.py"
    hanging.write_bytes(HANGING)
    grade = [sys.executable, "-m", "grader", "grade"]
    rows = [Row("pytest", [sys.executable, "-m", "pytest", "-q", str(empty)])]
    for name in exercise_ids(root):
        exercise = load_exercise(root, name)
        file = str(solution_path(root, exercise))
        rows.append(Row(f"grade {name}", [*grade, name, "--file", file]))
        if name == "ex03":
            one = [*grade, name, "--file", file, "--check", exercise.checks[0].id]
            rows.append(Row("grade ex03, one check", one))
            small = [check.id for check in exercise.checks if "big" not in check.id]
            words = [word for check in small for word in ("--check", check)]
            rows.append(Row("grade ex03, small checks", [*grade, name, "--file", file, *words]))
            rows.append(
                Row("ex03, all checks hang", [*grade, name, "--file", str(hanging)], "grade ex03")
            )
            nox = shutil.which("nox")
            if nox is not None:
                words = [nox, "-s", "grade", "--", name, "--file", file]
                rows.append(Row("nox -s grade ex03", words))
    return rows


def _time(command: list[str], root: Path, meter: Meter) -> tuple[float, float]:
    """Return wall and processor time (sandboxes included) of one command, in seconds."""
    before, began = meter.read(), time.perf_counter()
    subprocess.run(
        command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    return time.perf_counter() - began, meter.read() - before


def _print(rows: Sequence[Row]) -> None:
    medians = {row.name: statistics.median(row.wall) for row in rows}
    print(f"{'':24} {'wall s':>8} {'min':>7} {'max':>7} {'cpu s':>7}   ratio")
    for row in rows:
        wall, cpu = medians[row.name], statistics.median(row.cpu)
        ratio = wall / medians[row.of]
        print(
            f"{row.name:24} {wall:8.3f} {min(row.wall):7.3f} {max(row.wall):7.3f} {cpu:7.3f}"
            f"   {ratio:.2f} x {row.of}"
        )
    whole = next((row for row in rows if row.name == "grade ex03, small checks"), None)
    one = next((row for row in rows if row.name == "grade ex03, one check"), None)
    if whole is not None and one is not None:
        # The checks that move 16 MiB are left out: what they compute is their own.
        further = whole.command.count("--check") - 1
        spent = (statistics.median(whole.cpu) - statistics.median(one.cpu)) / further
        print(f"processor time per further check of ex03: {spent * 1000:.1f} ms")
