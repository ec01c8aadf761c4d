"""Every figure of the dashboard, beside the gradebook's and a count of our own."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
from markupsafe import escape

from grader.classroom.course import Course, Excused, ExerciseRule, Late
from grader.classroom.exports import dashboard
from grader.classroom.exports._dashboard_causes import Causes, ranges
from grader.classroom.exports._dashboard_counted import standing
from grader.classroom.exports._dashboard_look import MOST, look
from grader.classroom.exports._dashboard_rows import rows
from grader.classroom.exports._dashboard_sums import (
    _UNLOADED,
    causes,
    checks,
    diagnoses,
    overview,
    scores,
    slowest,
)
from grader.classroom.exports._dashboard_words import Words, number
from grader.classroom.gradebook import figures
from grader.classroom.model import ClassResult, Entry, Graded, Handed, Remark
from grader.model import LANGUAGES, Language, Location, Text, Verdict
from grader.texts import table

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=timezone.utc)
Make = Callable[..., Any]  # see conftest.py
BAD = ("failed", "stuck")


class Tables(HTMLParser):
    """Reads a page's tables: for each row its cells' texts and attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, list[list[tuple[str, dict[str, str]]]]] = {}
        self._rows: list[list[tuple[str, dict[str, str]]]] = []
        self._cell: tuple[list[str], dict[str, str]] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        if tag == "table":
            self._rows = self.found.setdefault(values.get("id", "?"), [])
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._cell = ([], values)

    def handle_data(self, data: str) -> None:
        if self._cell:
            self._cell[0].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell:
            words = " ".join("".join(self._cell[0]).split())
            self._rows[-1].append((words, self._cell[1]))
            self._cell = None


def best(result: ClassResult) -> dict[tuple[str, str], Graded]:
    """Return what counts where there are no rules: the best attempt, the earlier of equals."""
    found: dict[tuple[str, str], Graded] = {}
    for graded in result.graded:
        key = (graded.handed.student, graded.handed.exercise)
        verdict = graded.verdict
        if verdict is not None and (
            key not in found or verdict.score > found[key].verdict.score  # type: ignore[union-attr]
        ):
            found[key] = graded
    return found


def view_of(result: ClassResult, course: Course | None = None) -> tuple[Any, Any, Words]:
    book = figures(result, course or Course())
    return book, standing(result, book), Words(result.language)


def test_every_figure_of_the_map_is_the_gradebooks(random_class: Make) -> None:
    result = random_class(80).result()
    page = dashboard.render(result, Course())
    map_ = Tables(page).found["students"]
    book = figures(result, Course())
    assert len(map_) == 81
    for shown, row in zip(map_[1:], book.rows, strict=True):
        name, total = shown[0], shown[1]
        assert name[0] == f"{row.student.name} {row.student.id}"
        assert total[1]["data-v"] == ("" if row.percent is None else str(row.percent))
        if row.percent is not None:
            assert total[0].split("%")[0] == number(row.percent)
            parts = sum(cell.points is not None for cell in row.cells)
            assert total[0].endswith(f"{parts} of 5") == (not row.complete)
        for (words, values), cell in zip(shown[2:], row.cells, strict=True):
            if cell.points is not None:
                assert f"{number(cell.points)} of {number(cell.out_of)}" in words
                assert "checks passed" in words
                assert float(values["data-v"]) == pytest.approx(
                    float(cell.points / cell.out_of), abs=1e-4
                )
            else:
                assert values["data-v"] == ""
                assert {"missing": "not handed in", "error": "our error"}[cell.status] in words


def test_the_signs_are_the_checks(random_class: Make) -> None:
    result = random_class(60).result()
    book, counted, words = view_of(result)
    _, numbers = diagnoses(counted, words)
    signs = {"passed": "·", "failed": "×", "stuck": "∞", "skipped": "–", "error": "!"}
    own = best(result)
    seen = set[str]()
    for row in rows(book, counted, numbers, words):
        for cell in row.cells:
            graded = own.get((row.student.key, cell.counted.exercise.id))
            if cell.counted.state not in ("passed", "failed"):
                continue
            assert graded is not None
            assert graded.verdict is not None
            results = graded.verdict.checks
            assert "".join(run for _, run in cell.signs) == "".join(
                signs[c.status] for c in results
            )
            passed = sum(check.status == "passed" for check in results)
            assert cell.said.startswith(f"{passed} of {len(results)} checks passed")
            numbers_said = re.findall("failed: ([^;]*)", cell.said)
            failed = [n for n, check in enumerate(results, 1) if check.status == "failed"]
            assert numbers_said == ([ranges(failed)] if failed else [])
            statuses = {check.status for check in results}
            assert ("s" in cell.flags, "k" in cell.flags) == (
                "stuck" in statuses,
                "skipped" in statuses,
            )
            assert ("p" in cell.flags) == (statuses <= {"passed", "skipped"})
            seen |= statuses
    assert seen >= {"passed", "failed", "stuck", "skipped"}


