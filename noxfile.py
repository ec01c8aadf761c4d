"""Every session is a thin call of ``python -m grader`` or of one tool; reading it is reading them.

Learners use ``grade``, ``watch``, ``hint``, ``explain``, ``progress``, ``solution``, ``reset``,
``settings`` and ``doctor``; instructors ``grade-class``, ``handout`` and ``gradescope``; authors
``new-exercise``, ``verify``, ``flakes``, ``tests``, ``lint``, ``fuzz`` and ``bench``.  A session's
environment is made once and installed again only when ``pyproject.toml`` has changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["grade"]

ROOT = Path(__file__).parent
NEWS = "first run, or pyproject.toml has changed: installing what is needed (this once)"


def stamp_for(*extras: str) -> str:
    """Return what tells one installation from another."""
    content = (ROOT / "pyproject.toml").read_bytes() + repr((extras, str(ROOT))).encode()
    return hashlib.sha256(content).hexdigest()


def install(session: nox.Session, *extras: str) -> None:
    """Install this project in place, with extras, unless that has been done already."""
    stamp = Path(session.virtualenv.location) / ".dojo-installed"
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != stamp_for(*extras):
        session.log(NEWS)
        session.install("-e", f".[{','.join(extras)}]")
        stamp.write_text(stamp_for(*extras), encoding="utf-8")


def dojo(session: nox.Session, command: str, *extras: str) -> None:
    """Run one command of the grader, in an environment that all commands share.

    nox knows only "failed"; the exit codes of the grader say more, so they are passed on.
    ``extras`` are added to that environment where an option needs them.
    """
    folder = ROOT / ".nox" / "dojo"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    stamp = folder / ".dojo-installed"
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != stamp_for():
        session.log(NEWS)
        session.run(sys.executable, "-m", "venv", "--clear", str(folder), external=True)
        session.run(str(python), "-m", "pip", "install", "-q", "-e", ".", external=True)
        stamp.write_text(stamp_for(), encoding="utf-8")
    for extra in extras:
        stamp = folder / f".dojo-installed-{extra}"
        if not stamp.is_file() or stamp.read_text(encoding="utf-8") != stamp_for(extra):
            session.log(f"installing what the extra '{extra}' needs (this once)")
            what = f".[{extra}]"
            session.run(str(python), "-m", "pip", "install", "-q", "-e", what, external=True)
            stamp.write_text(stamp_for(extra), encoding="utf-8")
    # -I: a learner's socket.py in the current folder is no part of the grader.
    process = subprocess.Popen([python, "-I", "-m", "grader", command, *session.posargs])
    code = None
    while code is None:
        with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C reaches it as well: it ends in order
            code = process.wait()
    if code:
        raise SystemExit(code)


@nox.session(python=False)
def grade(session: nox.Session) -> None:
    """Grade an exercise: nox -s grade -- ex03 (several: ex03 ex07; all: nothing)."""
    dojo(session, "grade")


@nox.session(python=False)
def watch(session: nox.Session) -> None:
    """Grade again on every save: nox -s watch [-- ex03]."""
    dojo(session, "watch")


@nox.session(python=False)
def hint(session: nox.Session) -> None:
    """Show the next hint: nox -s hint -- ex03."""
    dojo(session, "hint")


@nox.session(python=False)
def explain(session: nox.Session) -> None:
    """Explain a diagnosis: nox -s explain -- empty_recv_ignored (all: nothing)."""
    dojo(session, "explain")


@nox.session(python=False)
def progress(session: nox.Session) -> None:
    """Show where you stand and what is next: nox -s progress."""
    dojo(session, "progress")


@nox.session(python=False)
def solution(session: nox.Session) -> None:
    """Show the reference beside your file, once it passes: nox -s solution -- ex03."""
    dojo(session, "solution")


@nox.session(python=False)
def reset(session: nox.Session) -> None:
    """Put the stub back; your attempt is kept: nox -s reset -- ex03."""
    dojo(session, "reset")


@nox.session(python=False)
def settings(session: nox.Session) -> None:
    """Show or change settings, such as the language: nox -s settings -- lang zh."""
    dojo(session, "settings")


@nox.session(python=False)
def doctor(session: nox.Session) -> None:
    """Show what this machine can isolate, why not more, and how to get it: nox -s doctor."""
    dojo(session, "doctor")


@nox.session(name="grade-class", python=False)
def grade_class(session: nox.Session) -> None:
    """Grade a whole class: nox -s grade-class -- DIR (what was understood: --list)."""
    words = session.posargs
    wanted = {
        "cluster": any(word.startswith("--cluster") for word in words),
        "similar": "similar" in words,
    }
    dojo(session, "grade-class", *[extra for extra, is_wanted in wanted.items() if is_wanted])


@nox.session(python=False)
def handout(session: nox.Session) -> None:
    """Build what students get: nox -s handout -- --out DIR."""
    dojo(session, "handout")


@nox.session(python=False)
def gradescope(session: nox.Session) -> None:
    """Build an autograder zip for Gradescope: nox -s gradescope -- ex03."""
    dojo(session, "gradescope")


@nox.session(name="new-exercise", python=False)
def new_exercise(session: nox.Session) -> None:
    """Lay out a new exercise: nox -s new-exercise -- ex02 chunks."""
    dojo(session, "new-exercise")


@nox.session(python=False)
def verify(session: nox.Session) -> None:
    """Prove that every check can fail, and only for its reason: nox -s verify [-- ex03]."""
    dojo(session, "verify")


@nox.session(python=False)
def flakes(session: nox.Session) -> None:
    """Grade again and again on a busy machine: nox -s flakes -- ex03 --runs 100 --others 10."""
    dojo(session, "flakes")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the suite's own tests on all cores and show the branch coverage of grader/."""
    install(session, "test", "nox", "cluster", "similar")
    session.run("coverage", "erase")
    workers = ["-n", "auto", "--dist", "worksteal"]
    session.run("coverage", "run", "-m", "pytest", *workers, *session.posargs)
    session.run("coverage", "combine", silent=True)
    session.run("coverage", "report")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Fuzz every parser that reads what strangers write: nox -s fuzz [-- SECONDS] (30).

    atheris for the pipe's decoder for so long (where it has wheels); from 300 seconds on
    hypothesis as well, with new inputs (``nox -s tests`` has the same ones every time).
    """
    install(session, "test", "fuzz")
    seconds = int(session.posargs[0]) if session.posargs else 30
    look = "import importlib.util as u; print(u.find_spec('atheris') is not None)"
    found = session.run("python", "-c", look, silent=True)
    if str(found).strip() == "True":
        corpus = f"{session.create_tmp()}/corpus"
        script = str(ROOT / "tests" / "fuzz" / "atheris_plain.py")
        session.run("python", script, f"-max_total_time={seconds}", "-print_final_stats=1", corpus)
    else:
        session.log("atheris has no wheel for this Python or platform: hypothesis alone")
    if seconds >= 300 or str(found).strip() != "True":
        long = {"DOJO_FUZZ": "long"} if seconds >= 300 else {}
        session.run("pytest", str(ROOT / "tests" / "fuzz"), "-q", env=long)


@nox.session
def lint(session: nox.Session) -> None:
    """Check types and style: mypy --strict and ruff."""
    install(session, "lint", "nox", "test")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", "grader", "tests", "noxfile.py")
    session.run("mypy")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure how fast a grading is, as ratios to one empty pytest run."""
    install(session, "nox")
    session.run("python", "-I", "-m", "grader", "bench", *session.posargs)
