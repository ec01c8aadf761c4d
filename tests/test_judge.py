"""The judge: every submission gets a verdict with the right diagnosis, whatever it is."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from grader.catalog import load_exercise
from grader.harness import session
from grader.judge import Judge, Options, explained, grade
from grader.model import (
    LANGUAGES,
    Check,
    CheckResult,
    CheckStatus,
    Exercise,
    Language,
    Location,
    Text,
    Verdict,
)
from grader.sandbox import IsolationChoice, SandboxError
from grader.submission import (
    MAX_SOURCE,
    UnreadableError,
    display_path,
    read_submission,
    source_lines,
)
from grader.texts import text

Grade = Callable[..., Verdict]

SERVER = "server_echoes_one_message"
CLIENT = "client_returns_whole_reply"
BOTH = (SERVER, CLIENT)

STUBS = """
def serve(host, port):
    raise NotImplementedError


def echo(host, port, message, timeout=5.0):
    raise NotImplementedError
"""

# What is wrong with a file: its bytes, the diagnosis, the line that is shown (0: none).
UNUSABLE: dict[str, tuple[bytes, str, int]] = {
    "empty": (b"", "file_empty", 0),
    "white space": (b" \n\t\n", "file_empty", 0),
    "huge": (b"#" * (MAX_SOURCE + 1), "file_too_big", 0),
    "Latin-1": (b"# one\n# two\nname = '\xe9'\n", "file_not_utf8", 3),
    "Latin-1 at once": (b"name = '\xe9'\n", "file_not_utf8", 1),
    "random bytes": (bytes(range(256)) * 40, "file_not_utf8", 2),
    "no such encoding": (b"# coding: no-such\nx = 1\n", "file_not_utf8", 1),
    "no text encoding": (b"# coding: rot13\nx = 1\n", "file_not_utf8", 1),
    "undefined encoding": (b"# coding: undefined\nx = 1\n", "file_not_utf8", 1),
    "IDNA": (b"# coding: idna\nx = 1\n", "file_not_utf8", 1),
    "Punycode": (b"# coding: punycode\nx = 1\n", "file_not_utf8", 1),
    "UTF-16": ("x = 1\n".encode("utf-16"), "file_not_utf8", 1),
    "BOM against declaration": (b"\xef\xbb\xbf# coding: gbk\n", "file_not_utf8", 1),
    "syntax": (b"import os\n\ndef serve(:\n", "syntax_error", 3),
    "indentation": (b"def serve(host, port):\nreturn 1\n", "syntax_error", 2),
    "tabs": (b"if 1:\n\tx = 1\n        y = 2\n", "syntax_error", 3),
    "never closed": (b"x = (1,\n", "syntax_error", 1),
    "Python 2": (b"print 'hello'\n", "syntax_error", 1),
    "NUL": (b"x = 1\n\0\n", "syntax_error", -1),
    "deep": (b"x = " + b"(" * 5000 + b")" * 5000, "syntax_error", -1),
    "unary": (b"x = " + b"-" * 200_000 + b"1", "syntax_error", -1),
    "long sum": (b"x = " + b"1+" * 200_000 + b"1", "syntax_error", -1),
    "raises": (b"import os\nraise ValueError('no')\n", "import_raised", 2),
    "raises below": (b"def f():\n    1 / 0\nf()\n", "import_raised", 2),
    "no such module": (b"import requests_\n", "import_raised", 1),
    "sys.exit": (b"import sys\nsys.exit(0)\n", "import_ended", 2),
    "interrupts itself": (b"raise KeyboardInterrupt\n", "import_raised", 1),
    "compiles more": (b"x = 1\nexec('(')\n", "syntax_error", -1),
    "reads the keyboard": (b"input()\n", "import_raised", 1),
    "os._exit": (b"import os\nos._exit(0)\n", "import_ended", 0),
    "kills itself": (b"import os\nos.kill(os.getpid(), 9)\n", "import_ended", 0),
    "blocked": (b"import threading\nthreading.Event().wait()\n", "endless_import", 2),
    "asleep": (b"import time\ntime.sleep(3600)\n", "endless_import", 2),
    "accepts": (
        b"import socket\nsocket.create_server(('127.0.0.1', 0)).accept()\n",
        "endless_import",
        2,
    ),
}


def assert_presentable(verdict: Verdict) -> None:
    """No check shows a traceback, a placeholder or nothing at all."""
    for check in verdict.checks:
        assert check.message.strip()
        for mark in ("Traceback", "{", 'File "'):
            assert mark not in check.message
        assert not check.message.rstrip().endswith((":", "："))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("source", "diagnosis", "line"), UNUSABLE.values(), ids=UNUSABLE)
def test_says_why_a_file_cannot_be_graded(
    grade_source: Grade, source: bytes, diagnosis: str, line: int, language: Language
) -> None:
    verdict = grade_source("ex03", source, BOTH, language=language)
    assert verdict.status == "failed"
    assert (verdict.score, verdict.max_score) == (0, 3)
    assert [check.diagnosis for check in verdict.checks] == [diagnosis] * 2
    assert {check.status for check in verdict.checks} <= {"failed", "stuck"}
    for check in verdict.checks:
        if line >= 0:
            assert (check.location.line if check.location else 0) == line
    assert_presentable(verdict)


def test_says_that_an_import_has_no_end(grade_source: Grade) -> None:
    verdict = grade_source("ex03", "x = 1\nwhile True:\n    x += 1\n", [CLIENT])
    assert verdict.checks[0].diagnosis == "endless_import"
    assert verdict.checks[0].status == "stuck"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["missing", "folder", "fifo", "socket", "link to nothing"])
def test_says_what_is_no_file(tmp_path: Path, kind: str, language: Language, root: Path) -> None:
    import socket

    path = tmp_path / "mine.py"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "link to nothing":
        path.symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as sock:
        if kind == "socket":
            os.chdir(tmp_path)
            sock.bind("mine.py")
        verdict = grade(load_exercise(root, "ex03"), path, Options(language))
    expected = {
        "missing": "file_missing",
        "link to nothing": "file_missing",
        "folder": "file_is_directory",
    }.get(kind, "file_not_regular")
    assert {check.diagnosis for check in verdict.checks} == {expected}
    assert verdict.status == "failed"
    assert "mine.py" in verdict.checks[0].message
    assert_presentable(verdict)


@pytest.fixture(autouse=True)
def stay_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test changes the folder to, the next one begins in the same."""
    monkeypatch.chdir(Path.cwd())


