"""Similar submissions: copies are found however they are disguised, independent work is not.

The suite's own variants stand for independent work: they were written to be different.
"""

from __future__ import annotations

import ast
import csv
import hashlib
import io
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from grader.catalog import (
    exercise_ids,
    load_exercise,
    mistakes,
    pristine_path,
    solution_path,
    variants,
)
from grader.classroom import similar
from grader.classroom.course import Course
from grader.classroom.exports import ExportError, names
from grader.classroom.exports import similar as export
from grader.classroom.model import ClassResult, Collection, Graded, Handed, Student
from grader.classroom.similar import Comparison, Pair, compare_class, similar_pairs
from grader.model import Language

ROOT = Path(__file__).resolve().parents[2]
WHEN = datetime(2026, 12, 24, tzinfo=timezone.utc)
ODD = ROOT / "solutions" / "ex07_multi_client" / "variants" / "selectors_backpressure.py"
Work = tuple[str, str, str | bytes]


@pytest.fixture(autouse=True)
def _library() -> None:
    """Skip where it is missing; importing it here would bring in matplotlib."""
    try:
        version("copydetect")
    except PackageNotFoundError:
        pytest.skip("the extra 'similar' is not installed")


def a_class(work: Iterable[Work], *exercises: str, language: Language = "en") -> ClassResult:
    """Return a class of (student, exercise, source)."""
    sources: dict[str, bytes] = {}
    handed: list[Handed] = []
    for student, exercise, source in work:
        content = source if isinstance(source, bytes) else source.encode()
        digest = hashlib.sha256(content).hexdigest()
        sources[digest] = content
        attempt = 1 + sum(h.student == student and h.exercise == exercise for h in handed)
        origin = f"{student}/{attempt}.py"
        handed.append(Handed(student, exercise, origin, "x.py", digest, len(content), attempt))
    people = tuple(Student(key, name=key) for key in dict.fromkeys(h.student for h in handed))
    return ClassResult(
        title="Networks",
        collection=Collection("folder", "folders", people, tuple(handed), ()),
        exercises=tuple(load_exercise(ROOT, name) for name in exercises or ("ex03",)),
        graded=tuple(Graded(one) for one in handed),
        made_at=WHEN,
        language=language,
        source_of=sources.get,
    )


def compared(work: Iterable[Work]) -> Comparison:
    (found,) = compare_class(a_class(work), ROOT)
    return found


def who(pair: Pair) -> set[str]:
    return {pair.first.student, pair.second.student}


_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


# -- disguises -----------------------------------------------------------------------------


class _Renaming(ast.NodeTransformer):
    """Give every variable and parameter another name."""

    def __init__(self, tree: ast.AST) -> None:
        stored = (n for n in ast.walk(tree) if isinstance(n, ast.Name))
        self.own = {n.id for n in stored if isinstance(n.ctx, ast.Store)}
        self.names: dict[str, str] = {}

    def visit_Name(self, node: ast.Name) -> ast.Name:
        if node.id in self.own:
            node.id = self.names.setdefault(node.id, f"a_new_name_{len(self.names)}")
        return node


class _Padding(ast.NodeTransformer):
    """Put something new before every fourth statement."""

    count = 0

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list) and not isinstance(node, (ast.Module, ast.ClassDef)):
                setattr(node, field, list(self.padded(block)))
        return node

    def padded(self, block: list[ast.stmt]) -> Iterator[ast.stmt]:
        for statement in block:
            self.count += 1
            if self.count % 4 == 0:
                yield ast.parse("print('now here', 1)").body[0]
            yield statement


def disguised(source: str) -> str:
    """Return a copy with other names, without comments and docstrings, reordered and padded."""
    tree = _Renaming(ast.parse(source)).visit(ast.parse(source))
    for node in ast.walk(tree):
        if isinstance(node, (*_NAMED, ast.Module)) and ast.get_docstring(node):
            node.body[:1] = [] if len(node.body) > 1 else [ast.Pass()]
    functions = [node for node in tree.body if isinstance(node, _NAMED)]
    tree.body = [node for node in tree.body if node not in functions] + functions[::-1]
    return ast.unparse(ast.fix_missing_locations(_Padding().visit(tree)))


# -- what is found and what is not ---------------------------------------------------------


