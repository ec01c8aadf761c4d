"""Frames and messages; a worker as a process: nothing corrupts its answers, it ends when told."""

from __future__ import annotations

import io
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from grader.classroom import worker
from grader.classroom.work import Done, Job
from grader.classroom.worker import Answer, decode, encode, framed, read_frame

from .conftest import job, verdict

PATIENCE = 60


# -- messages --------------------------------------------------------------------------

MESSAGES = {
    "a job": job(bytes(range(256)), 7),
    "an empty file": job(b""),
    "a verdict": Done(3, verdict(b"x"), log="中\x00\x1b"),
    "a lone surrogate": Done(4, error="name \ud800", log="\udcff"),
    "a job with one": msgspec.structs.replace(job(b"\xff\x00"), language="zh", engine="\ud800"),
    "an answer": Answer(Done(5, verdict(b"y", "failed")), 1 << 40),
    "ready": Answer(),
}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_messages_come_back_as_they_were(message: Job | Done | Answer) -> None:
    assert decode(encode(message), type(message)) == message
    stream = io.BytesIO(framed(message) + framed(message))
    for _ in range(2):
        data = read_frame(stream)
        assert data is not None
        assert decode(data, type(message)) == message
    assert read_frame(stream) is None


@pytest.mark.parametrize("cut", [1, 3, 4, 5, 20])
def test_a_frame_that_breaks_off_is_the_end(cut: int) -> None:
    assert read_frame(io.BytesIO(framed(job(b"x"))[:cut])) is None


def test_a_frame_longer_than_any(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="4294967295"):
        read_frame(io.BytesIO(b"\xff" * 64))
    monkeypatch.setattr(worker, "MOST_BYTES", 10)
    with pytest.raises(ValueError, match="bytes"):
        framed(job(b"x"))


@pytest.mark.parametrize("data", [b"", b"{", b"{}", b"\xc1", b'{"ticket": "x"}', b"\x81\xa1x\x01"])
def test_what_is_no_message_is_a_value_error(data: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, ValueError)):
        decode(data, Done)


# -- the process -----------------------------------------------------------------------


class Process:
    """A worker, spoken to by hand."""

    def __init__(self, command: Sequence[str]) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def answer(self) -> Answer:
        assert self.process.stdout is not None
        data = read_frame(self.process.stdout)
        assert data is not None
        return decode(data, Answer)

    def ask(self, source: bytes, ticket: int = 0) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(framed(job(source, ticket)))
        self.process.stdin.flush()

    def no_more(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(PATIENCE)


@pytest.fixture
def process(obedient: list[str]) -> Iterator[Process]:
    """Return a worker that is ready."""
    made = Process(obedient)
    assert made.answer().done is None
    yield made
    made.process.kill()
    made.process.wait()
    for stream in (made.process.stdin, made.process.stdout):
        assert stream is not None
        stream.close()


def test_what_is_printed_stays_out_of_the_frames(process: Process) -> None:
    for ticket in range(3):
        process.ask(b"print", ticket)
        answer = process.answer()
        assert answer.done is not None
        assert answer.done.ticket == ticket
    assert process.no_more() == 0


@pytest.mark.needs_proc
def test_what_a_job_leaves_is_cleared_away_before_the_next(process: Process) -> None:
    memory = []
    for _ in range(6):
        process.ask(b"cycle:64")
        memory.append(process.answer().memory)
    assert max(memory) < memory[0] + (32 << 20)


@pytest.mark.needs_proc
def test_memory_is_told(process: Process) -> None:
    process.ask(b"print")
    before = process.answer().memory
    process.ask(b"grow:64")
    assert process.answer().memory > before + (60 << 20) > 60 << 20


def test_the_end_of_its_input_ends_it_in_the_middle_of_a_job(
    process: Process, tmp_path: Path, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    process.ask(f"child:{tmp_path / 'pids'} hang".encode())
    eventually((tmp_path / "pids").exists)
    assert process.no_more() == 1
    os.kill(int((tmp_path / "pids").read_text().split()[1]), signal.SIGKILL)


def test_ctrl_c_is_for_the_parent(process: Process) -> None:
    process.process.send_signal(signal.SIGINT)
    process.ask(b"print", 5)
    done = process.answer().done
    assert done is not None
    assert done.ticket == 5


def test_a_request_in_no_language_of_ours_ends_it(process: Process) -> None:
    assert process.process.stdin is not None
    process.process.stdin.write(b"\0\0\0\1\xc1")
    process.process.stdin.flush()
    assert process.process.wait(PATIENCE) == 0
