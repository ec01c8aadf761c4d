"""The catalogue: what it finds, and the one line it says about each kind of bad manifest."""

from __future__ import annotations

import os
from pathlib import Path
from time import perf_counter

import pytest
import yaml

from grader import catalog, manifest
from grader.catalog import CatalogError
from grader.model import Limits

MANIFEST = """\
id: ex03
slug: tcp_echo
title: {en: "TCP echo", zh: "TCP 回显"}
summary: {en: "A server that answers.", zh: "会回话的服务器。"}
concepts:
  - {en: "stream", zh: "字节流"}
functions:
  serve: [host, port]
  echo: [host, port, message, timeout]
checks:
  - id: sends_back
    points: 1
    title: {en: "sends back", zh: "原样发回"}
    hints:
      - {en: "one", zh: "一"}
      - {en: "two", zh: "二"}
      - {en: "three", zh: "三"}
  - id: lets_next_in
    points: 2.5
    visibility: hidden
    title: {en: "lets the next in", zh: "接待下一位"}
diagnoses:
  own_fault: {en: "Oh.", zh: "哦。"}
"""
FOLDER = "ex03_tcp_echo"
SHOWN = f"exercises/{FOLDER}/exercise.yaml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for kind in ("exercises", "solutions"):
        (tmp_path / kind / FOLDER).mkdir(parents=True)
    write(tmp_path, MANIFEST)
    return tmp_path


def write(root: Path, text: str | bytes) -> None:
    data = text if isinstance(text, bytes) else text.encode()
    (root / SHOWN).write_bytes(data)


def problem(root: Path, wanted: str = "ex03") -> str:
    with pytest.raises(CatalogError) as caught:
        catalog.load_exercise(root, wanted)
    message = str(caught.value)
    assert "\n" not in message
    assert message.isprintable()
    return message


def test_reads_a_manifest(root: Path) -> None:
    exercise = catalog.load_exercise(root, "ex03")
    assert exercise.folder == FOLDER
    assert exercise.functions["serve"] == ("host", "port")
    assert [check.points for check in exercise.checks] == [1.0, 2.5]
    assert exercise.checks[0].hints[2].zh == "三"
    assert exercise.diagnoses["own_fault"].en == "Oh."
    assert exercise.limits == Limits()
    assert catalog.load_all(root) == [exercise]


@pytest.mark.parametrize("wanted", ["ex03", "3", "03", "ex3", "EX03", FOLDER, "tcp_echo", " 003 "])
def test_accepts_every_way_to_name_an_exercise(root: Path, wanted: str) -> None:
    assert catalog.load_exercise(root, wanted).id == "ex03"


@pytest.mark.parametrize(
    "wanted",
    ["", "ex", "ex04", "4", "30", "tcp", "../exercises/ex03_tcp_echo", "３", "3\x1b\n", "9" * 9999],
)
def test_refuses_other_names_in_one_line(root: Path, wanted: str) -> None:
    message = problem(root, wanted)
    assert message.startswith("no exercise ")
    assert message.endswith("there are: ex03_tcp_echo")
    assert len(message) < 400


def test_the_error_for_an_unknown_exercise_can_be_worded_elsewhere(root: Path) -> None:
    with pytest.raises(CatalogError) as caught:
        catalog.load_exercise(root, "ex99")
    assert caught.value.code == "no_exercise"
    assert caught.value.values == {"wanted": "ex99", "known": [FOLDER]}


def test_ids_are_in_order_of_number_and_other_entries_are_no_exercises(root: Path) -> None:
    for name in (
        "ex100_last",
        "ex20_b",
        ".ex05_x",
        "__pycache__",
        "ex7_short",
        "ex04_tcp echo copy",
    ):
        (root / "exercises" / name).mkdir()
    (root / "exercises" / "ex06_file").write_text("")
    assert catalog.exercise_ids(root) == ["ex03", "ex20", "ex100"]


def test_two_folders_of_one_number_are_told_apart_by_name_only(root: Path) -> None:
    (root / "exercises" / "ex03_tcp_echo_old").mkdir()
    assert catalog.exercise_ids(root) == ["ex03"]
    assert "ex03_tcp_echo, ex03_tcp_echo_old" in problem(root, "3")
    assert catalog.load_exercise(root, FOLDER).slug == "tcp_echo"


