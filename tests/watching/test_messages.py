"""Messages cross the pipe as one line each, whatever is in them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from grader.catalog import load_exercise
from grader.model import CheckResult, Verdict
from grader.watching.messages import Began, Done, Fault, Job, Message, decode, encode


def test_a_job_comes_back_whole(root: Path) -> None:
    exercise = load_exercise(root, "ex03")
    path = os.fsencode("/somewhere/\udcff 作业\n.py")
    job = Job(3, exercise, path, "zh", "auto")
    assert encode(job).count(b"\n") == 1
    assert decode(encode(job)) == job


def test_a_verdict_comes_back_whole(grade_source: Callable[..., Verdict]) -> None:
    verdict = grade_source("ex03", "def serve(:\n# 你好\n")
    odd = CheckResult("x", "t\n", "failed", 1.0, 0.0, "public", 0.1, output="\ud800\x1b\u2028")
    verdict = msgspec.structs.replace(verdict, checks=(*verdict.checks, odd))
    done = Done(7, verdict, bytes(range(256)))
    assert encode(done).count(b"\n") == 1
    assert decode(encode(done)) == done


@pytest.mark.parametrize("message", [Began(1), Fault(2, "no\nway", 2, True)])
def test_small_ones(message: Message) -> None:
    assert decode(encode(message)) == message


@pytest.mark.parametrize("line", [b"", b"\n", b"[]", b"{}", b'{"type": "Job"}', b"\xff", b"[" * 99])
def test_anything_else_is_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        decode(line)
