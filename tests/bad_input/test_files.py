"""Submissions of every kind: each gets a verdict with one clear sentence, or one line and a 2.

What Python itself says of a source (syntax, nesting, NUL) and what is no file at all is in
tests/test_judge.py; here is what people really hand in, and what their editors make of it.
"""

from __future__ import annotations

import json
import os
import py_compile
import warnings
import zipfile
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest

from grader import cli
from grader.catalog import load_exercise
from grader.judge import Judge, Options
from grader.model import LANGUAGES, Language, Verdict
from grader.submission import MAX_SOURCE, UnreadableError, read_submission, source_lines

from .conftest import WORK, Answer, become_nobody

Ask = Callable[..., Answer]
CHECK = "server_echoes_one_message"
GREETING = "# 你好\nimport socket\n"


def zipped(*names: str) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, "x = 1")
    return made.getvalue()


def compiled(folder: Path) -> bytes:
    source = folder / "source.py"
    source.write_text("x = 1\n")
    return Path(str(py_compile.compile(str(source), str(folder / "made.pyc")))).read_bytes()


NOTEBOOK = json.dumps(
    {"cells": [{"cell_type": "code", "source": ["x = 1"]}], "metadata": {}, "nbformat": 4}, indent=1
).encode()

IN_GBK = "s = '你好'".encode("gbk")
NO_TEXT, NO_PYTHON = "file_not_utf8", "file_not_python"
ZIP, WORD = zipped("tcp_echo.py"), zipped("[Content_Types].xml", "word/document.xml")
OLD_WORD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512)

# What the file is: its bytes, the diagnosis, a word of the message that helps, the line (0: none).
OTHER_THINGS: dict[str, tuple[bytes, str, str, int]] = {
    "nothing but a BOM": (b"\xef\xbb\xbf", "file_empty", "", 0),
    "a BOM and white space": (b"\xef\xbb\xbf\r\n\t\x0c\r\n", "file_empty", "", 0),
    "UTF-16": (GREETING.encode("utf-16"), NO_TEXT, "UTF-16", 1),
    "UTF-16 from a Mac": (b"\xfe\xff" + GREETING.encode("utf-16-be"), NO_TEXT, "UTF-16", 1),
    "UTF-16 without BOM": (GREETING.encode("utf-16-le"), NO_TEXT, "UTF-16", 1),
    "UTF-16 without BOM, ASCII": ("import os\n".encode("utf-16-be"), NO_TEXT, "UTF-16", 1),
    "UTF-32": (GREETING.encode("utf-32"), NO_TEXT, "UTF-32", 1),
    "GBK": (b"import socket\r\n" + IN_GBK, NO_TEXT, "0xc4", 2),
    "GBK with lone CR": (b"import socket\rx = 1\r" + IN_GBK, NO_TEXT, "0xc4", 3),
    "UTF-8 that says GBK": ("# coding: gbk\n# 你好啊".encode(), NO_TEXT, "0x", 2),
    "a BOM that contradicts": (b"\xef\xbb\xbf# coding: gbk\nx = 1\n", NO_TEXT, "utf-8", 1),
    "a coding line of 100 kB": (b"# coding: " + b"x" * 100_000, NO_TEXT, "unknown encoding", 1),
    "a coding line that is a path": (b"# coding: ../../os\n", NO_TEXT, "unknown encoding", 1),
    "a codec that is none for text": (b"# coding: zip\nx = 1\n", NO_TEXT, "zip", 1),
    "an archive": (ZIP, NO_PYTHON, "ZIP", 0),
    "a Word document": (WORD, NO_PYTHON, "DOCX", 0),
    "an old Word document": (OLD_WORD, NO_PYTHON, "DOC", 0),
    "a PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", NO_PYTHON, "PDF", 0),
    "just too large": (b"#" * (MAX_SOURCE + 1), "file_too_big", "", 0),
}

# Files that Python runs, so no reader may object: the judge leaves them to the compiler.
FINE: dict[str, bytes] = {
    "BOM and CRLF": b"\xef\xbb\xbf" + GREETING.replace("\n", "\r\n").encode(),
    "BOM and a coding line that agrees": b"\xef\xbb\xbf# coding: utf-8\nx = 1\n",
    "GBK as declared": ("# coding: gbk\n" + GREETING).encode("gbk"),
    "GBK declared after a shebang": b"#!/usr/bin/python3\n# vim: fileencoding=gbk :\n# \xc4\xe3\n",
    "GBK with lone CR": b"#!/usr/bin/python3\r# -*- coding: gbk -*-\r# \xc4\xe3\rx = 1\r",
    "GB 18030 with CRLF": ("# coding: gb18030\r\n# 𠮷\r\n").encode("gb18030"),
    "Latin-1, CRLF behind two bytes": b"#!\r\n# coding: latin-1\r\nx = '\xe9'\r\n",
    "a codec that warns": b"# coding: unicode_escape\n# \\d\n",
    "mixed line ends": b"x = 1\ry = 2\r\nz = 3\n",
    "form feed and vertical tab": b"\x0cx = 1\n# \x0b\n",
    "exactly as large as may be": b"#" * MAX_SOURCE,
    "one line of a million characters, Chinese": ("x = '" + "你" * 349_000 + "'").encode(),
}