def test_tells_a_file_that_the_system_keeps_back(tmp_path: Path, root: Path) -> None:
    loop = tmp_path / "mine.py"
    loop.symlink_to(loop)
    with pytest.raises(UnreadableError, match=r"mine\.py: "):
        grade(load_exercise(root, "ex03"), loop)


# Functions that cannot be called as asked: the source, and the diagnosis of server and client.
UNCALLABLE: dict[str, tuple[str, str, str]] = {
    "missing": ("x = 1", "function_missing", "function_missing"),
    "one missing": (
        STUBS.replace("def serve", "def server"),
        "function_missing",
        "not_implemented",
    ),
    "no function": ("serve = 1\necho = 'x'", "function_not_callable", "function_not_callable"),
    "too few": (
        "def serve(host): pass\ndef echo(host, port): pass",
        "function_parameters",
        "function_parameters",
    ),
    "too many": (
        "def serve(host, port, backlog): pass\ndef echo(a, b, c, d, e): pass",
        "function_parameters",
        "function_parameters",
    ),
    "keyword": (
        "def serve(host, port, *, backlog): pass\ndef echo(a, b, c, *, timeout): pass",
        "function_parameters",
        "function_parameters",
    ),
    "async": (
        STUBS.replace("def ", "async def "),
        "function_is_async",
        "function_is_async",
    ),
    "stub": (STUBS, "not_implemented", "not_implemented"),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("source", "server", "client"), UNCALLABLE.values(), ids=UNCALLABLE)
def test_says_what_is_wrong_with_a_function(
    grade_source: Grade, source: str, server: str, client: str, language: Language
) -> None:
    verdict = grade_source("ex03", source, BOTH, language=language)
    assert [check.diagnosis for check in verdict.checks] == [server, client]
    assert verdict.status == "failed"
    assert_presentable(verdict)


