"""The dashboard as a file: what is in it, in whose language, under which policy."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from markupsafe import escape

from grader.classroom.course import Course
from grader.classroom.exports import dashboard
from grader.classroom.exports._dashboard_look import MOST
from grader.classroom.exports._dashboard_words import Words, number
from grader.classroom.model import Entry, Handed, Remark
from grader.model import LANGUAGES, Language, Verdict
from grader.texts import table

from .reading import Make, Tables


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
