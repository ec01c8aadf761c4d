"""The command line as it is used: a process, its exit code, what it writes and where."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import pytest

from grader import __version__, cli
from grader.commands import grade as grade_command
from grader.sandbox import processes

ROOT = Path(__file__).resolve().parents[1]
ONE = ("--check", "client_lets_refusal_through")
PATIENCE = 120

Eventually = Callable[[Callable[[], bool]], None]
Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]


def environment(**more: str) -> dict[str, str]:
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "DOJO", "GITH"))
    }
    return {**kept, "PYTHONPATH": str(ROOT), "LANG": "en_GB.UTF-8", **more}


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "grader", *words]


@pytest.fixture
def run(suite: Path) -> Run:
    """Return a function that runs one command in a suite of its own."""

    def run(*words: str, cwd: Path = suite, **more: str) -> Done:
        return subprocess.run(
            command(*words),
            cwd=cwd,
            env=environment(**more),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )

    return run


@pytest.fixture
def solved(suite: Path) -> Path:
    """Return the learner's file of the suite, filled with the reference solution."""
    path = suite / "exercises" / "ex03_tcp_echo" / "tcp_echo.py"
    path.write_bytes((suite / "solutions" / "ex03_tcp_echo" / "tcp_echo.py").read_bytes())
    return path


def assert_one_line(done: Done, code: int = 2) -> str:
    assert done.returncode == code
    assert done.stdout == ""
    assert done.stderr.startswith("dojo: ")
    assert done.stderr.count("\n") == 1
    assert done.stderr.strip().isprintable()
    assert "Traceback" not in done.stderr
    return done.stderr


# -- exit codes ------------------------------------------------------------------------


@pytest.mark.usefixtures("solved")
def test_0_when_every_counted_check_passed(run: Run) -> None:
    done = run("grade", "ex03", *ONE)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1/1" in done.stdout


def test_1_when_the_work_fell_short(run: Run, solved: Path) -> None:
    solved.write_text("def serve(:\n")
    done = run("grade", "ex03")
    assert (done.returncode, done.stderr) == (1, "")
    assert "Traceback" not in done.stdout
    solved.unlink()
    assert run("grade", "3").returncode == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["grade", "ex99"], "ex99"),
        (["grade", "ex\x1b[31m"], "ex03"),
        (["grade", "ex03", "--check", "no_such_check"], "server_echoes_one_message"),
        (["grade", "ex03", "--format", "xml"], "junit"),
        (["grade", "ex03", "--format", "json="], "path"),
        (["grade", "ex03", "--format", "json=a", "--format", "junit=b", "--out", "c"], "--out"),
        (["grade", "ex03", "--isolation", "much"], "auto"),
        (["grade", "ex03", "--isolation", "fullest"], "isolation"),
        (["grade", "ex03", "--lang", "fr"], "zh"),
        (["grade", "ex03", "--seed", "x"], "seed"),
        (["grade", "--no-such-option"], "--no-such-option"),
        (["grade", "--file"], "--file"),
        (["hint"], "exNN"),
        (["hint", "ex99"], "ex99"),
        (["hint", "ex03", "no_such_check"], "server_echoes_one_message"),
        (["no-such-command"], "grade"),
        (["verify", "ex99"], "ex99"),
    ],
)
def test_2_and_one_line_when_the_request_cannot_be_carried_out(
    run: Run, words: Sequence[str], said: str
) -> None:
    assert said in assert_one_line(run(*words))


def test_2_where_there_is_no_suite(run: Run, tmp_path: Path) -> None:
    assert "exercises/" in assert_one_line(run("grade", "ex03", cwd=tmp_path))


def test_2_where_there_are_no_exercises(run: Run, tmp_path: Path) -> None:
    (tmp_path / "exercises").mkdir()
    assert_one_line(run("grade", cwd=tmp_path))


@pytest.mark.parametrize("broken", ["id: [", "id: ex03\n", "\xff\xfe", "[[[[" * 10_000])
def test_2_where_a_manifest_is_bad(run: Run, suite: Path, broken: str) -> None:
    path = suite / "exercises" / "ex03_tcp_echo" / "exercise.yaml"
    path.write_bytes(broken.encode("latin-1"))
    assert "exercises/ex03_tcp_echo/exercise.yaml:" in assert_one_line(run("grade", "ex03"))


def test_2_where_a_file_cannot_be_read(run: Run, suite: Path) -> None:
    loop = suite / "mine.py"
    loop.symlink_to(loop)
    assert "mine.py" in assert_one_line(run("grade", "ex03", "--file", "mine.py"))


def test_2_where_full_isolation_cannot_be_had(run: Run, tmp_path: Path) -> None:
    done = run("grade", "ex03", "--isolation", "full", PATH=str(tmp_path))
    assert "bubblewrap" in assert_one_line(done)