@pytest.mark.parametrize(
    "source",
    [
        "def serve(*a, **k): raise NotImplementedError\necho = serve",
        "class Serve:\n    def __call__(self, h, p, *more): raise NotImplementedError\n"
        "serve = echo = Serve()",
        "def serve(host, port, backlog=5): raise NotImplementedError\n"
        "def echo(h, p, m, t=1, *, size=2): raise NotImplementedError",
        "import functools\ndef echo(x, a, b, c, d=1): raise NotImplementedError\n"
        "def serve(x, a, b): raise NotImplementedError\n"
        "serve, echo = functools.partial(serve, 0), functools.partial(echo, 0)",
    ],
    ids=["any", "object", "defaults", "partial"],
)
def test_takes_any_function_that_can_be_called_as_asked(grade_source: Grade, source: str) -> None:
    verdict = grade_source("ex03", source, BOTH)
    assert [check.diagnosis for check in verdict.checks] == ["not_implemented"] * 2


@pytest.mark.parametrize(
    ("prefix", "encoding"),
    [
        ("# coding: gbk\n# 你好\n", "gbk"),
        ("#!/usr/bin/env python3\n# -*- coding: big5 -*-\n# 你好\n", "big5"),
        ("# 你好\n", "utf-8-sig"),
        ("# coding: latin-1\n# \xe9\n", "latin-1"),
    ],
)
def test_takes_every_encoding_that_python_takes(
    grade_source: Grade, reference: str, prefix: str, encoding: str
) -> None:
    source = (prefix + reference).replace("\n", "\r\n").encode(encoding)
    verdict = grade_source("ex03", source, [SERVER])
    assert verdict.status == "passed"


# -- the score -------------------------------------------------------------------------


def test_counts_what_was_earned(grade_source: Grade, reference: str) -> None:
    half = reference.replace("def echo(", "def _echo(") + "\n\ndef echo(a, b, c, d=1): ...\n"
    verdict = grade_source("ex03", half, BOTH)
    server, client = verdict.checks
    assert (server.status, server.earned, server.points) == ("passed", 1.0, 1.0)
    assert (client.status, client.earned, client.points) == ("failed", 0.0, 2.0)
    assert (verdict.status, verdict.score, verdict.max_score) == ("failed", 1.0, 3.0)
    assert verdict.exercise == "ex03"
    assert verdict.submission == "tcp_echo.py"
    assert len(verdict.sha256) == 64


def test_grades_what_was_asked_for_only(root: Path, tmp_path: Path) -> None:
    exercise = load_exercise(root, "ex03")
    path = tmp_path / "nothing.py"
    public = grade(exercise, path, Options(visibility="public"))
    assert {check.visibility for check in public.checks} == {"public"}
    assert 0 < len(public.checks) < len(exercise.checks)
    none = grade(exercise, path, Options(only=("no_such_check",)))
    assert (none.status, none.checks, none.max_score) == ("error", (), 0)


def test_the_same_seed_makes_the_same_choices(root: Path, tmp_path: Path) -> None:
    exercise = load_exercise(root, "ex03")
    path = tmp_path / "nothing.py"
    assert grade(exercise, path, Options(seed=417)).seed == 417
    seeds = {grade(exercise, path).seed for _ in range(5)}
    assert len(seeds) > 1


# -- an exercise of its own: how bodies of checks become results ------------------------

TINY_HARNESS = """\
from grader.learner.failure import CheckFailed


def check_passes(lab): ...
def check_fails(lab): raise CheckFailed("mismatch", expected="a", received="b")
def check_is_stuck(lab): raise CheckFailed("silent", stuck=True)
def check_is_skipped(lab): raise lab.skip("needs_proc")
def check_breaks(lab): raise ZeroDivisionError("ours")
def check_lacks_its_text(lab): raise lab.fail("no_such_diagnosis")
def check_speaks_for_itself(lab): raise lab.fail("own_fault")
def check_never_ends(lab):
    import time
    while True:
        time.sleep(1)
def check_prints(lab): lab.call("shout").returns()
def check_shows(lab):
    lab.call("shout").returns()
    raise lab.fail("own_fault")
"""
TINY_SOURCE = """
def shout():
    import sys
    print("loud \\x1b[31m")
    print("louder", file=sys.stderr)
    import os
    os.write(1, b"\\xff!")
"""