def test_disguised_copies_are_found_and_independent_work_is_not() -> None:
    """Variants and a copy of each are the class; only stub and reference explain anything."""
    found, there, chance = 0, 0, []
    with similar._Worker() as worker:
        for name in exercise_ids(ROOT):
            exercise = load_exercise(ROOT, name)
            own = [pristine_path(ROOT, exercise), solution_path(ROOT, exercise)]
            known = [similar.text_of(path.read_bytes()) for path in own]
            sources = {p.stem: p.read_text(encoding="utf-8") for p in variants(ROOT, exercise)}
            work = [(stem, name, source) for stem, source in sources.items()]
            work += [(f"{stem} copy", name, disguised(source)) for stem, source in sources.items()]
            comparison = similar._compare(a_class(work, name), exercise, known, worker)
            there += len(sources)
            for pair in comparison.pairs:
                if len({person.removesuffix(" copy") for person in who(pair)}) == 1:
                    found += 1
                else:
                    chance.append((name, who(pair), pair.share, pair.characters))
    assert chance == []
    assert there >= 42
    assert found >= there - 1


def test_what_the_suite_explains_is_nobodys() -> None:
    exercise = load_exercise(ROOT, "ex03")
    paths = [pristine_path(ROOT, exercise), *variants(ROOT, exercise)]
    work = []
    for path in paths:
        source = path.read_text(encoding="utf-8")
        work += [(f"{path.stem} {n}", "ex03", source + f"# mine {n}\n") for n in range(2)]
        work += [(f"{path.stem} same {n}", "ex03", source) for n in range(2)]
    found = compared(work)
    assert found.pairs == ()
    assert found.compared == found.explained == len(work)
    assert found.solutions


def test_what_many_have_is_nobodys() -> None:
    """Twelve near-copies of one text: a lecture's, more likely than each other's."""
    exercise = load_exercise(ROOT, "ex03")
    work = [
        (mistake.path.stem, "ex03", mistake.path.read_text(encoding="utf-8"))
        for mistake in mistakes(ROOT, exercise)
    ]
    assert len(work) > 2 * similar.commonness(len(work))
    assert compared(work).pairs == ()


def test_a_pair_says_how_much_and_where() -> None:
    source = ODD.read_text(encoding="utf-8")
    alone = (
        "import socket\n\n\ndef serve(host, port):\n    return socket.socket().bind((host, port))"
    )
    work = [
        ("amy", "ex03", source),
        ("bob", "ex03", "\n\n# mine\n" + source),
        ("cat", "ex03", alone),
        ("amy", "ex03", source + "# once more\n"),
    ]
    (pair,) = compared(work).pairs
    assert who(pair) == {"amy", "bob"}
    assert pair.share == pair.first_share == pair.second_share == 1.0
    assert not pair.identical
    assert pair.characters > 500
    amy, bob = (pair.first_lines, pair.second_lines)
    if pair.first.student == "bob":
        amy, bob = bob, amy
    assert [(first + 3, last + 3) for first, last in amy] == list(bob)
    assert amy[-1][1] <= source.count("\n")


def test_the_same_file_is_a_pair_and_compared_once() -> None:
    source = ODD.read_text(encoding="utf-8")
    found = compared((name, "ex03", source) for name in ("cat", "amy", "bob"))
    assert [who(pair) for pair in found.pairs] == [{"amy", "bob"}, {"amy", "cat"}]
    assert all(pair.identical for pair in found.pairs)


def test_nobody_is_compared_with_themselves() -> None:
    source = ODD.read_text(encoding="utf-8")
    work = [("amy", "ex03", source), ("amy", "ex03", source + "#"), ("amy", "ex03", source)]
    assert compared(work).pairs == ()
    shared = [*work, ("bob", "ex03", source)]
    (pair,) = compared(shared).pairs
    assert pair.identical
    assert who(pair) == {"amy", "bob"}


def test_the_order_of_the_class_changes_nothing() -> None:
    source = ODD.read_text(encoding="utf-8")
    work: list[Work] = [("amy", "ex03", source), ("bob", "ex03", disguised(source))]
    work += [("cat", "ex03", source + "#"), ("dan", "ex03", "x = 1\n")]

    def told(found: Comparison) -> list[tuple[list[str], int, float]]:
        return [(sorted(who(p)), p.characters, round(p.share, 6)) for p in found.pairs]

    assert told(compared(work)) == told(compared(work[::-1]))


# -- hostile files -------------------------------------------------------------------------


def test_a_file_that_stalls_the_lexer_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar, "_READ_CPU_S", 0.5)
    source = ODD.read_text(encoding="utf-8")
    work: list[Work] = [
        ("stalls", "ex03", "\t \n" * 20_000),
        ("long", "ex03", "x = 1\n" * 20_000),
        ("amy", "ex03", source),
        ("bob", "ex03", source),
    ]
    found = compared(work)
    assert [who(pair) for pair in found.pairs] == [{"amy", "bob"}]
    reasons = {handed.student: reason for handed, reason in found.passed_over}
    assert reasons == {"stalls": "stalled", "long": "too_long"}
    assert found.compared == 2