def test_diagnoses_and_checks_count_students(random_class: Make) -> None:
    result = random_class(120).result()
    _, counted, words = view_of(result)
    own = {key: graded for key, graded in best(result).items() if counted[key].state != "error"}
    by_diagnosis: dict[str, set[str]] = {}
    failed: Counter[tuple[str, str]] = Counter()
    tried: Counter[tuple[str, str]] = Counter()
    for (student, exercise), graded in own.items():
        assert graded.verdict is not None
        for check in graded.verdict.checks:
            tried[exercise, check.id] += check.status != "skipped"
            failed[exercise, check.id] += check.status in BAD
            if check.status in BAD:
                by_diagnosis.setdefault(check.diagnosis, set()).add(student)
    views, numbers = diagnoses(counted, words)
    counts = sorted((len(students) for students in by_diagnosis.values()), reverse=True)
    assert [view.students for view in views] == counts
    assert [view.number for view in views] == list(range(len(views)))
    found = checks(result.exercises, counted, numbers, words)
    assert len(found) == sum(len(exercise.checks) for exercise in result.exercises)
    for view in found:
        key = (view.exercise.id, view.check.id)
        assert (view.failed, view.tried) == (failed[key], tried[key])
        if view.diagnosis >= 0:
            assert view.mostly == views[view.diagnosis].title
    assert sum(view.diagnosis >= 0 for view in found) > 50
    shares = [view.share for view in found]
    assert shares == sorted(shares, reverse=True)


def test_what_follows_from_another_failure_is_no_diagnosis(made: Make) -> None:
    one = made(1, 3)
    key = one.student("Ann")
    one.hand(key, 0, [("failed", "never_listens"), ("stuck", "stuck"), ("failed", "no_timeout")])
    graded = one.graded[0]
    results = list(graded.verdict.checks)
    results[1] = msgspec.structs.replace(results[1], because="check_1")
    verdict = msgspec.structs.replace(graded.verdict, checks=tuple(results))
    one.graded[0] = msgspec.structs.replace(graded, verdict=verdict)
    book, counted, words = view_of(one.result())
    assert causes(counted[key, "ex01"]) == {"never_listens", "no_timeout"}
    _, numbers = diagnoses(counted, words)
    by_number = {view.number: view for view in checks(book.exercises, counted, numbers, words)}
    assert (by_number[2].mostly, by_number[2].follows, by_number[2].diagnosis) == ("", 1, -1)
    assert (by_number[3].mostly != "", by_number[3].follows, by_number[3].often) == (True, 0, 1)
    (cell,) = rows(book, counted, numbers, words)[0].cells
    assert [cause.title for cause in cell.causes][-1] == "Follows from another failure"
    assert len(cell.diagnoses) == 2


def test_the_commonest_reason_is_a_checks_own(made: Make) -> None:
    one = made(1, 2)
    for n, why in enumerate(("one_recv_assumed", *["stuck"] * 4, *["no_timeout"] * 2)):
        one.hand(one.student(f"S{n}"), 0, [("failed", "never_listens"), ("failed", why)])
        if why == "stuck":
            graded = one.graded[-1]
            first, second = graded.verdict.checks
            results = (first, msgspec.structs.replace(second, because=first.id))
            verdict = msgspec.structs.replace(graded.verdict, checks=results)
            one.graded[-1] = msgspec.structs.replace(graded, verdict=verdict)
    for n in range(3):
        one.hand(one.student(f"T{n}"), 0, [("failed", "syntax_error")] * 2)
    one.hand(one.student("U"), 0, [])
    book, counted, words = view_of(one.result())
    views, numbers = diagnoses(counted, words)
    by_number = {view.number: view for view in checks(book.exercises, counted, numbers, words)}
    first, second = by_number[1], by_number[2]
    assert (first.failed, first.often, first.follows, first.unloaded) == (10, 7, 0, 3)
    assert (second.failed, second.often, second.follows, second.unloaded) == (10, 2, 4, 3)
    assert (
        second.mostly
        == views[second.diagnosis].title
        == words.diagnosis(one.exercises[0], "no_timeout")
    )
    shown = Tables(dashboard.render(one.result(), Course())).found["checks-table"]
    last = {row[1][0]: row[4][0] for row in shown[1:]}
    assert last["1"] == f"{first.mostly}: 7 3 files do not load"
    assert last["2"] == f"{second.mostly}: 2 4 follow from another failure · 3 files do not load"