@pytest.fixture
def tiny(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, best: IsolationChoice
) -> Callable[..., Verdict]:
    """Return a function that grades a source by some checks of a harness of its own."""
    here = tmp_path / "harness"
    here.mkdir()
    for name in ("conftest.py", "pytest.ini"):
        shutil.copy(session._HERE / name, here)
    monkeypatch.setattr(session, "_HERE", here)
    monkeypatch.syspath_prepend(str(here))
    path = tmp_path / "tiny.py"
    path.write_text(TINY_SOURCE)
    title = Text("tiny", "小")

    def grade_tiny(*checks: str, harness: str = TINY_HARNESS, check_s: float = 30.0) -> Verdict:
        from grader.model import Limits

        (here / "test_ex90_tiny.py").write_text(harness)
        monkeypatch.delitem(sys.modules, "test_ex90_tiny", raising=False)
        listed = tuple(Check(check, title, 2.0) for check in checks)
        exercise = Exercise("ex90", "tiny", title, title, (), {}, listed, Limits(check_s=check_s))
        exercise.diagnoses["own_fault"] = Text("own", "自己")
        return grade(exercise, path, Options(isolation=best))

    return grade_tiny


def test_five_ends_are_never_confused(tiny: Grade) -> None:
    verdict = tiny("passes", "fails", "is_stuck", "is_skipped", "breaks")
    assert [check.status for check in verdict.checks] == [
        "passed",
        "failed",
        "stuck",
        "skipped",
        "error",
    ]
    assert [check.earned for check in verdict.checks] == [2, 0, 0, 0, 0]
    assert (verdict.status, verdict.score, verdict.max_score) == ("error", 2, 8)
    assert "ZeroDivisionError: ours (test_ex90_tiny.py:8)" in verdict.checks[4].message


def test_what_is_skipped_is_not_counted(tiny: Grade) -> None:
    verdict = tiny("passes", "is_skipped")
    assert (verdict.status, verdict.score, verdict.max_score) == ("passed", 2, 2)
    assert verdict.checks[1].message == text("judge.needs_proc", "en")
    assert tiny("is_skipped").status == "error"


def test_a_diagnosis_of_the_exercise_comes_first(tiny: Grade) -> None:
    (check,) = tiny("speaks_for_itself").checks
    assert (check.diagnosis, check.message, check.status) == ("own_fault", "own", "failed")


def test_a_diagnosis_without_a_text_is_a_fault_of_ours(tiny: Grade) -> None:
    verdict = tiny("lacks_its_text", "passes")
    assert [check.status for check in verdict.checks] == ["error", "passed"]
    assert verdict.status == "error"


@pytest.mark.parametrize(
    ("harness", "said"),
    [
        ("def check_other(lab): ...", "lacks checks: passes"),
        ("import no_such_module", "no_such_module"),
        ("def check_passes(lab:", "SyntaxError"),
        ("def check_passes(no_such_fixture): ...", "no_such_fixture"),
        ("raise SystemExit(0)", ""),
        ("import pytest\npytest.skip(allow_module_level=True)", ""),
    ],
)
def test_a_broken_harness_is_a_fault_of_ours(tiny: Grade, harness: str, said: str) -> None:
    verdict = tiny("passes", harness=harness)
    assert verdict.status == "error"
    assert [check.status for check in verdict.checks] == ["error"]
    assert said in verdict.checks[0].message
    assert verdict.score == 0


def test_a_missing_harness_is_a_fault_of_ours(tiny: Grade, root: Path, tmp_path: Path) -> None:
    tiny("passes")
    (session._HERE / "test_ex90_tiny.py").unlink()
    path = tmp_path / "tcp_echo.py"
    path.write_text(STUBS)
    verdict = grade(load_exercise(root, "ex03"), path)
    assert verdict.status == "error"
    assert "no harness" in verdict.checks[0].message


