"""A page for each student: safe, self-contained, and nothing of hidden checks but their fault."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from msgspec.structs import replace as with_fields

from grader.classroom.course import Course
from grader.classroom.exports import feedback
from grader.classroom.exports._words import open_checks
from grader.classroom.model import ClassResult, Entry
from grader.model import Language

Rows = Callable[[Path], list[dict[str, str]]]


class Seen(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            assert not name.startswith("on")
            if name in ("href", "src", "action", "data"):
                self.addresses.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def look(path: Path) -> Seen:
    seen = Seen()
    seen.feed(path.read_text(encoding="utf-8"))
    seen.close()
    return seen


@pytest.fixture(params=["en", "zh"], scope="module")
def pages(
    request: pytest.FixtureRequest,
    make_class: Callable[..., ClassResult],
    make_course: Callable[..., Course],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[ClassResult, list[Path]]:
    language: Language = request.param
    result = make_class(5, 20, language)
    files = tuple(f for f in result.graded if f.handed.student != "k11")  # nothing from one
    result = replace(
        result,
        graded=files,
        collection=with_fields(result.collection, handed=tuple(f.handed for f in files)),
    )
    written = feedback.write(result, make_course(), tmp_path_factory.mktemp("pages"))
    return result, [path for path in written if path.suffix == ".html"]


def test_nothing_of_a_student_becomes_an_element(pages: tuple[ClassResult, list[Path]]) -> None:
    result, written = pages
    assert len(written) == len(result.collection.students)
    for path in written:
        seen = look(path)
        assert "script" not in seen.tags
        assert seen.tags.count("h1") >= 1
        head = seen.tags[: seen.tags.index("body")]
        assert head.count("title") == 1
        assert len(seen.ids) == len(set(seen.ids))
        for address in seen.addresses:
            if address.startswith("#"):
                assert address[1:] in seen.ids
            else:  # the pages that explain diagnoses, and no icon
                assert address == "data:," or address.startswith("https://")
        words = path.read_text(encoding="utf-8")
        assert "Content-Security-Policy" in words
        assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\ufffe]", words)


def test_the_name_is_at_the_top(pages: tuple[ClassResult, list[Path]]) -> None:
    result, written = pages
    for student, path in zip(result.collection.students, written, strict=True):
        first = next(word for word in look(path).words if word.strip() and "{" not in word)
        if student.name.isprintable() and 0 < len(student.name) < 200 and "{" not in student.name:
            assert first.startswith(student.name)


@pytest.mark.parametrize("visibility", ["public", "hidden"])
def test_hidden_checks_show_what_went_wrong_and_no_more(
    make_class: Callable[..., ClassResult], tmp_path: Path, visibility: str
) -> None:
    result = make_class(6, 12)
    graded = next(
        one
        for one in result.graded
        if one.verdict
        and one.verdict.status == "failed"
        and {check.visibility for check in open_checks(one.verdict)} == {"public", "hidden"}
    )
    assert graded.verdict is not None
    checks = tuple(check for check in graded.verdict.checks if check.visibility == visibility)
    graded = with_fields(graded, verdict=with_fields(graded.verdict, checks=checks))
    handed = with_fields(result.collection, handed=(graded.handed,))
    result = replace(result, graded=(graded,), collection=handed)
    feedback.write(result, Course(), tmp_path)
    pages = [path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.html")]
    whole = html.unescape("".join(pages))
    for check in checks:
        assert check.title in whole
    secret = ("EXPECTED-DATA", "RECEIVED-DATA", "TRANSCRIPT", "OUTPUT", "nox -s hint")
    for word in secret:
        assert (word in whole) == (visibility == "public"), word


def test_who_has_nothing_has_a_page_that_says_so(pages: tuple[ClassResult, list[Path]]) -> None:
    result, written = pages
    handed = {handed.student for handed in result.collection.handed}
    nothing = [n for n, s in enumerate(result.collection.students) if s.key not in handed]
    assert nothing
    for n in nothing:
        words = "".join(look(written[n]).words)
        assert any(said in words for said in ("othing was handed in", "没有提交", "xcused", "免交"))


@pytest.mark.parametrize(
    ("language", "said", "not_said"),
    [
        ("en", "he stub was handed in unchanged.", "othing was handed in"),
        ("zh", "交来的是没有改动的初始文件。", "没有提交"),
    ],
    ids=["en", "zh"],
)
def test_who_handed_in_the_stub_is_told_so_in_page_and_mail(
    make_class: Callable[..., ClassResult],
    tmp_path: Path,
    language: Language,
    said: str,
    not_said: str,
) -> None:
    result = make_class(1, 3, language)
    keys = [student.key for student in result.collection.students]
    stubs = tuple(
        Entry("a", "ignored", "stub", "", keys[1], exercise.id) for exercise in result.exercises
    )
    collection = with_fields(result.collection, handed=(), entries=stubs)
    written = feedback.write(replace(result, graded=(), collection=collection), Course(), tmp_path)
    told = "".join(look(written[1]).words)
    assert told.count(said) == 2
    assert not_said not in told
    assert not_said in "".join(look(written[0]).words)
    mails = written[-1].read_text("utf-8-sig")
    assert mails.count(said) == 2


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "Hello Jürgen Ärger,"), ("zh", "Jürgen Ärger，你好：")],
    ids=["en", "zh"],
)
def test_a_mail_greets_as_people_do_and_the_table_keeps_the_name(
    make_class: Callable[..., ClassResult],
    tmp_path: Path,
    language: Language,
    said: str,
) -> None:
    written = feedback.write(make_class(5, 19, language), Course(), tmp_path)
    mails = written[-1].read_text("utf-8-sig")
    assert said in mails
    assert mails.count('"Ärger, Jürgen"') == 1


def test_mails_are_in_the_language_of_the_class(
    make_class: Callable[..., ClassResult],
    make_course: Callable[..., Course],
    read_csv: Rows,
    tmp_path: Path,
) -> None:
    feedback.write(make_class(5, 12, "zh"), make_course(), tmp_path)
    for row in read_csv(tmp_path / "feedback" / "mailmerge.csv"):
        assert row["主题"] == "Net & more：你的成绩"
        assert "你好：" in row["正文"]
        assert (tmp_path / "feedback" / row["文件"]).is_file()
        assert "\r" not in row["正文"]