def verdict_on(path: Path, root: Path, language: Language = "en") -> Verdict:
    submission, problem = read_submission(path, "tcp_echo")
    assert problem is not None
    options = Options(language, only=(CHECK,))
    return Judge(load_exercise(root, "ex03"), submission, options).verdict(problem)


def assert_told(verdict: Verdict, diagnosis: str, said: str, line: int) -> None:
    (check,) = verdict.checks
    assert (verdict.status, verdict.score, check.diagnosis) == ("failed", 0, diagnosis)
    assert said in check.message
    assert check.message.isprintable()
    assert len(check.message) < 500
    assert "Traceback" not in check.message
    assert (check.location.line if check.location else 0) == line


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("source", "diagnosis", "said", "line"), OTHER_THINGS.values(), ids=OTHER_THINGS
)
def test_says_what_was_handed_in_instead(
    tmp_path: Path,
    root: Path,
    source: bytes,
    diagnosis: str,
    said: str,
    line: int,
    language: Language,
) -> None:
    path = tmp_path / "mine.py"
    path.write_bytes(source)
    assert_told(verdict_on(path, root, language), diagnosis, said, line)
    source_lines(source)


@pytest.mark.parametrize("name", ["tcp_echo.pyc", "tcp_echo.py"])
def test_says_that_byte_code_is_no_source(tmp_path: Path, root: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(compiled(tmp_path))
    assert_told(verdict_on(path, root), "file_not_python", "PYC", 0)


@pytest.mark.parametrize("source", FINE.values(), ids=FINE)
def test_takes_every_file_that_python_takes(tmp_path: Path, source: bytes) -> None:
    path = tmp_path / "mine.py"
    path.write_bytes(source)
    submission, problem = read_submission(path, "mine")
    assert problem is None
    assert submission.source == source
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compile(source, "mine.py", "exec")


def test_a_notebook_is_no_python_file(tmp_path: Path, root: Path) -> None:
    """Though Python would run it: it is a dict."""
    path = tmp_path / "tcp_echo.ipynb"
    path.write_bytes(NOTEBOOK)
    assert_told(verdict_on(path, root), NO_PYTHON, "IPYNB", 0)


# -- what a name leads to --------------------------------------------------------------


def test_a_link_to_a_file_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "real.py").write_bytes(b"x = 1\n")
    (tmp_path / "link.py").symlink_to("real.py")
    submission, problem = read_submission(tmp_path / "link.py", "mine")
    assert (submission.name, submission.source, problem) == ("link.py", b"x = 1\n", None)


@pytest.mark.needs_proc
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full", "/dev/tty", "/proc/self/fd", "fifo"])
def test_a_link_to_what_has_no_end_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    os.mkfifo(tmp_path / "fifo")
    path = tmp_path / "mine.py"
    path.symlink_to(device)
    opened: list[object] = []
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", opened.append)
        _, problem = read_submission(path, "mine")
    assert opened == []  # to open a device alone can do things
    assert problem is not None
    folder = device == "/proc/self/fd"
    assert problem.diagnosis == ("file_is_directory" if folder else "file_not_regular")


@pytest.mark.usefixtures("rootly")
def test_never_waits_for_a_file_that_calls_itself_regular(tmp_path: Path) -> None:
    """/proc/kmsg has no end and waits for news (proc(5)); where it is shut, that is said."""
    path = tmp_path / "mine.py"
    path.symlink_to("/proc/kmsg")
    with suppress(UnreadableError):
        submission, _ = read_submission(path, "mine")
        assert len(submission.source) <= MAX_SOURCE + 1


def test_never_waits_for_a_file_that_becomes_a_pipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.py"
    path.write_text("x = 1\n")
    really = os.open

    def swap(name: str | os.PathLike[str], flags: int, *more: int) -> int:
        if Path(name) == path:
            path.unlink()
            os.mkfifo(path)
        return really(name, flags, *more)

    monkeypatch.setattr(os, "open", swap)
    _, problem = read_submission(path, "mine")
    assert problem is not None
    assert problem.diagnosis == "file_not_regular"


