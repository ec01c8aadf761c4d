"""The pages that explain diagnoses: all there, in both languages, and all of one form."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from grader.catalog import diagnosis_pages, load_all, pristine_path, solution_path, stub_path
from grader.model import LANGUAGES, Exercise, Language
from grader.texts import page_path, table

ROOT = Path(__file__).resolve().parents[2]
EXERCISES = load_all(ROOT)
SECTIONS: dict[Language, list[str]] = {
    "en": ["What happened", "Why", "What to look at", "Read more"],
    "zh": ["发生了什么", "为什么", "看看这些地方", "延伸阅读"],
}
HOSTS: dict[Language, str] = {
    "en": r"docs\.python\.org/3/",
    "zh": r"docs\.python\.org/(zh-cn/)?3/",
}
COLUMNS = 72
LINES = 16
# Shorter lines, such as "while True:", belong to nobody.
SUBSTANTIAL = 20
_FENCE = re.compile(r"^```(.*)$", re.MULTILINE)
_CODE = re.compile(r"`[^`\n]+`")
_LINK = re.compile(r"\[[^\]\n]+\]\(([^)\s]+)\)")
_READ_MORE = re.compile(r"\[[^\]\n]+\]\(https://[^)\s]+\)")
_HAN = r"[\u4e00-\u9fff]"


def language_of(path: Path) -> Language:
    zh = path.parent.parent.name == "zh" or path.name.endswith(".zh.md")
    return "zh" if zh else "en"


def found() -> list[Path]:
    """Return every page that there is, whether or not it has a diagnosis."""
    folders = [page_path("x", language).parent for language in LANGUAGES]
    folders += [diagnosis_pages(ROOT, exercise) for exercise in EXERCISES]
    return [path for folder in folders for path in sorted(folder.glob("*"))]


def due() -> dict[str, tuple[Path, Path]]:
    """Return where the pages of each diagnosis belong, English and Chinese.

    Beside the texts is the place for the diagnoses of all exercises (one may word them anew),
    and for those that several exercises have.
    """
    own = Counter(name for exercise in EXERCISES for name in exercise.diagnoses)
    several = [name for name, count in own.items() if count > 1]
    pages = {
        name: (page_path(name, "en"), page_path(name, "zh"))
        for name in (*table("diagnoses", "en"), *several)
    }
    for exercise in EXERCISES:
        folder = diagnosis_pages(ROOT, exercise)
        for name in exercise.diagnoses:
            pages.setdefault(name, (folder / f"{name}.md", folder / f"{name}.zh.md"))
    return pages


PAGES = found()
DUE = due()
PAIRS = [pair for pair in DUE.values() if all(path.is_file() for path in pair)]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture(params=PAGES, ids=named)
def path(request: pytest.FixtureRequest) -> Path:
    page: Path = request.param
    return page


def sections(text: str) -> list[tuple[str, str]]:
    """Split a page at its headings, those inside a drawing not counted: (heading, body)."""
    parts: list[tuple[str, str]] = []
    fenced = False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        if line.startswith("#") and not fenced:
            parts.append((line, ""))
        elif parts:
            parts[-1] = (parts[-1][0], parts[-1][1] + line + "\n")
        else:
            parts.append(("", line + "\n"))
    return parts


def prose(text: str) -> str:
    """Return a page without its drawing, its code and the addresses of its links."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    text = _CODE.sub("`码`", text)
    return _LINK.sub(lambda match: match[0].replace(match[1], ""), text)