def test_a_check_with_no_reason_of_its_own_says_what_is_apart(made: Make) -> None:
    one = made(1, 1)
    one.hand(one.student("Ann"), 0, [("failed", "endless_import")])
    shown = Tables(dashboard.render(one.result(), Course())).found["checks-table"]
    assert shown[1][4][0] == "1 file does not load"


def test_what_does_not_load_are_diagnoses_that_there_are() -> None:
    assert set(table("diagnoses", "en")) >= _UNLOADED
    assert {name for name in table("diagnoses", "en") if name.startswith("file_")} <= _UNLOADED


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (Location(17, "serve"), "line 17, in serve"),
        (Location(3, "<module>"), "line 3"),
        (Location(0, "serve"), ""),
        (None, ""),
    ],
)
def test_causes_say_where(made: Make, place: Location | None, words: str) -> None:
    one = made(1, 6)
    one.hand(one.student("Ann"), 0, [("failed", "no_timeout")] * 2 + [("stuck", "stuck")] * 3)
    results = [
        msgspec.structs.replace(check, location=place) for check in one.graded[0].verdict.checks
    ]
    found = Causes({("ex01", "stuck"): 7}, Words("en")).of(one.exercises[0], results)
    assert [cause.place for cause in found] == [words, words]
    assert [cause.diagnosis for cause in found] == [-1, 7]
    assert [cause.numbers for cause in found] == ["1–2", "3–5"]
    assert found[1].checks == [(n, f"check {n} of 1") for n in (3, 4, 5)]
    short = Causes({}, Words("en"), in_full=False).of(one.exercises[0], results)
    assert [cause.checks for cause in short] == [[], []]


def test_a_student_window_tells_who_is_a_stranger(made: Make) -> None:
    one = made(1, 1)
    one.student("", in_roster=False, id="", mail="ann@example.org")
    book, counted, words = view_of(one.result())
    (row,) = rows(book, counted, {}, words)
    assert (row.name, row.under) == ("ann@example.org", "")
    assert row.facts == [("Mail", "ann@example.org"), ("Roster", "not in it")]


def test_one_name_for_two_things_is_two_diagnoses(made: Make) -> None:
    one = made(2, 2)
    one.exercises = tuple(
        msgspec.structs.replace(exercise, diagnoses={"own": Text(f"Own {n}: {{error}}", "自有")})
        for n, exercise in enumerate(one.exercises)
    )
    key = one.student("Ann")
    for n in (0, 1):
        one.hand(key, n, [("failed", "own"), ("failed", "no_timeout")])
    _, counted, words = view_of(one.result())
    views, numbers = diagnoses(counted, words)
    assert sorted(view.title for view in views)[-2:] == ["Own 0", "Own 1"]
    assert numbers["ex01", "own"] != numbers["ex02", "own"]
    assert numbers["ex01", "no_timeout"] == numbers["ex02", "no_timeout"]


def test_late_rules_excused_and_missing(made: Make) -> None:
    one = made(2, 4)
    ann, bob, _ = (one.student(name) for name in ("Ann", "Bob", "Cem"))
    due = NOW - timedelta(days=10)
    one.hand(ann, 0, [], submitted_at=due + timedelta(hours=30))
    one.hand(bob, 0, [("failed", "no_timeout")], submitted_at=due)
    course = Course(
        timezone="Europe/Berlin",
        exercises={"ex01": ExerciseRule(Decimal(10), due=due)},
        late=Late(per_day=Decimal(10)),
        excused=(Excused("nobody"), Excused("10002", ("ex01",))),
    )
    book, counted, words = view_of(one.result(), course)
    views = rows(book, counted, {}, words)
    ann_, bob_, cem_ = (view.cells[0] for view in views)
    late = "2 days late (30 hours)"
    assert (ann_.points, ann_.flags, ann_.notes) == ("8 of 10", "lp", [late, "20% taken off"])
    assert (bob_.points, bob_.flags) == ("7.5 of 10", "f")
    assert (cem_.counted.state, cem_.flags, cem_.points) == ("excused", "x", "")
    assert views[0].part == "1 of 2"
    found = look(one.result(), book, counted, words)
    assert [(one.student, one.by) for one in found.late] == [("Ann", late)]
    assert [student.name for student in found.missing] == ["Cem"]
    assert found.remarks[0].words.endswith("nobody")
    page = dashboard.render(one.result(), course)
    assert "in brackets the time after due time and grace" in page
    assert page.count(late) == 2  # in the list and in Ann's window, in the same words
    assert "Made 2026-11-20 21:00+01:00" in page  # by the course's clock


