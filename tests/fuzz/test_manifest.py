"""The manifest reader: whatever is done to a real manifest, an Exercise or one line comes of it."""

from __future__ import annotations

import copy
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from grader.catalog import MAX_BYTES, CatalogError, exercise_ids, load_exercise, mistakes
from grader.model import Exercise

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "ex03_tcp_echo"
WHERE = re.compile(rf"exercises/{FOLDER}/exercise\.yaml:([0-9]+): \S.*")
Peak = Callable[[Callable[[], object]], tuple[object, int]]
Data = dict[str, Any]


def manifest(folder: str) -> str:
    return (ROOT / "exercises" / folder / "exercise.yaml").read_text(encoding="utf-8")


def _small() -> Data:
    data: Data = yaml.safe_load(manifest(FOLDER))
    data["checks"] = data["checks"][:2]
    return data


REAL = manifest(FOLDER)
SMALL = _small()
SMALL_TEXT = yaml.safe_dump(SMALL, allow_unicode=True, sort_keys=False)


class Suite:
    """A suite of one exercise whose manifest is whatever is given."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "exercises" / FOLDER / "exercise.yaml"
        self.path.parent.mkdir(parents=True)

    def read(self, content: bytes | str) -> Exercise | CatalogError:
        """Return the exercise, or the error: nothing else may come of any file."""
        data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
        self.path.write_bytes(data)
        try:
            return load_exercise(self.root, "ex03")
        except CatalogError as error:
            return error


@pytest.fixture(scope="session")
def suite() -> Iterator[Suite]:
    with tempfile.TemporaryDirectory() as folder:
        yield Suite(Path(folder))


def check(found: Exercise | CatalogError, content: bytes | str) -> None:
    """Assert that an error is one printable line that names a line of the file."""
    if isinstance(found, Exercise):
        assert found.id == "ex03"
        assert found.checks
        assert 0 < found.max_score < float("inf")
        return
    words = str(found)
    match = WHERE.fullmatch(words)
    assert match, words
    assert words.isprintable(), words
    assert len(words) < 2000
    lines = content.count(b"\n" if isinstance(content, bytes) else "\n")  # type: ignore[arg-type]
    assert 1 <= int(match[1]) <= lines + 2


# -- the structure, changed ---------------------------------------------------------------

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.dates()
    | st.datetimes()
    | st.binary(max_size=8)
    | st.sampled_from(["", " ", "\n", "a\nb", "en", "zh", "ex03", "tcp_echo", "é", "\u202e", "1_0"])
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=6) | SCALARS, inner, max_size=3)
    ),
    max_leaves=6,
)
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["drop", "double", "replace", "rename", "swap", "wrap", "add"]),
        st.integers(0, 10_000),
        ANYTHING,
        st.sampled_from(
            ["en", "zh", "id", "title", "points", "checks", "hints", "no_such_key", "", "é"]
        ),
    ),
    min_size=1,
    max_size=4,
)


def places(data: object) -> list[tuple[Any, Any]]:
    """Return every container with every key or index in it."""
    found: list[tuple[Any, Any]] = []
    waiting = [data]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            found += [(here, key) for key in here]
            waiting += here.values()
        elif isinstance(here, list):
            found += [(here, index) for index in range(len(here))]
            waiting += here
    return found


def changed(data: Data, changes: list[Any]) -> object:
    data = copy.deepcopy(data)
    for how, where, value, name in changes:
        spots = places(data)
        if not spots:
            break
        here, key = spots[where % len(spots)]
        if how == "drop":
            del here[key]
        elif how == "double" and isinstance(here, list):
            here.insert(key, copy.deepcopy(here[key]))
        elif how == "rename" and isinstance(here, dict):
            here[name] = here.pop(key)
        elif how == "swap":
            there, other = spots[(where * 7 + 1) % len(spots)]
            here[key], there[other] = copy.deepcopy(there[other]), copy.deepcopy(here[key])
        elif how == "wrap":
            here[key] = [here[key]] if where % 2 else {name: here[key]}
        elif how == "add" and isinstance(here, dict):
            here[name] = value
        else:
            here[key] = value
    return data


@given(CHANGES, st.booleans())
def test_any_change_of_structure(suite: Suite, changes: list[Any], flow: bool) -> None:
    text = yaml.safe_dump(
        changed(SMALL, changes), allow_unicode=True, sort_keys=False, default_flow_style=flow
    )
    check(suite.read(text), text)


@given(ANYTHING)
def test_any_document(suite: Suite, value: object) -> None:
    text = yaml.safe_dump(value, allow_unicode=True)
    check(suite.read(text), text)


# -- the text, changed ----------------------------------------------------------------------

TOKENS = st.sampled_from(
    ["- ", ": ", "{", "}", "[", "]", "&a ", "*a", "<<: ", "!!python/object:os.system ", "!x ", "! ",
     "!!binary ", "!!set ", "!!omap ", "!!timestamp ", "!!int ", "!!float ", "!!bool ", "!!null ",
     "|\n", ">-\n", "'", '"', "#", "%YAML 1.1\n", "---\n", "...\n", "? ", "\t", "\x00", "\x85",
     "\u2028", "\ufeff", "\ud800", "=", "0x", "0b", "0o9", "1:59:59", ".inf", ".nan", "2001-99-99",
     "1e999", "_", "~", "\\", "\\x00", "\n", "\n\n", "  ", "@", "`", "9" * 5000, "{a: " * 30,
     "[" * 100, "\u202e", "中"]
)  # fmt: skip
EDITS = st.lists(
    st.tuples(st.integers(0, 100_000), st.integers(0, 12), TOKENS | st.text(max_size=4)),
    min_size=1,
    max_size=5,
)


@given(EDITS)
def test_any_change_of_text(suite: Suite, edits: list[tuple[int, int, str]]) -> None:
    text = SMALL_TEXT
    for at, gone, token in edits:
        at %= len(text) + 1
        text = text[:at] + token + text[at + gone :]
    check(suite.read(text), text)


@given(
    st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 100_000)), min_size=1, max_size=4)
)
def test_any_change_of_lines(suite: Suite, moves: list[tuple[int, int]]) -> None:
    lines = REAL.splitlines(keepends=True)
    for source, target in moves:
        line = lines[source % len(lines)]
        if target % 3 == 0:
            lines.remove(line)
        lines.insert(target % (len(lines) + 1), line if target % 2 else line.lstrip(" "))
    text = "".join(lines)
    check(suite.read(text), text)


@given(st.lists(st.tuples(st.integers(0, 100_000), st.binary(max_size=4)), min_size=1, max_size=4))
def test_any_change_of_bytes(suite: Suite, edits: list[tuple[int, bytes]]) -> None:
    data = bytearray(SMALL_TEXT.encode())
    for at, new in edits:
        at %= len(data) + 1
        data[at : at + len(new)] = new
    check(suite.read(bytes(data)), bytes(data))


@given(st.binary(max_size=100))
def test_any_bytes(suite: Suite, data: bytes) -> None:
    check(suite.read(data), data)


@given(st.integers(0, len(SMALL_TEXT)))
def test_any_cut(suite: Suite, size: int) -> None:
    check(suite.read(SMALL_TEXT[:size]), SMALL_TEXT[:size])


@pytest.mark.parametrize("identifier", exercise_ids(ROOT))
def test_real_manifests_are_read_the_same_again(identifier: str, suite: Suite) -> None:
    """Written anew by another hand (order, style, width), a manifest says the same."""
    exercise = load_exercise(ROOT, identifier)
    if exercise.folder != FOLDER:
        return
    for flow in (True, False):
        text = yaml.safe_dump(yaml.safe_load(REAL), default_flow_style=flow, width=40)
        assert suite.read(text) == exercise


# -- what it costs ----------------------------------------------------------------------------

FULL = MAX_BYTES - 10_000
DEAR = {
    "brackets": "[" * FULL,
    "braces": "{" * FULL,
    "questions": "? " * (FULL // 2),
    "dashes": "- " * (FULL // 2),
    "numbers": "a: [" + "1," * (FULL // 2) + "1]",
    "texts": "a: [" + "x," * (FULL // 2) + "x]",
    "keys": "{" + ",".join(f"k{n}: 1" for n in range(FULL // 12)) + "}",
    "base 60": "a: 1" + ":59" * (FULL // 3),
    "base 60 with a point": "a: 1" + ":59" * (FULL // 3) + ".5",
    "hexadecimal": "a: 0x" + "f" * FULL,
    "digits": "a: 1" + "0" * FULL,
    "underscores": "a: 1" + "_" * FULL,
    "points of many digits": SMALL_TEXT.replace("points: 1", "points: 0x" + "f" * 5000, 1),
    "anchors": "a: [" + "".join(f"&a{n} x," for n in range(FULL // 10)) + "]",
    "aliases": "a: &a [x]\nb: [" + "*a," * (FULL // 3) + "]",
    "many functions, the last one wrong": re.sub(
        r"(concepts:\n)((?:- .*\n|  .*\n)+)(functions:\n)(?:  .*\n)+",
        lambda match: (
            "concepts: [" + "{en: a, zh: b}," * 20_000 + "]\n"
            "functions: {" + "".join(f"f{n}: [], " for n in range(20_000)) + "g: 7}\n"
        ),
        SMALL_TEXT,
    ),
    "one long line": "a: '" + "x" * FULL + "'",
    "one long key": '"' + "k" * FULL + '": 1',
    "comments": "#\n" * (FULL // 2),
    "spaces": " " * FULL,
    "documents": "---\n" * (FULL // 4),
    "directives": "%YAML 1.1\n" * (FULL // 10),
    "quotes": "'" * FULL,
    "escapes": '"' + "\\x00" * (FULL // 4) + '"',
}


@pytest.mark.parametrize("text", DEAR.values(), ids=DEAR)
def test_a_dear_manifest_is_refused_in_time(text: str, suite: Suite) -> None:
    """pytest-timeout is the bound: what takes its time here takes it squared."""
    found = suite.read(text)
    assert isinstance(found, CatalogError)
    check(found, text)


@pytest.mark.parametrize("name", ["numbers", "texts", "keys", "brackets", "one long line"])
def test_memory_is_in_proportion_to_the_file(name: str, suite: Suite, peak: Peak) -> None:
    text = DEAR[name][: 100_000 if name != "keys" else None]
    found, most = peak(lambda: suite.read(text))
    assert isinstance(found, CatalogError)
    assert most <= 400 * len(text)


# -- the heads of mistakes --------------------------------------------------------------------

HEADS = st.lists(
    st.sampled_from(
        ["# mistake: x", "# mistake:", "# caught_by:", "#   a_check: some_id", "# a: b: c", "#", "",
         "#   client_sends_and_receives: x", "import socket", "\ufeff", "\x0c", "\u2028", "# é: ü"]
    ),
    max_size=8,
)  # fmt: skip


@given(HEADS, st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_head_of_a_mistake(suite: Suite, lines: list[str], ending: str) -> None:
    exercise = load_exercise(ROOT, "ex03")
    folder = suite.root / "solutions" / FOLDER / "mistakes"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "one.py").write_text(ending.join(lines), encoding="utf-8", newline="")
    words = ""
    try:
        (found,) = mistakes(suite.root, exercise)
    except CatalogError as error:
        words = str(error)
    if words:
        assert re.fullmatch(rf"solutions/{FOLDER}/mistakes/one\.py:[0-9]+: \S.*", words)
        assert words.isprintable()
    else:
        assert found.fault
        assert found.caught_by
