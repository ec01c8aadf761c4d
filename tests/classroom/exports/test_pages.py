"""Which pages lie in ``feedback/``: those of the class, and what this program did not write."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace as with_fields

from grader.classroom import exports
from grader.classroom.course import Course
from grader.classroom.exports import _pages, feedback
from grader.classroom.exports._pages import INDEX, links, page_name
from grader.classroom.model import ClassResult, Student

Make = Callable[..., ClassResult]
Rules = Callable[..., Course]


def without(result: ClassResult, *left: str) -> ClassResult:
    """Return the class of a later run, from which students (keys) have gone."""
    collection = result.collection
    return replace(
        result,
        collection=with_fields(
            collection,
            students=tuple(s for s in collection.students if s.key not in left),
            handed=tuple(h for h in collection.handed if h.student not in left),
        ),
        graded=tuple(g for g in result.graded if g.handed.student not in left),
        made_at=result.made_at + timedelta(days=1),
    )


def there(folder: Path) -> set[str]:
    return {path.name for path in (folder / "feedback").iterdir()}


def pages_of(result: ClassResult) -> set[str]:
    return {page_name(student) for student in result.collection.students}


@pytest.fixture
def before(make_class: Make) -> ClassResult:
    return make_class(3, 4)


def test_who_has_left_has_no_page(before: ClassResult, make_course: Rules, tmp_path: Path) -> None:
    feedback.write(before, make_course(), tmp_path)
    ours = {"mailmerge.csv", INDEX}
    assert there(tmp_path) == pages_of(before) | ours
    gone = before.collection.students[1]
    after = without(before, gone.key)
    written = feedback.write(after, make_course(), tmp_path)
    assert there(tmp_path) == {path.name for path in written} == pages_of(after) | ours
    assert page_name(gone) not in (tmp_path / "feedback" / INDEX).read_text("utf-8")
    feedback.write(before, make_course(), tmp_path)  # and is back
    assert there(tmp_path) == pages_of(before) | ours


def test_what_was_not_written_here_stays(
    before: ClassResult, make_course: Rules, tmp_path: Path
) -> None:
    feedback.write(before, make_course(), tmp_path)
    place = tmp_path / "feedback"
    mine = {
        "notes.html": "mine",
        page_name(Student("somebody")): "named like a page, and in no index",
    }
    for name, words in mine.items():
        (place / name).write_text(words)
    feedback.write(
        without(before, *(s.key for s in before.collection.students)), make_course(), tmp_path
    )
    assert there(tmp_path) == {*mine, "mailmerge.csv", INDEX}


NAMES = (
    "../secret.html",
    "../0123456789.html",
    "feedback/../../0123456789.html",
    "notes.html",
    "mailmerge.csv",
    "",
    ".",
    "a" * 5000,
    "\x00.html",
)


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:20])
def test_an_index_that_was_tampered_with_takes_nothing_away(
    before: ClassResult, make_course: Rules, tmp_path: Path, name: str
) -> None:
    place = tmp_path / "results" / "feedback"
    place.mkdir(parents=True)
    kept = [tmp_path / "secret.html", tmp_path / "0123456789.html", place / "notes.html"]
    kept += [path.parent / "results" / path.name for path in kept[:2]]
    for path in kept:
        path.write_text("kept")
    (place / INDEX).write_text(json.dumps({"of": "", "pages": [name]}))
    feedback.write(before, make_course(), tmp_path / "results")
    assert all(path.read_text() == "kept" for path in kept)
    assert there(tmp_path / "results") == pages_of(before) | {"notes.html", "mailmerge.csv", INDEX}


def test_a_folder_and_a_link_with_a_pages_name_stay(
    before: ClassResult, make_course: Rules, tmp_path: Path
) -> None:
    feedback.write(before, make_course(), tmp_path)
    place = tmp_path / "feedback"
    first, second, *_ = sorted(pages_of(before))
    for name in (first, second):
        (place / name).unlink()
    (place / first).mkdir()
    (tmp_path / "other").write_text("kept")
    (place / second).symlink_to(tmp_path / "other")
    nobody = without(before, *(s.key for s in before.collection.students))
    feedback.write(nobody, make_course(), tmp_path)
    assert there(tmp_path) == {first, second, "mailmerge.csv", INDEX}


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"\xff", b'{"of": 1, "pages": []}', b'{"of": "", "pages": [1]}']
)
def test_an_index_that_is_none_is_made_anew(
    before: ClassResult, make_course: Rules, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "feedback").mkdir()
    (tmp_path / "feedback" / INDEX).write_bytes(content)
    assert links(tmp_path, before) == {}
    feedback.write(before, make_course(), tmp_path)
    assert set(links(tmp_path, before)) == {s.key for s in before.collection.students}


def test_what_a_run_that_was_cut_off_wrote_is_known(
    before: ClassResult, make_course: Rules, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feedback.write(without(before, before.collection.students[0].key), make_course(), tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(feedback, "settle", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            feedback.write(before, make_course(), tmp_path)
    assert links(tmp_path, before) == {}
    nobody = without(before, *(s.key for s in before.collection.students))
    feedback.write(nobody, make_course(), tmp_path)
    assert there(tmp_path) == {"mailmerge.csv", INDEX}


def test_links_are_to_pages_of_the_same_run_alone(
    before: ClassResult, make_course: Rules, tmp_path: Path
) -> None:
    assert links(tmp_path, before) == {}
    feedback.write(before, make_course(), tmp_path)
    found = links(tmp_path, before)
    assert set(found) == {student.key for student in before.collection.students}
    assert all((tmp_path / address).is_file() for address in found.values())
    assert links(tmp_path, without(before)) == {}


def test_names_have_the_shape_that_is_taken_away(make_class: Make) -> None:
    for student in make_class(1, 60).collection.students:
        assert _pages._PAGE.fullmatch(page_name(student))


def test_pages_are_written_before_what_links_to_them() -> None:
    names = exports.names()
    assert names.index("feedback") < names.index("dashboard")
    assert sorted(names[1:]) == list(names[1:])