def test_late_by_the_platforms_word_alone_has_no_days_to_explain(made: Make) -> None:
    one = made(1, 1)
    one.hand(one.student("Ann"), 0, [], late=True)
    page = dashboard.render(one.result(), Course())
    assert 'id="late"' in page
    assert "in brackets" not in page


def test_several_attempts_and_several_files(made: Make) -> None:
    one = made(1, 4)
    key = one.student("Ann")
    one.hand(key, 0, [("failed", "stuck")], attempt=1, origin="first.py")
    one.hand(key, 0, [], attempt=2, origin="second.py")
    one.hand(key, 0, [("failed", "stuck"), ("failed", "stuck")], attempt=2, origin="other.py")
    book, counted, words = view_of(one.result())
    (cell,) = rows(book, counted, {}, words)[0].cells
    assert (cell.points, cell.flags) == ("4 of 4", "ap")
    assert [attempt.origin for attempt in cell.attempts] == ["first.py", "other.py", "second.py"]
    assert [attempt.counts for attempt in cell.attempts] == [False, False, True]
    assert cell.attempts[2].words == "attempt 2; 4 of 4; 0.50 s; this one counts"


def test_our_errors_and_what_waits(made: Make) -> None:
    one = made(1, 2)
    ann, bob, cem = (one.student(name) for name in ("Ann", "Bob", "Cem"))
    one.hand(ann, 0, None, log="RuntimeError: boom\n" + "x" * 9000)
    one.hand(bob, 0, [("error", ""), ("passed", "")])
    one.hand(cem, 0, None)
    result = one.result()
    book, counted, words = view_of(result)
    found = look(result, book, counted, words)
    assert [(one.student, one.why) for one in found.broken] == [
        ("Ann", "RuntimeError: boom"), ("Bob", "No reason is known."),
    ]  # fmt: skip
    assert len(found.broken[0].log) < 5000
    assert found.waiting == 1
    assert [view.cells[0].flags for view in rows(book, counted, {}, words)] == ["e", "e", "w"]
    assert all(view.share == "" for view in rows(book, counted, {}, words))
    states = overview(result.exercises, counted, words)[0].states
    assert states == {"error": 2, "waiting": 1}
    page = dashboard.render(result, Course())
    assert "RuntimeError: boom" in page
    assert "not graded yet" in page


@pytest.mark.parametrize(
    ("share", "at"), [(0, 0), (0.0999, 0), (0.1, 1), (0.7, 7), (0.8999, 8), (0.9, 9), (1, 9)]
)
def test_distribution(share: float, at: int) -> None:
    found = scores(None, [share, None])
    assert [bar.count for bar in found.bars] == [int(n == at) for n in range(10)]
    assert (found.count, found.middle) == (1, share)


def test_distribution_of_nobody() -> None:
    found = scores(None, [None])
    assert (found.count, found.middle) == (0, None)


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0%"), (0.0001, "1%"), (0.5, "50%"), (0.994, "99%"), (0.9999, "99%"), (1, "100%")],
)
def test_only_all_is_all_and_only_nothing_is_nothing(share: float, words: str) -> None:
    assert Words("en").percent(share) == words


def test_small_words() -> None:
    assert ranges([1, 2, 3, 5, 7, 8]) == "1–3, 5, 7–8"
    assert dashboard.ruler(3) == "1  "
    assert dashboard.ruler(12) == "1   5    10 "
    assert len(dashboard.ruler(10)) >= 10
    words = Words("en")
    spans = [words.span(s) for s in (1, 90, 7199, 7200, 86400 * 2 - 1, 86400 * 2)]
    assert spans == ["1 min", "2 min", "120 min", "2 hours", "48 hours", "2 days"]
    assert number(Decimal("7.50")) == "7.5"
    assert number(10.0) == "10"
    assert words.clock(datetime.max.replace(tzinfo=timezone.utc)).startswith("9999-12-31")


def test_slowest_are_ten_and_sorted(random_class: Make) -> None:
    result = random_class(30).result()
    _, counted, _ = view_of(result)
    found = slowest(result.collection.students, counted)
    assert len(found) == 10
    times = sorted((v.duration_s for c in counted.values() if (v := c.verdict)), reverse=True)
    assert [slow.seconds for slow in found] == times[:10]