def test_what_is_no_python_is_compared_or_passed_over_but_never_fatal() -> None:
    deep = "(" * 20_000
    sources: list[str | bytes] = [
        b"", b"\n\n", b"\0" * 9000, b"\xff\xfe\x00x", bytes(range(256)) * 8, deep, 'f"{' * 9000,
        '"""', "'" * 9001, "\\\n" * 9000, "class\n" * 99, "\ud800".encode("utf-8", "surrogatepass"),
        "def \u202e(:", b"# coding: idna\n" + b"x" * 5000, "\r" * 500 + "x",
    ]  # fmt: skip
    work = [(f"{n}", "ex03", source) for n, source in enumerate(sources)]
    found = compared([*work, *((f"again {name}", e, source) for name, e, source in work)])
    assert found.compared + len(found.passed_over) == 2 * len(work)
    for pair in found.pairs:
        assert pair.identical


def test_a_file_that_is_gone_is_said() -> None:
    result = a_class([("amy", "ex03", "x = 1")])
    object.__setattr__(result, "source_of", lambda digest: None)
    (found,) = compare_class(result, ROOT)
    assert [reason for _, reason in found.passed_over] == ["gone"]


# -- the export ----------------------------------------------------------------------------

COURSE = Course(title="", exercises={})


def test_is_one_of_the_exports() -> None:
    assert "similar" in names()


def test_without_the_library_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(similar, "version", absent)
    with pytest.raises(ExportError, match=r"^similar submissions need copydetect: .*\[similar\]"):
        export.write(a_class([]), COURSE, tmp_path)
    with pytest.raises(ExportError, match="需要 copydetect"):
        export.write(a_class([], language="zh"), COURSE, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_library_that_does_not_start_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit(1)\n")
    monkeypatch.setattr(similar, "_WORKER", broken)
    with pytest.raises(ExportError, match="copydetect cannot be imported"):
        export.write(a_class([("amy", "ex03", "x = 1")]), COURSE, tmp_path)


def test_a_comparison_that_never_ends_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = tmp_path / "silent.py"
    silent.write_text(
        "import sys\nprint('{\"ready\": true}', flush=True)\n"
        "for line in sys.stdin:\n"
        "    if 'source' in line:\n"
        '        print(\'{"code": "x", "offsets": [[0, 0]]}\', flush=True)\n'
    )
    monkeypatch.setattr(similar, "_WORKER", silent)
    monkeypatch.setattr(similar, "_COMPARE_S", 0.2)
    with pytest.raises(ExportError, match="copydetect gave no answer"):
        export.write(a_class([("amy", "ex03", "x = 1")]), COURSE, tmp_path)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_table_and_page_show_the_pair_and_obey_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: Language
) -> None:
    monkeypatch.chdir(ROOT)
    hostile = '=1+1</td><script>alert(1)</script>\u202e\x1b[2J\n,"'
    source = ODD.read_text(encoding="utf-8") + "# </pre><script>alert(2)</script> \x1b[31m \u202e\n"
    work = [(hostile, "ex03", source), ("李明", "ex03", disguised(source))]
    work.append(("too long", "ex03", "x = 1\n" * 20_000))
    paths = export.write(a_class(work, "ex03", language=language), COURSE, tmp_path)
    assert [path.name for path in paths] == ["similar.csv", "similar.html"]

    head, line = csv.reader(io.StringIO(paths[0].read_text(encoding="utf-8-sig"), newline=""))
    assert len(head) == len(line) == 11
    assert line[0] == "ex03"
    (named,) = [cell for cell in line[1:3] if cell != "李明"]
    assert named.startswith("'=1+1")
    assert "\x1b" not in named
    assert all(Decimal(cell) >= 50 for cell in line[3:5])

    page = paths[1].read_text(encoding="utf-8")
    assert "<script" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert ("不是结论" if language == "zh" else "not a verdict") in page
    assert "too long" in page
    assert page.count("<details") == 1
    assert page.count('<tr class="shared">') > 40


def test_a_class_without_pairs_has_a_page_that_says_so(tmp_path: Path) -> None:
    paths = export.write(a_class([("amy", "ex03", "x = 1")]), COURSE, tmp_path)
    assert "No two files share more" in paths[1].read_text(encoding="utf-8")
    assert similar_pairs(a_class([]), ROOT) == []