def test_what_a_learner_prints_is_shown_and_counts_for_nothing(tiny: Grade) -> None:
    passed, shown = tiny("prints", "shows").checks
    assert (passed.status, shown.status) == ("passed", "failed")
    assert shown.output == "loud \x1b[31m\nlouder\n\\xff!"
    assert shown.transcript[0].event == "call"


def test_a_broken_sandbox_is_a_fault_of_ours(tiny: Grade, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(self: object, sandbox: object) -> None:
        raise SandboxError("the zygote is gone")

    monkeypatch.setattr(Judge, "_run", breaks)
    verdict = tiny("passes", "fails")
    assert [check.status for check in verdict.checks] == ["error", "error"]
    assert verdict.status == "error"


# -- submissions that fight ------------------------------------------------------------

SHELL = """
import os, signal, socket, struct, sys, threading, time


def serve(host, port):
    attack(b"hello")


def echo(host, port, message, timeout=5.0):
    return attack(message)


def attack(message):
"""

ATTACKS: dict[str, str] = {
    "os._exit": "os._exit(0)",
    "sys.exit": "sys.exit(0)",
    "exit": "exit(0)",
    "kill self": "os.kill(os.getpid(), 9)",
    "abort": "os.abort()",
    "stop self": "os.kill(os.getpid(), signal.SIGSTOP)",
    "segmentation fault": "import ctypes; ctypes.string_at(8)",
    "kill group": "os.killpg(0, 9)",
    "print a verdict": 'print(\'{"status": "passed", "score": 99.0}\'); return message',
    "print pytest's line": 'print("=== 99 passed in 0.01s ==="); return message',
    "return at once": "return message",
    "return it by its own frame": (
        "body = b'm' + struct.pack('>I', 2)\n"
        "    for word in (b'event', b'returned', b'value', message):\n"
        "        tag = b'b' if word is message else b's'\n"
        "        body += tag + struct.pack('>I', len(word)) + word\n"
        "    frame = struct.pack('>I', len(body)) + body\n"
        "    for fd in range(3, 64):\n"
        "        try: os.write(fd, frame)\n"
        "        except OSError: pass\n"
        "    threading.Event().wait()"
    ),
    "garbage to every descriptor": (
        "for fd in range(64):\n"
        "        try: os.write(fd, os.urandom(4096))\n"
        "        except OSError: pass\n"
        "    return message"
    ),
    "huge frame announced": (
        "for fd in range(3, 64):\n"
        "        try: os.write(fd, b'\\xff' * 4)\n"
        "        except OSError: pass\n"
        "    return message"
    ),
    "close every descriptor": "os.closerange(0, 64); return message",
    "huge value": "return bytes(200 << 20)",
    "many values": "return [None] * 2_000_000",
    "long number": "return 1 << 10_000_000",
    "cycle": "x = []; x.append(x); return x",
    "depth": ("x = []\n    for _ in range(100_000): x = [x]\n    return x"),
    "lies about its type": (
        "class Lie:\n"
        "        __class__ = bytes\n"
        "        __eq__ = lambda self, other: True\n"
        "    return Lie()"
    ),
    "equals everything": (
        "class Any(bytes):\n"
        "        __eq__ = lambda self, other: True\n"
        "        __len__ = lambda self: 24\n"
        "        __hash__ = None\n"
        "    return Any()"
    ),
    "hostile str": (
        "class Odd(Exception):\n        def __str__(self): raise SystemExit(0)\n    raise Odd"
    ),
    "endless str": (
        "class Odd(Exception):\n"
        "        def __str__(self):\n"
        "            while True: pass\n"
        "    raise Odd"
    ),
    "long str": "raise ValueError('x' * (50 << 20))",
    "hostile class": (
        "class Meta(type):\n"
        "        def __getattribute__(cls, name): raise SystemExit(0)\n"
        "        def mro(cls): return [cls, Exception, BaseException, object]\n"
        "    class Odd(Exception, metaclass=Meta): pass\n"
        "    raise Odd"
    ),
    "hostile bytes in an exception": "raise ValueError('\\udcff\\0\\x1b]0;x\\x07{error}')",
    "patched modules": (
        "time.monotonic = time.time = lambda: 0.0\n"
        "    socket.socket = None\n"
        "    sys.modules.clear()\n"
        "    return message"
    ),
    "patched runner": (
        "frame = sys._getframe()\n"
        "    while frame and 'send' not in dir(frame.f_locals.get('self')): frame = frame.f_back\n"
        "    me = frame.f_locals['self']\n"
        "    me.send(event='loaded', problems=[]); me.send(event='returned', value=message)\n"
        "    me.send(event='item', value=[1]); me.send(nothing=1); me.send(event=['returned'])\n"
        "    return message"
    ),
    "patched builtins": (
        "import builtins\n"
        "    builtins.isinstance = lambda *a: True\n"
        "    builtins.len = lambda a: 0\n"
        "    return message"
    ),
    "daemon that holds everything": (
        "if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        if os.fork() == 0:\n"
        "            signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "            while True: time.sleep(1000)\n"
        "        os._exit(0)\n"
        "    return message"
    ),
    "prints without end": "os.set_blocking(1, True)\n    while True: os.write(1, b'x' * 65536)",
}
ONLY_SHUT_IN: dict[str, str] = {
    "kill parent": "os.kill(os.getppid(), 9); return message",
    "kill process 1": "os.kill(1, 9); return message",
    "kill everybody": "os.kill(-1, 9); return message",
    "stop everybody": "os.kill(-1, signal.SIGSTOP); return message",
    "trace the parent": (
        "import ctypes; ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0); return message"
    ),
    "fill the disk": (
        "try:\n"
        "        with open('big', 'wb') as file:\n"
        "            while True: file.write(bytes(1 << 20))\n"
        "    except OSError: return message"
    ),
    "eat memory": "import mmap; x = []\n    while True: x.append(mmap.mmap(-1, 64 << 20))",
}


def assert_judged(grade_source: Grade, reference: str, body: str, level: IsolationChoice) -> None:
    verdict = grade_source("ex03", SHELL + "    " + body + "\n", [CLIENT], isolation=level)
    assert verdict.status == "failed"
    assert verdict.score == 0
    assert {check.status for check in verdict.checks} <= {"failed", "stuck"}
    for check in verdict.checks:
        assert "Traceback" not in check.message
        assert len(check.message) + len(check.expected) + len(check.received) < 5000
        assert len(check.output) <= 257 << 10
    assert grade_source("ex03", reference, [SERVER], isolation=level).status == "passed"


@pytest.mark.needs_proc
@pytest.mark.parametrize("body", ATTACKS.values(), ids=ATTACKS)
def test_goes_on_after_a_submission_that_fights(
    grade_source: Grade, reference: str, body: str, best: IsolationChoice
) -> None:
    assert_judged(grade_source, reference, body, best)


@pytest.mark.needs_bwrap
@pytest.mark.parametrize("body", ONLY_SHUT_IN.values(), ids=ONLY_SHUT_IN)
def test_goes_on_after_a_submission_that_fights_inside_its_walls(
    grade_source: Grade, reference: str, body: str
) -> None:
    assert_judged(grade_source, reference, body, "full")


@pytest.mark.needs_proc
def test_goes_on_after_a_server_that_fights(grade_source: Grade, reference: str) -> None:
    for body in ("os._exit(0)", "os.killpg(0, 9)", "os.closerange(0, 64); time.sleep(1000)"):
        verdict = grade_source("ex03", SHELL + "    " + body + "\n", [SERVER])
        assert (verdict.status, verdict.score) == ("failed", 0)
    assert grade_source("ex03", reference, [SERVER]).status == "passed"


@pytest.mark.needs_proc
def test_what_was_attacked_at_import_is_no_better_off(grade_source: Grade, reference: str) -> None:
    """A submission that is right passes, whatever it patches in its own process."""
    patched = "import time, builtins\ntime.monotonic = lambda: 0.0\nbuiltins.print = None\n"
    assert grade_source("ex03", patched + reference, BOTH).status == "passed"
    stubs = "import os, atexit\natexit.register(os._exit, 0)\n" + STUBS
    assert grade_source("ex03", stubs, BOTH).status == "failed"


# -- small things ----------------------------------------------------------------------


def test_reads_no_more_than_it_grades(tmp_path: Path) -> None:
    path = tmp_path / "big.py"
    with path.open("wb") as file:
        file.truncate(1 << 32)
    submission, problem = read_submission(path, "big")
    assert len(submission.source) == MAX_SOURCE + 1
    assert problem is not None
    assert problem.diagnosis == "file_too_big"


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        (b"a\nb", ["a", "b"]),
        (b"a\r\nb\rc\n", ["a", "b", "c", ""]),
        (b"\xef\xbb\xbfa", ["a"]),
        (b"# coding: gbk\n\xc4\xe3", ["# coding: gbk", "你"]),
        (b"# coding: no-such\n\xe9", ["# coding: no-such", "\ufffd"]),
        (b"# coding: undefined", ["# coding: undefined"]),
        (b"# coding: idna\n\xe9", ["# coding: idna", "\ufffd"]),
        (b"", [""]),
    ],
)
def test_shows_lines_as_python_counts_them(source: bytes, lines: list[str]) -> None:
    assert source_lines(source) == lines


