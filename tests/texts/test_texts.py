"""Texts: both languages say the same things with the same placeholders."""

from __future__ import annotations

import json
import re
from pathlib import Path
from string import Formatter

import pytest

import grader
from grader.model import LANGUAGES, Language
from grader.texts import has_text, table, tables, text

SOURCES = Path(grader.__file__).parent / "report"


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def test_fills_in_values_as_they_are() -> None:
    assert text("report.place", "en", path="{line}%s", line=3) == "{line}%s:3"
    assert text("report.hints_n", "zh", n=3, exercise="ex03") == "有 3 条提示：nox -s hint -- ex03"


@pytest.mark.parametrize(
    "key", ["report.no_such", "no_such.score", "report", "", "../en/report.x", "report."]
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_missing_key_is_an_error(key: str, language: Language) -> None:
    with pytest.raises(KeyError):
        text(key, language)
    assert not has_text(key, language)


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        text("report.place", "en", path="x")


def test_both_languages_have_the_same_files() -> None:
    assert tables("en") == tables("zh")
    assert "report" in tables("en")


@pytest.mark.parametrize("name", tables("en"))
def test_both_languages_have_the_same_keys_and_placeholders(name: str) -> None:
    english, chinese = table(name, "en"), table(name, "zh")
    assert list(english) == list(chinese)
    for key, template in english.items():
        assert placeholders(template) == placeholders(chinese[key]), key
        for words in (template, chinese[key]):
            assert isinstance(words, str)
            assert words.strip(), key
            assert words.replace("\n", "").isprintable(), key


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", tables("en"))
def test_no_file_names_a_key_twice(name: str, language: Language) -> None:
    path = Path(grader.__file__).parent / "texts" / language / f"{name}.json"

    def unique(pairs: list[tuple[str, str]]) -> dict[str, str]:
        assert len({key for key, _ in pairs}) == len(pairs)
        return dict(pairs)

    json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=unique)


def test_chinese_texts_are_chinese() -> None:
    technical = {"header", "list_separator", "separator", "in_brackets", "at_time", "place"}
    for key, template in table("report", "zh").items():
        assert key in technical or re.search(r"[\u4e00-\u9fff]", template), key


INSTRUCTORS = (
    "authoring classroom cli cluster collecting dashboard gradebook handout similar".split()
)
PAGES = "cluster course gradescope handout scale".split()
CHINESE = {name: f"grader/texts/zh/{name}.json" for name in INSTRUCTORS} | {
    name: f"{name}.zh.md" for name in ("README", *(f"docs/{page}" for page in PAGES))
}


@pytest.mark.parametrize("name", CHINESE)
def test_chinese_has_one_word_for_one_thing(name: str, root: Path) -> None:
    """The stub is 初始文件, grading 评测, a login 登录名, the reader 你; a fraction is 16/20.

    Moodle's own words (评分表, its worksheet, and 评分项, its grade item) stay as Moodle has them.
    """
    words = (root / CHINESE[name]).read_text(encoding="utf-8")
    assert not re.findall("空壳|题目模板|自带的?答案|评分(?![表项])|用户名(?!下)|您|／", words)


EVERYWHERE = (
    "grader/texts/zh/**/*", "grader/*/templates/**/*", "exercises/*/exercise.yaml",
    "exercises/*/README.zh.md", "docs/*.zh.md", "README.zh.md",
)  # fmt: skip


def test_learners_read_the_same_words(root: Path) -> None:
    """What learners read has the stub and fractions as what instructors read."""
    for pattern in EVERYWHERE:
        files = [path for path in root.glob(pattern) if path.is_file()]
        assert files, pattern
        for path in files:
            assert not re.findall("空壳|题目模板|／", path.read_text(encoding="utf-8")), path


def test_every_text_of_the_reports_is_used() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCES.glob("*.py"))
    families = (*re.findall(r"""f["']([a-z]+_)\{""", code), "event_")
    for key in table("report", "en"):
        stem = re.sub(r"_[1n]$", "", key)
        assert re.search(f"[\"']{stem}[\"']", code) or key.startswith(families), key