NAMES: dict[str, tuple[bytes, str]] = {
    "Chinese": ("回显 作业.py".encode(), "回显 作业.py"),
    "emoji": ("🎉🏁.py".encode(), "🎉🏁.py"),
    "no suffix": (b"tcp_echo", "tcp_echo"),
    "another suffix": (b"tcp_echo.py.txt", "tcp_echo.py.txt"),
    "another name": (b"Copy of tcp_echo (1).py", "Copy of tcp_echo (1).py"),
    "newline": (b"a\nb.py", r"a\nb.py"),
    "ANSI": (b"a\x1b[2J\x07.py", r"a\x1b[2J\x07.py"),
    "bidi": ("a\u202e\u2066yp.b".encode(), r"a\u202e\u2066yp.b"),
    "undecodable": (b"caf\xe9.py", r"caf\udce9.py"),
    "GBK": ("作业.py".encode("gbk"), r"\udcd7\udcf7ҵ.py"),
    "a command of GitHub's": (b"::error::pwned.py", "::error::pwned.py"),
    "a dash": (b"-rf.py", "-rf.py"),
    "braces": (b"{error}%s.py", "{error}%s.py"),
    "as long as may be": (b"x" * 252 + b".py", "x" * 252 + ".py"),
}


@pytest.mark.parametrize(("name", "shown"), NAMES.values(), ids=NAMES)
def test_a_file_may_be_called_anything(ask: Ask, suite: Path, name: bytes, shown: str) -> None:
    folder = suite / "handed in"
    folder.mkdir()
    (Path(os.fsdecode(os.path.join(os.fsencode(folder), name)))).write_bytes(b"")
    forms = [f"--format={form}" for form in ("text", "junit", "github", "json=v.json")]
    answer = ask("grade", "ex03", *forms, f"--file=handed in/{os.fsdecode(name)}")
    assert (answer.is_presentable().code, answer.err) == (cli.FALLEN_SHORT, "")
    assert answer.out.replace("\n", "").isprintable()
    assert not any(line.lstrip().startswith("::error::pwned") for line in answer.out.splitlines())
    written = (suite / "v.json").read_text("utf-8")
    assert written.replace("\n", "").isprintable()
    verdict = json.loads(written)
    assert verdict["submission"] == shown
    assert shown in verdict["checks"][0]["message"]


@pytest.mark.parametrize("odd", ["tcp_echo.py/x", "x" * 300, "../" * 2000 + "x", "a\0b"])
def test_2_where_there_can_be_no_such_file(ask: Ask, odd: str) -> None:
    ask("grade", "ex03", "--file", f"{Path(WORK).parent}/{odd}").refuses("cannot be read")


@pytest.mark.parametrize("odd", ["", ".", "/", "exercises"])
def test_1_where_it_is_a_folder(ask: Ask, odd: str) -> None:
    answer = ask("grade", "ex03", "--file", odd).is_presentable()
    assert answer.code == cli.FALLEN_SHORT
    assert "is a folder" in answer.out


@pytest.mark.usefixtures("rootly")
@pytest.mark.parametrize("shut", ["file", "folder"])
def test_2_where_a_file_may_not_be_read(branch: Ask, open_suite: Path, shut: str) -> None:
    path = open_suite / WORK
    if shut == "file":
        path.chmod(0)
        said = f"{path}: Permission denied"
    else:
        mine = open_suite / "mine"
        mine.mkdir(mode=0o700)
        (mine / "tcp_echo.py").touch()
        path, said = mine / "tcp_echo.py", "Permission denied"
    answer = branch("grade", "ex03", "--file", path, cwd=open_suite, before=become_nobody)
    answer.refuses(said)


# -- while it is being graded ------------------------------------------------------------


@pytest.mark.parametrize("change", ["rewritten", "deleted", "a folder", "a pipe", "cut"])
def test_what_was_read_is_what_is_graded(
    ask: Ask, suite: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """The verdict is on the bytes of its hash; the report shows no line of another file."""
    path = suite / WORK
    path.write_text("def serve(:  # graded\n")
    really = Judge.verdict

    def judge(self: Judge, problem: object) -> Verdict:
        path.unlink()
        if change == "rewritten":
            path.write_text("def serve(:  # later\n")
        elif change == "a folder":
            path.mkdir()
        elif change == "a pipe":
            os.mkfifo(path)
        elif change == "cut":
            path.touch()
        return really(self, problem)  # type: ignore[arg-type]

    monkeypatch.setattr(Judge, "verdict", judge)
    answer = ask("grade", "ex03", "--check", CHECK).is_presentable()
    assert answer.code == cli.FALLEN_SHORT
    assert "tcp_echo.py:1" in answer.out
    assert "later" not in answer.out