def test_shows_a_path_as_a_learner_would_type_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert display_path(tmp_path / "a.py") == "a.py"
    assert display_path(Path("/x.py")) == "/x.py"
    windows = SimpleNamespace(relpath=lambda _: (_ for _ in ()).throw(ValueError))
    monkeypatch.setattr("grader.submission.os.path", windows)
    assert display_path(tmp_path / "a.py") == str(tmp_path / "a.py")


CAUSES = """\
a: failed d 3 - -> ""
b: passed x 0 - -> ""
c: failed e 9 a -> a
d: failed d 3 - -> a
e: failed d 4 - -> ""
f: stuck f 0 b,e -> e
g: failed g 0 c -> a
h: failed f 0 - -> ""
i: skipped d 3 a -> ""
"""


def test_a_failure_that_another_explains_says_so() -> None:
    rows = [line.split() for line in CAUSES.splitlines()]
    checks, results = [], []
    for name, status, diagnosis, line, after, *_ in rows:
        builds_on = () if after == "-" else tuple(after.split(","))
        checks.append(Check(name[0], Text("t", "t"), 1, after=builds_on))
        results.append(
            CheckResult(
                name[0], "", cast("CheckStatus", status), 1, 0, "public", 0, diagnosis,
                location=Location(int(line)) if line != "0" else None,
            )
        )  # fmt: skip
    exercise = Exercise("ex98", "x", Text("t", "t"), Text("t", "t"), (), {}, tuple(checks))
    found = {result.id: result.because for result in explained(exercise, results)}
    assert found == {row[0][0]: row[-1].strip('"') for row in rows}