def test_pages_are_in_the_language_of_the_class(
    random_class: Make, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    for language, title in (("en", "The empty recv() was not noticed"), ("zh", "没有认出空的")):
        page = dashboard.render(random_class(30, language).result(), Course())
        assert title in page
        assert page.count('<div class="prose">') > 20  # with those that exercises bring along


def test_entries_and_remarks_are_all_there(made: Make) -> None:
    one = made()
    one.entries = [
        Entry(f"{role}.py", role, "no_such_reason", "why it is so")
        for role in ("unknown", "refused", "unreadable", "ignored", "roster", "archive")
    ]
    one.remarks = [Remark("no_such_remark", {"a": "so and so"}, paths=("x.py",) * 20)]
    page = dashboard.render(one.result(), Course())
    for name in ("unknown.py", "refused.py", "unreadable.py", "why it is so", "so and so"):
        assert name in page
    assert "ignored.py" not in page
    assert "and 12 more" in page


def test_long_lists_say_how_much_is_left_out(made: Make) -> None:
    one = made()
    one.entries = [Entry(f"{n}.bin", "unknown") for n in range(MOST + 7)]
    page = dashboard.render(one.result(), Course())
    assert "and 7 more" in page
    assert page.count(".bin</code>") == MOST
    assert f"<b>{MOST + 7}</b> files not understood" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_class_has_a_page(made: Make, language: Language) -> None:
    one = made(0, 0, language)
    page = dashboard.render(one.result(), Course())
    assert page.endswith("</html>\n")
    one = made(1, 1, language)
    one.title = " \n"
    one.student("Ann")
    page = dashboard.render(one.result(), Course())
    assert Words(language)("untitled") in page


@dataclass(frozen=True)
class Shared:
    first: Handed
    second: Handed
    share: float


def test_similar_pairs_are_a_table_or_absent(made: Make) -> None:
    one = made()
    for name in ("Ann <b>", "Bob"):
        one.hand(one.student(name), 0, [])
    result = one.result()
    first, second = result.collection.handed
    pair = Shared(first, second, 0.875)
    assert 'id="similar"' not in dashboard.render(result, Course())
    assert "No two submissions" in dashboard.render(result, Course(), [])
    page = dashboard.render(result, Course(), [pair])
    table_ = page[page.index('id="similar"') :]
    assert re.search("Ann &lt;b&gt;.*Bob.*88%", table_, re.DOTALL)
    assert "not a verdict" in table_


def test_the_policy_names_the_script_and_the_style(made: Make, tmp_path: Path) -> None:
    (path,) = dashboard.write(made().result(), Course(), tmp_path)
    assert path == tmp_path / "dashboard.html"
    data = path.read_bytes()
    assert b"\r" not in data
    for element in (b"script", b"style"):
        source = re.findall(b"<%s>(.*?)</%s>" % (element, element), data, re.DOTALL)
        assert len(source) == 1
        digest = base64.b64encode(hashlib.sha256(source[0]).digest())
        assert b"%s-src 'sha256-%s'" % (element, digest) in data
    assert b"unsafe" not in data
    assert data == dashboard.render(made().result(), Course()).encode()


def test_every_text_is_used() -> None:
    folder = Path(dashboard.__file__).parent
    files = [*folder.glob("*dashboard*.py"), folder / "dashboard.html.jinja"]
    code = "".join(path.read_text(encoding="utf-8") for path in files)
    families = ("state_", "check_", "role_", "filter_", "flag_", "fact_", "note_")
    for key in table("dashboard", "en"):
        stem = re.sub("_[1n]$", "", key)
        assert re.search(f"[\"']{stem}[\"']", code) or key.startswith(families), key


def test_a_real_verdict(made: Make, grade_source: Callable[..., Verdict], root: Path) -> None:
    from grader.catalog import load_exercise

    one = made()
    one.exercises = (load_exercise(root, "ex03"),)
    key = one.student("Ann")
    path = root / "solutions" / "ex03_tcp_echo" / "mistakes" / "ignores_empty_recv.py"
    verdict = grade_source("ex03", path.read_text(encoding="utf-8"))
    one.hand(key, 0)
    one.graded[0] = msgspec.structs.replace(one.graded[0], verdict=verdict)
    page = dashboard.render(one.result(), Course())
    (_, row) = Tables(page).found["students"]
    assert f"{number(verdict.score)} of {number(verdict.max_score)}" in row[2][0]
    assert "The empty recv() was not noticed" in page
    for check in verdict.checks:
        assert str(escape(check.title)) in page
