"""The acceptance of issue 5, as large as one likes.

``python -m tests.classroom.acceptance --students 300`` makes a class in every layout, grades it
for real by the command line (killed three times on the way), and compares store and exports with
the truth.  The first layout is graded, the others begin with its store: they have the same files,
so nothing is graded again, and that is looked at, too; ``--fresh`` grades every layout anew.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from grader.classroom.collecting import CollectOptions, collect

from ..making import LAYOUTS, Truth, exercises, make_class
from .collected import complaints
from .driving import ROOT, Drive, files_to_grade, grade_with_kills
from .exported import Exported
from .naive import Rules

RULES = Rules(
    extended=(("lee3", 3), ("lee6", 7), ("lee40", 2)),
    excused=(("lee", "ex03"), ("lee9", "ex13"), ("lee100", "ex14")),
)
RULES_OF_FILES = Rules("last", 25, 60, 0, 6, "empty", True, RULES.extended, RULES.excused)


def rules_of(layout: str) -> Rules:
    """Return the rules for a layout: where only files have times, these are trusted."""
    return RULES_OF_FILES if layout in ("folders", "flat", "zips", "zip") else RULES


def drive_of(truth: Truth, folder: Path, *arguments: str) -> Drive:
    """Return how to grade a class with the rules for its layout."""
    rules = rules_of(truth.layout)
    course = rules.write(folder / "course.yaml", truth)
    trust = ("--trust-file-times",) if rules.file_times else ()
    return Drive(truth, folder / "results", ("--course", str(course), *trust, *arguments))


def compare(truth: Truth, results: Path) -> list[str]:
    """Return all that is not right in what was understood, and in the exports."""
    rules = rules_of(truth.layout)
    options = CollectOptions(
        exercises=tuple(exercises().values()),
        root=ROOT,
        roster=truth.roster,
        timezone=ZoneInfo("Europe/Berlin"),
        trust_file_times=rules.file_times,
    )
    collection, sources = collect(truth.source, options)
    sources.close()
    found = [] if rules.file_times else complaints(truth, collection)
    return found + Exported(truth, rules, collection, results).complaints()


def main() -> int:
    """Carry it out; return 1 where something is not right."""
    asked = argparse.ArgumentParser(prog="python -m tests.classroom.acceptance")
    asked.add_argument("--students", type=int, default=300)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--kills", type=int, default=3)
    asked.add_argument("--layouts", nargs="+", choices=LAYOUTS, default=list(LAYOUTS))
    asked.add_argument("--folder", type=Path, help="where to make it (kept); must not be there")
    asked.add_argument("--fresh", action="store_true", help="grade every layout anew")
    asked.add_argument("--jobs", help="workers, as for grade-class")
    words = asked.parse_args()
    place = words.folder or Path(tempfile.mkdtemp(prefix="dojo-acceptance-"))
    place.mkdir(parents=True, exist_ok=words.folder is None)
    jobs = ("--jobs", words.jobs) if words.jobs else ()
    bad, graded = 0, None
    for layout in words.layouts:
        truth = make_class(place / layout, layout, words.students, words.seed)
        drive = drive_of(truth, place / layout, *jobs)
        begun = time.monotonic()
        if graded is None or words.fresh:
            problems = grade_with_kills(drive, words.kills)
            graded = drive.results
        else:
            problems = _with_store(drive, graded)
        took = time.monotonic() - begun
        problems += compare(truth, drive.results)
        bad += len(problems)
        count = sum(map(len, truth.handed.values()))
        print(
            f"{layout}: {words.students} students, {count} files, {files_to_grade(truth)} of them"
            f" different, {took:.0f} s: {len(problems)} complaints",
            flush=True,
        )
        for problem in problems[:40]:
            print(f"    {problem[:300]!r}", flush=True)
    if words.folder is None and not bad:
        shutil.rmtree(place, ignore_errors=True)
    else:
        print(f"all of it is in {place}")
    return int(bad > 0)


def _with_store(drive: Drive, graded: Path) -> list[str]:
    """Grade with the store of the same files in another layout: nothing is left to do."""
    drive.results.mkdir(parents=True)
    shutil.copy(graded / "grades.sqlite3", drive.results)
    before = drive.kept()
    ended = drive.run()
    found = [] if ended.returncode == 0 else [f"{ended.returncode}: {ended.stderr[-500:]}"]
    if drive.kept() != before:
        found.append(f"{len(drive.kept()) - len(before)} graded again")
    return found


if __name__ == "__main__":
    sys.exit(main())