def test_one_loop_is_one_place_wherever_it_was_met() -> None:
    exercise = Exercise(
        "ex98", "x", Text("t", "t"), Text("t", "t"), (), {},
        (Check("a", Text("t", "t"), 1), Check("b", Text("t", "t"), 1)),
    )  # fmt: skip
    results = [
        CheckResult(
            name, "", "stuck", 1, 0, "public", 0, "spinning",
            location=Location(line, "serve", state="spinning"),
        )
        for name, line in (("a", 3), ("b", 5))
    ]  # fmt: skip
    assert [result.because for result in explained(exercise, results)] == ["", "a"]


@pytest.mark.needs_proc
def test_the_transcript_ends_with_the_call_that_was_written(
    grade_source: Callable[..., Verdict],
) -> None:
    """With a time limit recv() waits in poll(2); the learner wrote recv()."""
    source = """
import socket
def serve(host, port): ...
def echo(host, port, message, timeout=5.0):
    with socket.create_connection((host, port), timeout=60) as sock:
        sock.sendall(message)
        return sock.recv(10)
"""
    check = "client_times_out_on_silence"
    verdict = grade_source("ex03", source, (check,))
    (found,) = verdict.checks
    assert found.location is not None
    assert found.location.doing == "recv()"
    assert (found.transcript[-1].event, found.transcript[-1].preview) == ("wait", "recv()")
