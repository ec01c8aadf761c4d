"""Exports are found, and every figure in every one of them is right.

The figures are worked out here once more, another way: in whole hundredths of a percent, with
loops and numbers that a teacher would use, and compared with what a program reads back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from grader.classroom import exports
from grader.classroom.course import Course, Late
from grader.classroom.model import ClassResult, Graded

Rows = Callable[[Path], list[dict[str, str]]]
FORMATS = ("canvas", "csv", "feedback", "gradescope", "jsonl", "junit", "moodle")


def test_exports_are_found_by_their_files() -> None:
    assert set(FORMATS) <= set(exports.names())
    for name in FORMATS:
        found = exports.export(name).NAME
        assert found == name
    with pytest.raises(exports.UnknownExport) as caught:
        exports.export("excel")
    assert caught.value.known == exports.names()


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_at_all_can_be_exported(
    name: str,
    make_class: Callable[..., ClassResult],
    make_course: Callable[..., Course],
    tmp_path: Path,
) -> None:
    for path in exports.write(name, make_class(1, 0), make_course(), tmp_path / "new" / "folder"):
        assert path.is_file()


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_class_gives_the_same_bytes_and_leaves_no_pieces(
    name: str,
    make_class: Callable[..., ClassResult],
    make_course: Callable[..., Course],
    tmp_path: Path,
) -> None:
    bytes_of = []
    for folder in (tmp_path / "a", tmp_path / "b", tmp_path / "a"):
        written = exports.write(name, make_class(2, 9), make_course(), folder)
        bytes_of.append({path.relative_to(folder): path.read_bytes() for path in written})
        there = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
        assert there == set(bytes_of[-1])
    assert bytes_of[0] == bytes_of[1] == bytes_of[2]


@pytest.mark.parametrize("name", FORMATS)
def test_a_disk_that_is_full_leaves_the_old_file(
    name: str,
    make_class: Callable[..., ClassResult],
    make_course: Callable[..., Course],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = {
        p: p.read_bytes() for p in exports.write(name, make_class(2, 9), make_course(), tmp_path)
    }

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("grader.classroom.exports._files.os.replace", full)
    with pytest.raises(OSError, match="No space"):
        exports.write(name, make_class(3, 9), make_course(), tmp_path)
    there = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert {path: path.read_bytes() for path in there} == before


# -- the figures, another way ----------------------------------------------------------------


@dataclass
class Naive:
    """What one student must have for one exercise."""

    figure: str  # "7.50", "" or "EX"
    cents: int | None
    most: int
    file: Graded | None


def naive(result: ClassResult, course: Course) -> dict[tuple[str, str], Naive]:
    found = {}
    for student in result.collection.students:
        for exercise in result.exercises:
            files = [
                g for g in result.graded
                if (g.handed.student, g.handed.exercise) == (student.key, exercise.id)
            ]  # fmt: skip
            rule = course.exercises[exercise.id]
            most = int(rule.points * 100)
            more, excused = False, False
            assert rule.due is not None
            due: datetime = rule.due
            for extension in course.extensions:
                theirs = extension.student in (student.login, student.mail)
                if theirs and exercise.id in (extension.exercises or (exercise.id,)):
                    more = True
                    due = max(due, (extension.due or rule.due) + timedelta(extension.days))
            for entry in course.excused:
                if entry.student in (student.login, student.mail):
                    excused |= exercise.id in entry.exercises or not entry.exercises
            if excused:
                found[student.key, exercise.id] = Naive("EX", None, most, None)
                continue
            cents, file = best(files, course, due, more, most)
            figure = "" if cents is None else f"{cents // 100}.{cents % 100:02d}"
            found[student.key, exercise.id] = Naive(figure, cents, most, file)
    return found


def best(
    files: list[Graded], course: Course, due: datetime, more: bool, most: int
) -> tuple[int | None, Graded | None]:
    """Return the hundredths of a point that count, and whose they are (None: not known)."""
    tries = []
    for graded in files:
        days = days_late(graded, due, more, course.late.grace)
        off = min(int(course.late.cap), int(course.late.per_day) * days)
        limit = course.late.none_after
        in_time = limit is None or days <= limit
        score, known = 0.0, False
        if graded.verdict is not None and graded.verdict.status != "error":
            score, known = graded.verdict.score / graded.verdict.max_score, True
        keeps = (100 - off) / 100 if in_time else 0.0
        tries.append((graded, score, keeps, known, in_time))
    if any(t[4] for t in tries):
        tries = [t for t in tries if t[4]]
    if course.attempts == "last" and tries:
        last = max(t[0].handed.attempt for t in tries)
        tries = [t for t in tries if t[0].handed.attempt == last]
    known_ones = [t for t in tries if t[3]]
    if not known_ones:
        return (0 if course.missing == "zero" and not files else None), None
    top = max(t[1] * t[2] for t in known_ones)
    if any(t[2] > top + 1e-9 for t in tries if not t[3]):
        return None, None
    winners = [t for t in known_ones if t[1] * t[2] > top - 1e-9]
    first = min(winners, key=lambda t: (t[0].handed.attempt, t[0].handed.origin))
    return int(most * top + 0.5 + 1e-9), first[0]


def days_late(graded: Graded, due: datetime, more: bool, grace: int) -> int:
    when = graded.handed.submitted_at
    if when is None:
        return 1 if graded.handed.late and not more else 0
    seconds = (when - due).total_seconds() - grace
    days = 0
    while seconds > 86400 * days:
        days += 1
    return days


RULES = [
    {},
    {"attempts": "last"},
    {"missing": "zero"},
    {"late": Late()},
]


@pytest.fixture(params=range(4))
def case(
    request: pytest.FixtureRequest,
    make_class: Callable[..., ClassResult],
    make_course: Callable[..., Course],
) -> tuple[ClassResult, Course, dict[tuple[str, str], Naive]]:
    result = make_class(request.param, 30)
    course = make_course(**RULES[request.param % len(RULES)])
    return result, course, naive(result, course)


Case = tuple[ClassResult, Course, dict[tuple[str, str], Naive]]


def wanted(case: Case, student: str) -> Iterator[Naive]:
    for exercise in case[0].exercises:
        yield case[2][student, exercise.id]


def test_the_plain_tables(case: Case, read_csv: Rows, tmp_path: Path) -> None:
    result, course, expected = case
    exports.write("csv", result, course, tmp_path)
    rows = read_csv(tmp_path / "grades.csv")
    assert len(rows) == len(result.collection.students)
    for student, row in zip(result.collection.students, rows, strict=True):
        total = most = 0
        complete = True
        for exercise in result.exercises:
            want = expected[student.key, exercise.id]
            weight = int(course.exercises[exercise.id].weight)
            assert row[f"{exercise.id} points"] == ("" if want.figure == "EX" else want.figure)
            assert (row[f"{exercise.id} status"] == "excused") == (want.figure == "EX")
            attempt = str(want.file.handed.attempt) if want.file else ""
            if want.cents is not None:
                assert row[f"{exercise.id} attempt"] == attempt
                total += weight * want.cents
                most += weight * want.most
            elif want.figure != "EX":
                complete = False
        assert row["total"] == f"{total // 100}.{total % 100:02d}"
        assert row["total out of"] == f"{most // 100}.{most % 100:02d}"
        percent = int(total / most * 10000 + 0.5 + 1e-9) if most else None
        assert row["percent"] == ("" if percent is None else f"{percent / 100:.2f}")
        assert row["complete"] == ("yes" if complete else "no")
    files = read_csv(tmp_path / "submissions.csv")
    assert [row["SHA-256"] for row in files] == [g.handed.sha256 for g in result.graded]
    for graded, row in zip(result.graded, files, strict=True):
        want = expected[graded.handed.student, graded.handed.exercise]
        if want.file is graded:
            assert (row["counts"], row["points"]) == ("yes", want.figure)
        else:
            assert row["points"] == ""
        fine = graded.verdict is not None and graded.verdict.status != "error"
        assert row["score"] == (f"{graded.verdict.score:g}" if fine and graded.verdict else "")
    assert len(read_csv(tmp_path / "files.csv")) == len(result.collection.entries)


def test_canvas(case: Case, read_csv: Rows, tmp_path: Path) -> None:
    result, course, _ = case
    exports.write("canvas", result, course, tmp_path)
    possible, *rows = read_csv(tmp_path / "canvas.csv")
    assert list(possible) == [
        "Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Bytes (111)", "Echo (222)"
    ]  # fmt: skip
    assert list(possible.values()) == ["    Points Possible", "", "", "", "", "10", "12.5"]
    inside = [s for s in result.collection.students if s.in_roster]
    assert [row["ID"] for row in rows] == [s.id for s in inside]
    for student, row in zip(inside, rows, strict=True):
        figures = [row["Bytes (111)"], row["Echo (222)"]]
        assert figures == [want.figure for want in wanted(case, student.key)]
    outside = read_csv(tmp_path / "canvas-left-out.csv")
    left = [s for s in result.collection.students if not s.in_roster]
    assert [row["login"] for row in outside] == [s.login for s in left]
    for student, row in zip(left, outside, strict=True):
        assert [row["ex01"], row["ex03"]] == [want.figure for want in wanted(case, student.key)]


def test_moodle(case: Case, read_csv: Rows, tmp_path: Path) -> None:
    result, course, expected = case
    exports.write("moodle", result, course, tmp_path)
    inside = [s for s in result.collection.students if s.in_roster]
    for name, column, key in (
        ("moodle-by-mail.csv", "Email address", "mail"),
        ("moodle-by-id-number.csv", "ID number", "id"),
    ):
        rows = read_csv(tmp_path / name)
        assert [row[column] for row in rows] == [getattr(s, key) for s in inside]
        for student, row in zip(inside, rows, strict=True):
            both = [w.figure.replace("EX", "") for w in wanted(case, student.key)]
            assert [row["Bytes"], row["Echo"]] == both
    for exercise in result.exercises:
        rows = read_csv(tmp_path / f"moodle-worksheet-{exercise.id}.csv")
        for student, row in zip(inside, rows, strict=True):
            want = expected[student.key, exercise.id]
            assert row["Identifier"] == student.more["Identifier"]
            assert row["Grade"] == want.figure.replace("EX", "")
            assert row["Last modified (grade)"] == "-"
            assert row["Maximum Grade"] == "10.00"
            said = row["Feedback comments"]
            if want.cents is None:
                assert said == "said before"
            else:
                assert f"{want.cents / 100:g} of {want.most / 100:g} points" in said
    left = {row["login"] for row in read_csv(tmp_path / "moodle-left-out.csv")} - {""}
    assert left == {s.login for s in result.collection.students if not s.in_roster}


def test_json_lines(case: Case, tmp_path: Path) -> None:
    result, course, expected = case
    [path] = exports.write("jsonl", result, course, tmp_path)
    data = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
    assert len(data) == len(result.graded)
    for graded, line in zip(result.graded, data, strict=True):
        want = expected[graded.handed.student, graded.handed.exercise]
        assert line["student"]["key"] == graded.handed.student
        assert (line["exercise"], line["attempt"], line["origin"]) == (
            graded.handed.exercise, graded.handed.attempt, graded.handed.origin
        )  # fmt: skip
        if want.file is graded:
            assert line["counts"]
            assert line["points"] == pytest.approx((want.cents or 0) / 100)
        else:
            assert line["points"] is None
        if graded.verdict:
            assert line["verdict"]["score"] == graded.verdict.score
            assert len(line["verdict"]["checks"]) == len(graded.verdict.checks)
        else:
            assert line["verdict"] is None


def test_junit(case: Case, tmp_path: Path) -> None:
    result, course, _ = case
    [path] = exports.write("junit", result, course, tmp_path)
    root = ET.fromstring(path.read_bytes())
    suites = root.findall("testsuite")
    assert len(suites) == len(result.graded)
    sums = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for graded, suite in zip(result.graded, suites, strict=True):
        checks = graded.verdict.checks if graded.verdict else ()
        counts = {
            "tests": len(checks) or 1,
            "failures": sum(check.status in ("failed", "stuck") for check in checks),
            "errors": sum(check.status == "error" for check in checks) if checks else 1,
            "skipped": sum(check.status == "skipped" for check in checks),
        }
        assert {name: int(suite.get(name, "")) for name in counts} == counts
        for name, count in counts.items():
            sums[name] += count
        values = {p.get("name"): p.get("value") for p in suite.iter("property")}
        assert values["attempt"] == str(graded.handed.attempt)
        assert {case.get("classname") for case in suite.iter("testcase")} == {suite.get("name")}
    assert {name: int(root.get(name, "")) for name in sums} == sums


def test_gradescope(case: Case, tmp_path: Path) -> None:
    result, course, _ = case
    written = exports.write("gradescope", result, course, tmp_path)
    with_verdict = [graded for graded in result.graded if graded.verdict]
    assert len(written) == len(with_verdict)
    for graded, path in zip(with_verdict, written, strict=True):
        data = json.loads(path.read_text(encoding="utf-8"))
        assert graded.verdict is not None
        assert ("score" in data) == (graded.verdict.status != "error")
        assert len(data["tests"]) == len(graded.verdict.checks)
        assert path.parent.parent.name == graded.handed.exercise


def test_feedback_and_mails(case: Case, read_csv: Rows, tmp_path: Path) -> None:
    result, course, expected = case
    exports.write("feedback", result, course, tmp_path)
    rows = read_csv(tmp_path / "feedback" / "mailmerge.csv")
    names = [row["file"] for row in rows]
    assert len({name.casefold() for name in names}) == len(result.collection.students)
    for student, row in zip(result.collection.students, rows, strict=True):
        assert row["mail"] == student.mail
        page = (tmp_path / "feedback" / row["file"]).read_text(encoding="utf-8")
        total = most = 0
        for exercise in result.exercises:
            want = expected[student.key, exercise.id]
            about = f"{exercise.id} ({exercise.title.en}): "
            assert about in row["text"]
            if want.cents is not None:
                weight = int(course.exercises[exercise.id].weight)
                total, most = total + weight * want.cents, most + weight * want.most
                figure, out_of = f"{want.cents / 100:g}", f"{want.most / 100:g}"
                assert f"<b>{figure}</b>/{out_of}" in page
                if want.file:
                    assert f"{about}{figure} of {out_of} points." in row["text"]
            else:
                words = {"EX": "you are excused"}.get(want.figure)
                assert (words or " not") in row["text"]
        assert float(row["total"]) == pytest.approx(total / 100)
        assert float(row["total out of"]) == pytest.approx(most / 100)
        assert f"<b>{total / 100:g}</b>/{most / 100:g}" in page


def test_the_naive_way_can_fail(case: Case, read_csv: Rows, tmp_path: Path) -> None:
    """The comparison sees a figure that is off by a hundredth."""
    result, course, expected = case
    key, want = next((k, w) for k, w in expected.items() if w.cents)
    wrong = replace(want, figure=f"{want.figure[:-1]}{(int(want.figure[-1]) + 1) % 10}")
    with pytest.raises(AssertionError):
        test_the_plain_tables((result, course, {**expected, key: wrong}), read_csv, tmp_path)