def test_finds_the_root_from_below_and_says_where_it_looked(root: Path, tmp_path: Path) -> None:
    deep = root / "exercises" / FOLDER
    assert catalog.find_root(deep) == root
    with pytest.raises(CatalogError, match="no folder 'exercises' in /") as caught:
        catalog.find_root(Path("/"))
    assert caught.value.code == "no_root"


def test_paths(root: Path) -> None:
    exercise = catalog.load_exercise(root, "ex03")
    assert catalog.stub_path(root, exercise) == root / "exercises" / FOLDER / "tcp_echo.py"
    assert catalog.solution_path(root, exercise) == root / "solutions" / FOLDER / "tcp_echo.py"
    assert catalog.variants(root, exercise) == []
    assert catalog.mistakes(root, exercise) == []
    folder = root / "solutions" / FOLDER / "variants"
    folder.mkdir()
    for name in ("b.py", "a.py", "_shared.py", "notes.txt"):
        (folder / name).write_text("")
    assert [path.name for path in catalog.variants(root, exercise)] == ["a.py", "b.py"]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("id: ex03", "id: ex3", 1, "id: expected ex03 as in the folder's name, got 'ex3'"),
        (
            "slug: tcp_echo",
            "slug: echo",
            2,
            "slug: expected tcp_echo as in the folder's name, got 'echo'",
        ),
        ("slug: tcp_echo\n", "", 1, "slug: missing"),
        ("slug: tcp_echo", "slug: [a]", 2, "slug: expected str, got array"),
        ("slug:", "slugg: 1\nslug:", 2, "slugg: unknown key"),
        ("id: ex03", "id: ex03\nid: ex03", 2, "id: duplicate key, first on line 1"),
        ("id: ex03", "? [a]\n: 1", 1, "a key must be text (put it in quotes)"),
        ("id: ex03", "yes: 1", 1, "a key must be text (put it in quotes)"),
        ("id: ex03", "<<: {a: 1}", 1, "no merge: '<<'"),
        ('zh: "TCP 回显"', 'zh: " "', 3, "title.zh: empty"),
        ('zh: "TCP 回显"', 'zh: "a\\nb"', 3, "title.zh: must be one line of printable characters"),
        (', zh: "TCP 回显"', "", 3, "title.zh: missing"),
        ('en: "TCP echo"', "en: yes", 3, "title.en: expected str, got bool (put it in quotes)"),
        (
            'en: "TCP echo"',
            "en: 2020-01-01",
            3,
            "title.en: expected str, got date (put it in quotes)",
        ),
        ('en: "TCP echo"', "en: !!python/name:os.system x", 3, "title.en: no os.system: 'x'"),
        ('en: "TCP echo"', "en: !!int x", 3, "title.en: no int: 'x'"),
        ('en: "TCP echo"', "en: !!timestamp x", 3, "title.en: no timestamp: 'x'"),
        ('en: "TCP echo"', "en: " + "9" * 9999, 3, "title.en: no int: '" + "9" * 40 + "'"),
        ("serve: [host, port]", "serve: host", 8, "functions.serve: expected array, got str"),
        ("timeout]", "3]", 9, "functions.echo[3]: expected str, got int (put it in quotes)"),
        ("timeout]", '"*, x"]', 9, "functions.echo[3]: '*, x' is no identifier"),
        ("  echo:", "  echo it:", 9, "functions.echo it: 'echo it' is no identifier"),
        ('  - {en: "stream", zh: "字节流"}', "  -", 6, "concepts[0]: expected object, got null"),
        ('en: "stream"', 'en: ""', 6, "concepts[0].en: empty"),
        ("points: 2.5", "points: much", 19, "checks[1].points: expected float, got str"),
        ("points: 2.5", "points: 0", 19, "checks[1].points: must be more than 0 and finite"),
        ("points: 2.5", "points: -1", 19, "checks[1].points: must be more than 0 and finite"),
        ("points: 2.5", "points: .inf", 19, "checks[1].points: must be more than 0 and finite"),
        ("points: 2.5", "points: .nan", 19, "checks[1].points: must be more than 0 and finite"),
        ("points: 2.5", "points: 1" + "0" * 999, 19, "checks[1].points: Number out of range"),
        ("    points: 2.5\n", "", 18, "checks[1].points: missing"),
        (
            "visibility: hidden",
            "visibility: secret",
            20,
            "checks[1].visibility: invalid enum value 'secret'",
        ),
        (
            "id: lets_next_in",
            "id: sends_back",
            18,
            "checks[1].id: sends_back is the id of checks[0] too",
        ),
        (
            "id: lets_next_in",
            "id: lets-next-in",
            18,
            "checks[1].id: 'lets-next-in' is no identifier",
        ),
        ('      - {en: "three", zh: "三"}\n', "", 14, "checks[0].hints: 3 at least or none, got 2"),
        ('zh: "三"', 'zh: ""', 17, "checks[0].hints[2].zh: empty"),
        ('{en: "Oh.", zh: "哦。"}', '{en: "Oh."}', 23, "diagnoses.own_fault.zh: missing"),
        ("own_fault", "own fault", 23, "diagnoses.own fault: a diagnosis id is an identifier"),
        (
            "diagnoses:",
            "limits: {check_s: 0}\ndiagnoses:",
            22,
            "limits.check_s: must be more than 0 and finite",
        ),
        ("diagnoses:", "limits: {cpu: 1}\ndiagnoses:", 22, "limits.cpu: unknown key"),
        (
            "diagnoses:",
            'limits: {"a\\nb\\x1b": 1}\ndiagnoses:',
            22,
            r"limits.a\nb\x1b: unknown key",
        ),
        ('en: "Oh."', "en: &a x", 0, ""),
        (
            '{en: "Oh.", zh: "哦。"}',
            "&a {en: *a, zh: b}",
            23,
            "diagnoses.own_fault.en: aliases (*a) are not allowed",
        ),
        (
            '{en: "Oh.", zh: "哦。"}',
            "!!set {en, zh}",
            23,
            "diagnoses.own_fault: tag tag:yaml.org,2002:set is not allowed",
        ),
        ("id: ex03", "id: ex03\n\tx", 2, "YAML: found a tab character that violates indentation"),
        ("id: ex03", "id: ex03\n# é\x07", 2, "YAML: control characters are not allowed"),
        ("  own_fault", "--- 1", 23, "more than one document"),
    ],
)
def test_says_in_one_line_what_is_wrong(
    root: Path, old: str, new: str, line: int, said: str
) -> None:
    assert MANIFEST.count(old) == 1
    write(root, MANIFEST.replace(old, new))
    if said:
        assert problem(root) == f"{SHOWN}:{line}: {said}"
    else:
        catalog.load_exercise(root, "ex03")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "1: empty"),
        (b"# nothing\n", "1: empty"),
        (b"null", "1: expected object, got null"),
        (b"- id: ex03", "1: expected object, got array"),
        (b"a: 1\nb: \xff", "2: not UTF-8: byte 0xff"),
        (MANIFEST.encode("utf-16"), "1: not UTF-8: byte 0xff"),
        (MANIFEST.encode("gbk"), "3: not UTF-8: byte 0xbb"),
        (b"#" * (catalog.MAX_BYTES + 1), f"1: larger than {catalog.MAX_BYTES} bytes"),
        (b"a: [", "2: YAML: did not find expected node content"),
        (b"[" * 500_000, "1: [0][0]: nested more than 12 deep"),
        (b"- " * 500_000, "1: [0][0]: nested more than 12 deep"),
        (b"a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]", "2: b[0]: aliases (*a) are not allowed"),
        (b"a: &a [*a]", "1: a[0]: aliases (*a) are not allowed"),
        (b"a: *nowhere", "1: a: aliases (*nowhere) are not allowed"),
        (b"\x00", "1: YAML: control characters are not allowed"),
    ],
)
def test_refuses_what_is_no_manifest_at_all(root: Path, content: bytes, said: str) -> None:
    write(root, content)
    assert problem(root) == f"{SHOWN}:{said}"