def columns(line: str) -> int:
    """Count the columns of a terminal that a line takes."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in line)
    return len(line) + wide - sum(bool(unicodedata.combining(char)) for char in line)


def bullets(body: str) -> list[str]:
    """Return the bullets of a section, continuation lines joined; anything else is an error."""
    items: list[str] = []
    for line in body.strip("\n").splitlines():
        if line.startswith("- "):
            items.append(line[2:])
        else:
            assert items, f"no bullet: {line!r}"
            assert re.match(r"  [^\s*+-]", line), f"neither a bullet nor the rest of one: {line!r}"
            items[-1] += " " + line.strip()
    return items


def test_no_diagnosis_without_a_page_in_both_languages() -> None:
    missing = [named(page) for pair in DUE.values() for page in pair if not page.is_file()]
    assert missing == []


def test_no_page_without_a_diagnosis() -> None:
    known = {page for pair in DUE.values() for page in pair}
    assert [named(page) for page in PAGES if page not in known] == []


def test_title_and_sections(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    parts = sections(text)
    title = parts[0][0]
    assert text.startswith("# ")
    assert re.fullmatch(r"# \S.{2,68}\S", title), title
    assert title[-1] not in ".。", title
    assert parts[0][1].strip() == "", "there is text between the title and the first section"
    assert [heading for heading, _ in parts[1:]] == [
        f"## {heading}" for heading in SECTIONS[language_of(path)]
    ]
    for heading, body in parts[1:]:
        assert body.strip(), f"{heading} is empty"


def test_plain_markdown(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "\t" not in text
    assert not re.search(r"[ \r]$", text, re.MULTILINE), "white space at the end of a line"
    assert text.replace("\n", "").isprintable()
    words = prose(text)
    assert not re.search(r"<[A-Za-z/!]", words), "HTML"
    assert "![" not in words, "an image"
    assert not re.search(r"^\s*\|", words, re.MULTILINE), "a table"
    assert not re.search(r"^ +[-*+] |^ *\d+[.)] ", words, re.MULTILINE), "a nested or other list"
    assert words.count("`") % 2 == 0, "an odd backtick"
    assert words.count("**") % 2 == 0, "an odd **"


def test_exactly_one_drawing_that_fits(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert _FENCE.findall(text) == ["text", ""]
    why = sections(text)[2][1]
    assert "```text\n" in why, "the drawing belongs to the second section"
    drawing = why.partition("```text\n")[2].partition("```")[0].splitlines()
    assert drawing[0].strip()
    assert drawing[-1].strip()
    assert len(drawing) <= LINES
    assert [line for line in drawing if columns(line) > COLUMNS] == []


def test_sections_that_are_bullets(path: Path) -> None:
    parts = sections(path.read_text(encoding="utf-8"))
    assert 2 <= len(bullets(parts[3][1])) <= 4
    links = bullets(parts[4][1])
    assert 2 <= len(links) <= 4
    assert [link for link in links if not _READ_MORE.fullmatch(link)] == []
    assert len(set(links)) == len(links)
    for _, body in parts[1:3]:
        assert not re.search(r"^- ", body, re.MULTILINE), "bullets are for the last two sections"


def test_links_lead_to_known_places(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    allowed = (
        HOSTS[language_of(path)] + r"(howto|library|reference|tutorial|faq|using|glossary|whatsnew)"
        r"[\w./-]*\.html(#[\w.-]+)?",
        r"www\.rfc-editor\.org/rfc/rfc[1-9]\d*(#[\w.-]+)?",
        r"man7\.org/linux/man-pages/man(?P<part>\d)/[\w.-]+\.(?P=part)\.html",
    )
    for target in re.findall(r"\w+://[^)\s]*", text):
        assert re.fullmatch("https://(" + "|".join(allowed) + ")", target), target
    assert len(_LINK.findall(text)) == text.count("://"), "an address outside a link"


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0].stem)
def test_both_languages_have_as_many_links_and_bullets(pair: tuple[Path, Path]) -> None:
    english, chinese = (sections(page.read_text(encoding="utf-8")) for page in pair)
    for number in (3, 4):
        assert len(bullets(english[number][1])) == len(bullets(chinese[number][1]))


def code_lines(path: Path) -> set[str]:
    """Return the substantial lines of a program's code, without any white space."""
    source = path.read_text(encoding="utf-8")
    told = {
        number
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    lines = set()
    for number, line in enumerate(source.splitlines(), 1):
        bare = "".join(line.split())
        common = re.match(r"#|@|(import|from|def|async def|class|if __name__)\b", line.strip())
        if number not in told and not common and len(bare) >= SUBSTANTIAL:
            lines.add(bare)
    return lines


@cache
def reference_lines() -> frozenset[str]:
    """Return the lines of all reference solutions, but for those that the stubs show anyway."""
    lines = set().union(*(code_lines(solution_path(ROOT, exercise)) for exercise in EXERCISES))
    shown = set().union(*(code_lines(shipped_stub(exercise)) for exercise in EXERCISES))
    return frozenset(lines - shown)


def shipped_stub(exercise: Exercise) -> Path:
    pristine = pristine_path(ROOT, exercise)
    return pristine if pristine.is_file() else stub_path(ROOT, exercise)


def test_reference_lines_are_found() -> None:
    assert "whiledata:=connection.recv(CHUNK):" in reference_lines()
    assert not any("Sendbackwhatever" in line for line in reference_lines())


def test_no_line_of_a_solution(path: Path) -> None:
    text = "".join(path.read_text(encoding="utf-8").split())
    assert [line for line in reference_lines() if line in text] == []


def test_nothing_hidden_is_named(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    hidden = {c.id for e in EXERCISES for c in e.checks if c.visibility == "hidden"}
    assert not [name for name in hidden if re.search(rf"\b{name}\b", text)]
    assert not re.search(r"\b(solutions|mistakes|variants)/", text)


def test_speaks_its_language(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    title = text.partition("\n")[0]
    words = prose(text).replace("`码`", "")
    if language_of(path) == "en":
        assert not re.search(r"[\u3000-\u303f\uff00-\uffef]", words)
        assert len(re.findall(_HAN, words)) <= 6, "an English page quotes a word at the most"
    else:
        assert re.search(_HAN, title), title
        assert len(re.findall(_HAN, words)) > 60
        assert not re.search(r"^[^#\[]*\b\w+ \w+ \w+ \w+ \w+ \w+ \w+\b", words, re.MULTILINE)


def test_chinese_punctuation_is_full_width(path: Path) -> None:
    if language_of(path) == "en":
        return
    text = path.read_text(encoding="utf-8")
    # Code stands for a Chinese word here: what follows it is punctuated like one.
    words = prose(text).replace("`码`", "码")
    wrong = [
        match[0]
        for pattern, where in (
            (rf"{_HAN}+ ?[,;:!?()] ?{_HAN}+", words),
            (rf"{_HAN}+\.(?=\s|{_HAN}|$)", words),
            (rf"{_HAN}+[,;:!?](?=\s|$)", words),
            (rf"[\"']{_HAN}+|{_HAN}+[\"']", words),
            (rf"{_HAN}+[,;!?]{_HAN}+", text),
        )
        for match in re.finditer(pattern, where, re.MULTILINE)
    ]
    assert wrong == []
