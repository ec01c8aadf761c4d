"""The choice of a rung: auto takes the best and says what is missing, full takes nothing less."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.model import Limits, Verdict
from grader.sandbox import (
    IsolationChoice,
    Sandbox,
    SandboxError,
    Submission,
    UnavailableError,
    open_sandbox,
)
from grader.texts import missing_text

OpenBox = Callable[..., Sandbox]
Eventually = Callable[[Callable[[], bool]], None]
SOURCE = "x = 1\n"


@pytest.fixture
def without_bwrap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture(
    params=["exit 1", "echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1"]
)
def broken_bwrap(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> str:
    """Put a bubblewrap first in the path that the system lets do nothing."""
    fake = tmp_path / "bwrap"
    fake.write_text(f"#!/bin/sh\n{request.param}\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return "Permission denied" if "denied" in request.param else "did not start"


@pytest.mark.needs_bwrap
@pytest.mark.parametrize("choice", ["auto", "full"])
def test_takes_the_best_rung(open_box: OpenBox, choice: IsolationChoice) -> None:
    isolation = open_box(SOURCE, choice).isolation
    assert (isolation.level, isolation.backend) == ("full", "bubblewrap")
    assert isolation.missing == ()


@pytest.mark.parametrize(("choice", "backend"), [("none", "process"), ("spawn", "spawn")])
def test_takes_the_rung_that_was_asked_for(
    open_box: OpenBox, choice: IsolationChoice, backend: str
) -> None:
    isolation = open_box(SOURCE, choice).isolation
    assert isolation.level == "none"
    assert isolation.backend in (backend, "spawn")


@pytest.mark.usefixtures("without_bwrap")
def test_auto_says_what_is_missing(open_box: OpenBox) -> None:
    isolation = open_box(SOURCE, "auto").isolation
    assert isolation.level in ("partial", "none")
    assert isolation.missing[0] == "bubblewrap_missing"
    assert "bubblewrap is not installed" in missing_text(isolation.missing[0], "en")
    assert "没有安装 bubblewrap" in missing_text(isolation.missing[0], "zh")


def test_auto_says_what_the_system_refused(open_box: OpenBox, broken_bwrap: str) -> None:
    isolation = open_box(SOURCE, "auto").isolation
    assert isolation.level in ("partial", "none")
    assert isolation.missing[0].startswith("bubblewrap_refused: ")
    assert broken_bwrap in missing_text(isolation.missing[0], "en")


@pytest.mark.usefixtures("without_bwrap")
def test_full_refuses_less_in_one_line(open_box: OpenBox) -> None:
    with pytest.raises(SandboxError, match="bubblewrap_missing") as caught:
        open_box(SOURCE, "full")
    assert "\n" not in str(caught.value)


def test_full_passes_the_systems_refusal_on(open_box: OpenBox, broken_bwrap: str) -> None:
    with pytest.raises(SandboxError, match=broken_bwrap) as caught:
        open_box(SOURCE, "full")
    assert "\n" not in str(caught.value)


@pytest.mark.needs_landlock
def test_auto_takes_landlock_where_there_is_no_bubblewrap(
    open_box: OpenBox, without_bwrap: None
) -> None:
    isolation = open_box(SOURCE, "auto").isolation
    assert (isolation.level, isolation.backend) == ("partial", "landlock")
    assert isolation.missing[:2] == ("bubblewrap_missing", "network")


def test_none_says_why_it_is_not_more(
    open_box: OpenBox, without_bwrap: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> Sandbox:
        raise UnavailableError("no_landlock")

    monkeypatch.setattr("grader.sandbox._landlock", refused)
    isolation = open_box(SOURCE, "auto").isolation
    assert isolation.level == "none"
    assert isolation.missing == ("bubblewrap_missing", "no_landlock")
    with pytest.raises(UnavailableError, match="no_landlock"):
        open_box(SOURCE, "partial")


@pytest.mark.usefixtures("without_bwrap")
def test_the_verdict_says_which_rung_held(
    grade_source: Callable[..., Verdict], reference: str
) -> None:
    only = ["server_echoes_one_message"]
    verdict = grade_source("ex03", reference, only, isolation="auto")
    assert verdict.status == "passed"
    assert verdict.isolation.level in ("partial", "none")
    assert verdict.isolation.missing
    with pytest.raises(SandboxError):
        grade_source("ex03", reference, only, isolation="full")


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.needs_proc
@pytest.mark.parametrize(
    "choice", ["auto", pytest.param("partial", marks=pytest.mark.needs_landlock), "none", "spawn"]
)
def test_gives_everything_back(choice: IsolationChoice, eventually: Eventually) -> None:
    open_sandbox(choice, Submission("a.py", b"", "a"), Limits()).close()
    before = open_descriptors()
    for _ in range(10):
        box = open_sandbox(choice, Submission("a.py", b"", "a"), Limits())
        box.fork().close()
        box.close()
    # The thread that drains an output closes it when its end has come: soon, but not at once.
    eventually(lambda: open_descriptors() <= before)


@pytest.mark.needs_proc
def test_a_refused_rung_leaves_nothing_behind(broken_bwrap: str, eventually: Eventually) -> None:
    before = open_descriptors()
    for _ in range(10):
        with pytest.raises(SandboxError, match=broken_bwrap):
            open_sandbox("full", Submission("a.py", b"", "a"), Limits())
    eventually(lambda: open_descriptors() <= before)


@pytest.mark.parametrize("choice", ["auto", "full", "partial"])
@pytest.mark.parametrize("words", ["Too many open files", "Resource temporarily unavailable"])
def test_a_passing_shortage_is_no_reason_for_less(
    open_box: OpenBox, monkeypatch: pytest.MonkeyPatch, choice: IsolationChoice, words: str
) -> None:
    def short(*_: object, **__: object) -> object:
        raise OSError(words)

    monkeypatch.setattr("grader.sandbox.zygote.subprocess.Popen", short)
    with pytest.raises(SandboxError, match=words) as caught:
        open_box(SOURCE, choice)
    assert not isinstance(caught.value, UnavailableError)