def test_no_checks(root: Path) -> None:
    data = yaml.safe_load(MANIFEST)
    data["checks"] = []
    write(root, yaml.safe_dump(data))
    assert problem(root).endswith(": checks: no checks")


def test_a_byte_order_mark_and_windows_line_ends_are_fine(root: Path) -> None:
    plain = catalog.load_exercise(root, "ex03")
    write(root, b"\xef\xbb\xbf" + MANIFEST.replace("\n", "\r\n").encode())
    assert catalog.load_exercise(root, "ex03") == plain


def test_a_directory_a_missing_file_and_a_pipe(root: Path) -> None:
    (root / SHOWN).unlink()
    assert problem(root) == f"{SHOWN}:1: No such file or directory"
    (root / SHOWN).mkdir()
    assert problem(root) == f"{SHOWN}:1: not a regular file"
    (root / SHOWN).rmdir()
    os.mkfifo(root / SHOWN)
    assert problem(root) == f"{SHOWN}:1: not a regular file"


def test_the_loader_in_python_reads_the_same(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = catalog.load_exercise(root, "ex03")
    monkeypatch.setattr(manifest, "_LOADER", yaml.SafeLoader)
    assert catalog.load_exercise(root, "ex03") == fast
    write(root, MANIFEST.replace("points: 2.5", "points: much"))
    assert problem(root) == f"{SHOWN}:19: checks[1].points: expected float, got str"


def test_a_long_manifest_loads_fast(root: Path) -> None:
    head, checks = MANIFEST.split("checks:\n")
    block = checks.split("  - id: lets")[0]
    many = "".join(block.replace("sends_back", f"check_{n}") for n in range(57))
    write(root, f"{head}checks:\n{many}")
    assert (root / SHOWN).read_text().count("\n") > 400
    times = []
    for _ in range(5):
        begin = perf_counter()
        catalog.load_exercise(root, "ex03")
        times.append(perf_counter() - begin)
    assert min(times) < 0.1


MISTAKE = """\
# mistake: leaves the loop
#   too early
# caught_by:
#   sends_back: no_answer
#   lets_next_in: ended_by_itself
import socket
# a comment: later
"""


def add_mistake(root: Path, text: str | bytes) -> None:
    folder = root / "solutions" / FOLDER / "mistakes"
    folder.mkdir(exist_ok=True)
    (folder / "wrong.py").write_bytes(text if isinstance(text, bytes) else text.encode())


def test_reads_the_header_of_a_mistake(root: Path) -> None:
    add_mistake(root, MISTAKE)
    [mistake] = catalog.mistakes(root, catalog.load_exercise(root, "ex03"))
    assert mistake.path.name == "wrong.py"
    assert mistake.fault == "leaves the loop too early"
    assert mistake.caught_by == {"sends_back": "no_answer", "lets_next_in": "ended_by_itself"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1: expected '# mistake: <one sentence>'"),
        ("import os\n", "1: expected '# mistake: <one sentence>'"),
        (
            "# mistake:\n# caught_by:\n#   sends_back: x\n",
            "1: expected '# mistake: <one sentence>'",
        ),
        ("# variant: x\n", "1: expected '# mistake: <one sentence>'"),
        ("# mistake: x\n\n# caught_by:\n#   sends_back: x\n", "2: caught_by: missing or empty"),
        ("# mistake: x\n# caught_by:\nimport os\n", "3: caught_by: missing or empty"),
        (MISTAKE.replace("sends_back:", "send_back:"), "4: caught_by.send_back: no such check"),
        (MISTAKE.replace("lets_next_in", "sends_back"), "5: caught_by.sends_back: named twice"),
        (MISTAKE.replace(" no_answer", ""), "4: caught_by: expected '# check_id: diagnosis_id'"),
        (
            MISTAKE.replace("no_answer", "no answer"),
            "4: caught_by: expected '# check_id: diagnosis_id'",
        ),
        (MISTAKE.replace("no_answer", "1st"), "4: caught_by: expected '# check_id: diagnosis_id'"),
        (b"# mistake: \xff\n", "1: not UTF-8: byte 0xff"),
    ],
)
def test_says_what_is_wrong_with_a_header(root: Path, text: str | bytes, said: str) -> None:
    add_mistake(root, text)
    with pytest.raises(CatalogError) as caught:
        catalog.mistakes(root, catalog.load_exercise(root, "ex03"))
    assert str(caught.value) == f"solutions/{FOLDER}/mistakes/wrong.py:{said}"
