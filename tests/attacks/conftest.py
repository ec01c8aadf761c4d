"""The corpus of attacks: every file of ``corpus/`` is a submission whose header says what holds.

A header is the comment lines at the top of a file, ``# key: value``; see ``Attack``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from grader.model import Limits
from grader.sandbox import SandboxError, Submission, open_sandbox

CORPUS = Path(__file__).resolve().parent / "corpus"
_LINE = re.compile(rb"#\s?([a-z]+): (.+)")
_NEEDED = {"attack", "covers", "exercise", "checks", "rungs", "verdict", "holds"}
_OPTIONAL = {"diagnosis", "proves", "limits", "beside", "named", "unless"}


@dataclass(frozen=True)
class Attack:
    """One submission of the corpus.

    ``attack`` is what it tries and ``holds`` what must hold; ``covers`` are items of the issue's
    list (see test_corpus.py).  It is graded by the checks ``checks`` of ``exercise`` on the
    ``rungs`` that claim to resist it, with the outcome ``verdict`` (``passed`` only where the
    behaviour that is graded is right), and each check that fails shows one of ``diagnosis``.
    ``unless`` names what a verdict may call missing (Isolation.missing) where the attack is not
    resisted, and must not be tried: it would end or change what is not ours.
    ``limits`` are smaller ones than the exercise's, ``beside`` the names of files that lie in
    the submission's folder, ``named`` the name of its file, escaped as in a Python string.
    """

    id: str
    source: bytes
    attack: str
    covers: tuple[str, ...]
    exercise: str
    checks: tuple[str, ...]
    rungs: tuple[str, ...]
    verdict: str
    holds: str
    diagnosis: tuple[str, ...] = ()
    proves: tuple[str, ...] = ()
    limits: dict[str, float] = field(default_factory=dict)
    beside: tuple[str, ...] = ()
    named: str = ""
    unless: tuple[str, ...] = ()


def load_attack(path: Path) -> Attack:
    """Read one file of the corpus; ValueError says what is wrong with its header."""
    source = path.read_bytes()
    words: dict[str, str] = {}
    last = ""
    for line in source.splitlines():
        if not line.startswith(b"#"):
            break
        match = _LINE.fullmatch(line.rstrip())
        if match:
            last = match[1].decode()
            if last in words:
                raise ValueError(f"{path.name}: {last} twice")
            words[last] = match[2].decode()
        elif last and line.startswith(b"#   "):
            words[last] += " " + line[4:].strip().decode()
    unknown = words.keys() - _NEEDED - _OPTIONAL - {"coding"}
    missing = _NEEDED - words.keys()
    if unknown or missing:
        raise ValueError(f"{path.name}: unknown {sorted(unknown)}, missing {sorted(missing)}")
    limits = dict(pair.split("=") for pair in words.get("limits", "").split())
    return Attack(
        id=f"{path.parent.name}/{path.stem}",
        source=source,
        attack=words["attack"],
        covers=tuple(item.strip() for item in words["covers"].split(";")),
        exercise=words["exercise"],
        checks=tuple(words["checks"].split()),
        rungs=tuple(words["rungs"].split()),
        verdict=words["verdict"],
        holds=words["holds"],
        diagnosis=tuple(words.get("diagnosis", "").split()),
        proves=tuple(words.get("proves", "").split()),
        limits={name: float(value) for name, value in limits.items()},
        beside=tuple(words.get("beside", "").split()),
        named=words.get("named", ""),
        unless=tuple(words.get("unless", "").split()),
    )


@cache
def corpus() -> tuple[Attack, ...]:
    """Return every attack, sorted by its id."""
    return tuple(load_attack(path) for path in sorted(CORPUS.glob("*/*.py")))


@cache
def rung_of(rung: str) -> tuple[str, frozenset[str]]:
    """Return why this machine does not have a rung ("" where it does), and what the rung lacks."""
    try:
        box = open_sandbox(rung, Submission("a.py", b"x = 1\n", "a"), Limits())  # type: ignore[arg-type]
    except SandboxError as error:
        return str(error) or "no reason given", frozenset()
    box.close()
    return "", frozenset(box.isolation.missing)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for ``attack`` and ``rung`` on every rung that each attack names."""
    if {"attack", "rung"} <= set(metafunc.fixturenames):
        pairs = [(attack, rung) for attack in corpus() for rung in attack.rungs]
        ids = [f"{attack.id}-{rung}" for attack, rung in pairs]
        metafunc.parametrize(("attack", "rung"), pairs, ids=ids)


@pytest.fixture(scope="session")
def attacks() -> tuple[Attack, ...]:
    """Return the whole corpus."""
    return corpus()


@pytest.fixture
def read_attack() -> Callable[[Path], Attack]:
    """Return the function that reads one file of the corpus."""
    return load_attack


@pytest.fixture
def needs_rung(rung: str, request: pytest.FixtureRequest) -> None:
    """Skip, with the reason, where this machine does not have the rung, or not what it takes."""
    reason, missing = rung_of(rung)
    if reason:
        pytest.skip(f"no {rung} rung here: {reason}")
    unless: tuple[str, ...] = ("signals",)
    if "attack" in request.fixturenames:
        attack: Attack = request.getfixturevalue("attack")
        unless = attack.unless
    if lacking := missing.intersection(unless):
        pytest.skip(f"{rung} is without {', '.join(lacking)} here, and does not claim it")
