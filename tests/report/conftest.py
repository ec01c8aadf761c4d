"""Verdicts to report on, built of as little as a test names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.model import (
    CheckResult,
    Event,
    GraderInfo,
    Isolation,
    Language,
    Location,
    Verdict,
    VerdictStatus,
)

STORY = Path(__file__).parent / "golden" / "story.json"
SOURCE = """\
import socket


def serve(host: str, port: int) -> None:
    listener = socket.create_server((host, port))
    while True:
        conn, _ = listener.accept()
        with conn:
            while True:
                data = conn.recv(1024)
                conn.sendall(data)
"""

HOSTILE = (
    "\n::error file=x::pwned\n  ::set-output name=a::b\r::add-mask::x\n##[add-path]/tmp ]]>"
    "\x1b[2J\x1b]0;t\x07\x00\x9b31m\u202eevil\u2066\u2028\ufffe\ud800\U000e0041"
    "</pre></details><script>alert(1)</script>&amp; | `x` **b** [l](http://e) %0A,:{0}{key}"
)
"""Text of a learner that tries to steer terminals, GitHub, XML, HTML and Markdown."""


def check(identifier: str, status: Any = "passed", **values: Any) -> CheckResult:
    """Make a check of one point."""
    values = {"title": identifier.replace("_", " "), "visibility": "public", **values}
    earned = 1.0 if status == "passed" else 0.0
    defaults: dict[str, Any] = {"points": 1.0, "earned": earned, "duration_s": 0.04}
    return CheckResult(id=identifier, status=status, **{**defaults, **values})


def verdict(*checks: CheckResult, **values: Any) -> Verdict:
    """Make a verdict of ex03 that adds up."""
    counted = [check for check in checks if check.status not in ("skipped", "error")]
    full = all(check.status == "passed" for check in counted)
    status: VerdictStatus = "passed" if full else "failed"
    defaults: dict[str, Any] = {
        "exercise": "ex03",
        "slug": "tcp_echo",
        "submission": "tcp_echo.py",
        "sha256": "ab" * 32,
        "status": "error" if any(c.status == "error" for c in checks) else status,
        "score": sum(check.earned for check in counted),
        "max_score": sum(check.points for check in counted),
        "duration_s": 0.61,
        "seed": 417,
        "isolation": Isolation("full", "bubblewrap"),
        "grader": GraderInfo("1.0.0", "3.11.7"),
        "checks": checks,
        "title": "TCP echo",
    }
    return Verdict(**{**defaults, **values})


def story(language: Language) -> Verdict:
    """Make a verdict with a check of every kind."""
    words = json.loads(STORY.read_text(encoding="utf-8"))[language]
    stuck = check(
        "server_lets_next_client_in",
        "stuck",
        title=words["stuck"],
        diagnosis="empty_recv_ignored",
        message=words["message"],
        expected=words["expected"],
        location=Location(
            10, "serve", "data = conn.recv(1024)", "spinning", "recv()", 812, 812, 0.02
        ),
        transcript=(
            Event(0.0, "peer", "connect"),
            Event(0.0001, "peer", "send", 6, "héllo"),
            Event(0.0008, "peer", "receive", 6, "héllo"),
            Event(0.0012, "peer", "half_close"),
            Event(0.3, "you", "spin", 0, "recv()"),
        ),
        output="listening\r\n\x1b[31mred\x1b[0m \u202eabc\n",
        hints=3,
    )
    failed = check(
        "server_survives_reset",
        "failed",
        title=words["failed"],
        points=2.0,
        diagnosis="died_with_client",
        message=words["raised"],
        location=Location(11, "serve", "conn.sendall(data)", "raised"),
        transcript=(
            Event(0.0, "you", "call", 0, "serve('127.0.0.1', 40123)"),
            Event(0.001, "peer", "connect"),
            Event(0.0011, "peer 2", "send", 70000, "数据" * 60 + "…"),
            Event(0.002, "peer", "reset"),
            Event(1.5, "you", "raise", 0, "ConnectionResetError"),
        ),
        hints=1,
    )
    return verdict(
        check("server_returns_message", title=words["first"]),
        stuck,
        failed,
        check(
            "server_binds_given_address", "skipped", title=words["skipped"], message=words["why"]
        ),
        title=words["title"],
        language=language,
        isolation=Isolation("none", "plain", ("net", "files")),
    )


@pytest.fixture(name="check")
def check_fixture() -> Callable[..., CheckResult]:
    return check


@pytest.fixture(name="verdict")
def verdict_fixture() -> Callable[..., Verdict]:
    return verdict


@pytest.fixture(name="story")
def story_fixture() -> Callable[[Language], Verdict]:
    return story


@pytest.fixture
def source() -> list[str]:
    return SOURCE.splitlines()


@pytest.fixture
def hostile() -> Verdict:
    """A verdict whose every learner-made string is `HOSTILE`."""
    events = [
        Event(0.1, who, event, 9, HOSTILE)
        for who in ("peer", "you", HOSTILE)
        for event in ("send", "raise", "note", "expect", HOSTILE)
    ]
    return verdict(
        *(
            check(
                f"check_{n}",
                "failed",
                title=HOSTILE,
                diagnosis="wrong_result",
                message=f"{n} {HOSTILE}",
                expected=HOSTILE,
                received=HOSTILE,
                location=Location(1, HOSTILE, HOSTILE.strip(), "blocked", HOSTILE),
                transcript=tuple(events),
                output=HOSTILE,
            )
            for n in range(12)
        ),
        check("skipped", "skipped", message=HOSTILE),
        submission=HOSTILE,
        title=HOSTILE,
    )


@pytest.fixture
def hostile_lines() -> list[str]:
    return [HOSTILE.strip(), HOSTILE, HOSTILE]