@pytest.mark.usefixtures("solved")
def test_3_when_the_fault_is_the_graders(
    suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(*_: object) -> object:
        raise ZeroDivisionError("ours\n\x1b[2J")

    monkeypatch.chdir(suite)
    monkeypatch.setattr(grade_command, "grade", breaks)
    before = signal.getsignal(signal.SIGTERM)
    try:
        assert cli.main(["grade", "ex03", "--lang", "en"]) == 3
    finally:
        signal.signal(signal.SIGTERM, before)
    assert capsys.readouterr().err.startswith("dojo: the grader itself failed")


def test_3_when_the_harness_is_gone(run: Run, suite: Path, solved: Path) -> None:
    for kind in ("exercises", "solutions"):
        (suite / kind / "ex03_tcp_echo").rename(suite / kind / "ex98_tcp_echo")
    manifest = suite / "exercises" / "ex98_tcp_echo" / "exercise.yaml"
    text = manifest.read_text(encoding="utf-8").replace("id: ex03", "id: ex98", 1)
    manifest.write_text(text, encoding="utf-8")
    done = run("grade", "ex98", "--format", "json")
    assert done.returncode == 3
    verdict = json.loads(done.stdout)
    assert verdict["status"] == "error"
    assert verdict["score"] == 0
    assert {check["status"] for check in verdict["checks"]} == {"error"}
    assert solved.name == "tcp_echo.py"


# -- what it says of itself ------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code"), [(["--help"], 0), (["-h"], 0), (["help"], 0), ([], 2), (["grade", "-h"], 0)]
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_help(run: Run, words: list[str], code: int, language: str) -> None:
    done = run(*words, DOJO_LANG=language)
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.count("\n") > 5
    assert any("\u4e00" <= char <= "\u9fff" for char in done.stdout) == (language == "zh")


def test_version(run: Run) -> None:
    assert run("--version").stdout == f"{__version__}\n"


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LC_MESSAGES": "zh_TW", "LANG": "en"}, "zh"),
        ({"LC_ALL": "", "LANG": "C"}, "en"),
        ({"DOJO_LANG": "zh", "LC_ALL": "en_US"}, "zh"),
        ({}, "en"),
    ],
)
def test_speaks_the_language_of_the_locale(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variables: dict[str, str], language: str
) -> None:
    monkeypatch.chdir(tmp_path)  # a suite's settings go before the locale
    for name in ("DOJO_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cli.locale_language() == language


@pytest.mark.parametrize("way", [["--lang", "zh"], ["--lang=zh"]])
def test_complains_in_the_language_that_was_asked_for(run: Run, way: list[str]) -> None:
    line = assert_one_line(run("grade", "ex99", *way))
    assert any("\u4e00" <= char <= "\u9fff" for char in line)


# -- reports ---------------------------------------------------------------------------


@pytest.mark.usefixtures("solved")
def test_writes_every_format_at_once(run: Run, suite: Path) -> None:
    done = run("grade", "ex03", *ONE, "--format", "json=v.json", "--format", "junit=v.xml")
    assert done.returncode == 0
    assert "1/1" in done.stdout
    verdict = json.loads((suite / "v.json").read_text(encoding="utf-8"))
    assert (verdict["schema"], verdict["status"], verdict["exercise"]) == (1, "passed", "ex03")
    assert ElementTree.parse(suite / "v.xml").getroot().get("tests") == "1"
    assert not [path for path in suite.iterdir() if path.name.startswith(".v")]


@pytest.mark.usefixtures("solved")
def test_one_format_alone_goes_to_standard_output(run: Run, suite: Path) -> None:
    done = run("grade", "ex03", *ONE, "--format", "json", "--lang", "zh")
    verdict = json.loads(done.stdout)
    assert verdict["language"] == "zh"
    assert [check["id"] for check in verdict["checks"]] == [ONE[1]]
    done = run("grade", "ex03", *ONE, "--format", "json", "--out", "out.json")
    assert json.loads((suite / "out.json").read_text(encoding="utf-8"))["status"] == "passed"


@pytest.mark.usefixtures("solved")
def test_a_file_of_ones_own_is_graded(run: Run, suite: Path, tmp_path: Path) -> None:
    mine = tmp_path / "my echo.py"
    mine.write_text("def serve(:\n")
    done = run("grade", "ex03", "--file", str(mine), "--format", "json")
    verdict = json.loads(done.stdout)
    assert (done.returncode, verdict["submission"]) == (1, "my echo.py")
    assert not (suite / "exercises" / "ex03_tcp_echo" / "__pycache__").exists()


@pytest.mark.usefixtures("solved")
@pytest.mark.parametrize("bad", ["no/such/folder/v.json", "exercises", "/proc/v.json", "/dev/full"])
def test_what_cannot_be_written_loses_nothing_else(run: Run, suite: Path, bad: str) -> None:
    words = ["--format", f"json={bad}", "--format", "junit=v.xml", "--format", "text"]
    done = run("grade", "ex03", *ONE, *words)
    assert done.returncode == 2
    assert "1/1" in done.stdout
    assert ElementTree.parse(suite / "v.xml").getroot().get("tests") == "1"
    assert done.stderr.count("\n") == 1
    assert bad in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("solved")
def test_an_old_report_is_replaced_whole(run: Run, suite: Path) -> None:
    old = suite / "v.json"
    old.write_text("x" * 1_000_000)
    old.chmod(0o600)
    assert run("grade", "ex03", *ONE, "--out", "v.json", "--format", "json").returncode == 0
    json.loads(old.read_text(encoding="utf-8"))


@pytest.mark.usefixtures("solved")
def test_a_reader_that_has_gone_is_no_error_to_shout_about(suite: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        command("grade", "ex03", *ONE, "--format", "json"),
        cwd=suite,
        env=environment(),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    os.close(writing)
    assert done.stderr == ""
    assert done.returncode in (0, 2)


@pytest.mark.usefixtures("solved")
def test_a_terminal_without_unicode_is_no_error(run: Run) -> None:
    done = run("grade", "ex03", *ONE, PYTHONIOENCODING="ascii", DOJO_LANG="zh")
    assert done.returncode == 0
    assert done.stdout.isascii()


# -- interrupted -----------------------------------------------------------------------

ENDLESS = """
import os, signal, time


def serve(host, port):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if os.fork() == 0:
        os.setsid()
    while True:
        try: time.sleep(0.1)
        except BaseException: pass


def echo(host, port, message, timeout=5.0):
    serve(host, port)
"""


@pytest.fixture
def grading(suite: Path, eventually: Eventually) -> Iterator[subprocess.Popen[str]]:
    """Yield a grading in the middle of a submission that ignores every signal."""
    path = suite / "exercises" / "ex03_tcp_echo" / "tcp_echo.py"
    path.write_text(ENDLESS)
    with subprocess.Popen(
        command("grade", "ex03", "--check", "server_echoes_one_message"),
        cwd=suite,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell without job control starts its background jobs, and CI perhaps is one, with
        # SIGINT ignored, and that is inherited.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    ) as process:
        # bubblewrap (two processes), the zygote, a supervisor, the learner and its child.
        eventually(lambda: len(processes.descendants(process.pid)) >= 4)
        yield process
        process.kill()


@pytest.mark.needs_proc
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_nothing_behind(
    grading: subprocess.Popen[str], eventually: Eventually, number: signal.Signals
) -> None:
    started = processes.descendants(grading.pid)
    grading.send_signal(number)
    out, err = grading.communicate(timeout=PATIENCE)
    assert "Traceback" not in out + err
    assert err.count("\n") == 1
    assert grading.returncode == cli.INTERRUPTED
    eventually(lambda: all(processes.state(pid) == "Z" for pid in started))


@pytest.mark.needs_bwrap
def test_killed_it_leaves_nothing_behind(
    grading: subprocess.Popen[str], eventually: Eventually
) -> None:
    started = processes.descendants(grading.pid)
    grading.kill()
    grading.wait(PATIENCE)
    eventually(lambda: all(processes.state(pid) == "Z" for pid in started))


def test_an_exercise_without_the_check_asked_for_is_left_out(run: Run, suite: Path) -> None:
    name = "ex01_bytes_codec"
    shutil.copytree(ROOT / "exercises" / name, suite / "exercises" / name)
    done = run("grade", "ex03", "ex01", *ONE, "--format", "json")
    assert done.returncode == cli.FALLEN_SHORT
    verdicts = json.loads(done.stdout)
    assert [verdict["exercise"] for verdict in verdicts] == ["ex03"]


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_help_speaks_the_language_asked_for(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert cli.main([name, "--help", "--lang", "en"]) == cli.PASSED
    english = capsys.readouterr().out
    assert re.search("[\u4e00-\u9fff]", english) is None
    assert cli.main([name, "--help", "--lang", "zh"]) == cli.PASSED
    chinese = capsys.readouterr().out
    entries = re.split(r"\n  (?=\S)", chinese.partition("\n\n")[2])[1:]
    assert len(entries) >= 2
    for entry in entries:
        assert re.search("[\u4e00-\u9fff]", entry), entry


def test_complaints_about_words_speak_the_language_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for words in (["--no-such"], ["--isolation", "x"], ["--seed"], ["--seed", "x"]):
        assert cli.main(["grade", *words, "--lang", "zh"]) == cli.BAD_REQUEST
        assert re.search("[\u4e00-\u9fff]", capsys.readouterr().err)
        assert cli.main(["grade", *words, "--lang", "en"]) == cli.BAD_REQUEST
        assert not re.search("[\u4e00-\u9fff]", capsys.readouterr().err)
