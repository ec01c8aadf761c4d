"""The corpus itself: every item of the issue's list is attacked, every header says enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.catalog import load_exercise
from grader.model import Limits

# The list of issue 3, item by item; then what has been thought of since.
ISSUE = """
ending at import; ending in a call; ending in a thread; ending by signal; ending by atexit;
endless work at import; exponential work at import;
killing parents; killing groups; killing PID 1; killing the judge;
fork bombs; thread bombs; daemons; surviving SIGTERM; stopping itself;
reading the harness; reading solutions; reading the manifest; reading the environment;
reading /proc; reading other submissions; reading home;
frame walks; gc walks; sys.modules walks;
writing results to descriptors; printing success; writing results to likely files;
GitHub commands; ANSI escapes; terminal titles; carriage returns;
100 MB of output; 4 GB of memory; deep recursion;
giant results; cyclic results; lying results; hostile results; hostile exceptions;
conftest.py; pytest.ini; sitecustomize.py; .pth; json.py and socket.py beside the submission;
patching socket; patching time; patching threading;
symbolic links; FIFOs; its own file rewritten; filling the disk;
connections to the outside; scanning ports for the judge;
connecting twice; connecting from a second process; guessing the seed
"""
SINCE = """
inherited descriptors; handing the control descriptor on; reading the control descriptor;
garbage on the control descriptor; closing descriptors; the dump descriptor;
forbidden system calls; prctl games; odd socket families; abstract UNIX sockets; scheduling;
limits; core dumps; hard links; devices and kernel settings; files left behind;
sockets left behind; tracing and audit hooks; import hooks; function names; coding lines;
changing signal handlers and masks
"""
RUNGS = {"full", "partial", "none", "spawn"}
CLAIMS = {"world", "secrets", "disk", "memory", "ipc"}
# What the none rung does not claim: see SECURITY.md.
NOT_ON_NONE = {
    "killing parents", "killing PID 1", "killing the judge", "reading the harness",
    "reading solutions", "reading other submissions", "reading home", "filling the disk",
    "connections to the outside", "scanning ports for the judge",
}  # fmt: skip


def items(words: str) -> set[str]:
    return {" ".join(item.split()) for item in words.split(";")}


def test_has_every_item_of_the_issue(attacks: tuple[Any, ...]) -> None:
    covered = {item for attack in attacks for item in attack.covers}
    assert covered == items(ISSUE) | items(SINCE)


def test_is_large_and_no_attack_is_there_twice(attacks: tuple[Any, ...]) -> None:
    assert len(attacks) >= 60
    bodies = Counter(attack.source.partition(b"# holds:")[2] for attack in attacks)
    assert set(bodies.values()) == {1}
    sentences = Counter(attack.attack for attack in attacks)
    assert set(sentences.values()) == {1}


def test_every_header_is_valid(attacks: tuple[Any, ...], root: Path) -> None:
    for attack in attacks:
        exercise = load_exercise(root, attack.exercise)
        known = {check.id for check in exercise.checks}
        assert attack.checks, attack.id
        assert set(attack.checks) <= known, attack.id
        assert attack.rungs, attack.id
        assert set(attack.rungs) <= RUNGS, attack.id
        assert set(attack.proves) <= CLAIMS, attack.id
        assert attack.limits.keys() <= set(Limits.__struct_fields__), attack.id
        assert attack.verdict in ("passed", "failed"), attack.id
        assert not (attack.diagnosis and attack.verdict == "passed"), attack.id
        if "none" in attack.rungs:
            assert not NOT_ON_NONE.issuperset(attack.covers), attack.id


def test_every_rung_is_attacked(attacks: tuple[Any, ...]) -> None:
    number = Counter(rung for attack in attacks for rung in attack.rungs)
    assert number["full"] >= 60
    assert number["partial"] >= 50
    assert number["none"] >= 40
    assert number["spawn"] >= 5


def test_full_claims_everything(attacks: tuple[Any, ...]) -> None:
    assert [attack.id for attack in attacks if "full" not in attack.rungs] == []


def test_every_attack_is_python(attacks: tuple[Any, ...]) -> None:
    """What the compiler refuses proves nothing but that."""
    for attack in attacks:
        compile(attack.source, attack.id, "exec", dont_inherit=True)


BROKEN = {
    "nothing": "x = 1\n",
    "an unknown key": "# attack: a\n# colour: red\n",
    "a key twice": "# attack: a\n# attack: b\n",
    "one that lacks": "# attack: a\n# covers: b\n# exercise: ex01\n# checks: c\n# rungs: full\n",
}


@pytest.mark.parametrize("header", BROKEN.values(), ids=BROKEN)
def test_a_broken_header_is_refused(
    header: str, tmp_path: Path, read_attack: Callable[[Path], Any]
) -> None:
    path = tmp_path / "attack.py"
    path.write_text(header, encoding="utf-8")
    with pytest.raises(ValueError, match=r"attack\.py: "):
        read_attack(path)
