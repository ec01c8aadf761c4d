"""A worker: a long-lived process that grades one job after the other until its input ends.

Jobs come on standard input and answers go to standard output, each in a frame: four bytes of
length (big-endian), then the message.  The end of the input tells a worker to end, in the middle
of a grading as well, and it comes whatever becomes of the parent.  Nothing else that runs here
can print into the frames.
"""

from __future__ import annotations

import _thread
import contextlib
import faulthandler
import gc
import json
import os
import signal
import struct
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from types import FrameType
from typing import IO, NoReturn, TypeVar

import msgspec

from grader.classroom.work import Done, Job, engine_digest, settle, work
from grader.model import Model

MOST_BYTES = 64 << 20
_LENGTH = struct.Struct("!I")
_GRACE_S = 3.0
_ERRORS = 2
# Follows what has been printed about a job that has come to an error: another pipe is another time.
END_OF_LOG = b"\x1e\n"
# How a worker is asked to say on standard error where it is.
WHERE_SIGNAL = getattr(signal, "SIGUSR1", None)

_T = TypeVar("_T")


class Answer(Model, frozen=True):
    """What a worker says: that it is ready (no ``done``), or what came of its job.

    ``memory`` is how many bytes it holds in memory by now; 0 where the system does not say.
    ``engine`` is its `engine_digest`, told when it is ready.
    """

    done: Done | None = None
    memory: int = 0
    engine: str = ""


def encode(message: Model) -> bytes:
    """Return a job, a result or an answer as bytes.

    That is MessagePack, or JSON where a text has lone surrogates, which what a learner's code has
    said may have: msgspec encodes none.
    """
    try:
        return msgspec.msgpack.encode(message)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(message)).encode()


def decode(data: bytes, kind: type[_T]) -> _T:
    """Return the message in bytes (ValueError; msgspec's errors are some, too)."""
    if data[:1] == b"{":  # as MessagePack that would be the number 123
        return msgspec.convert(json.loads(data), kind)
    return msgspec.msgpack.decode(data, type=kind)


def framed(message: Model) -> bytes:
    """Return a message as a frame (ValueError: too long)."""
    data = encode(message)
    if len(data) > MOST_BYTES:
        raise ValueError(f"a message of {len(data)} bytes")
    return _LENGTH.pack(len(data)) + data


def read_frame(stream: IO[bytes]) -> bytes | None:
    """Read one frame's content; None at the end of the stream, or where it ends in a frame.

    ValueError: longer than any message may be.
    """
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (size,) = _LENGTH.unpack(head)
    if size > MOST_BYTES:
        raise ValueError(f"a frame of {size} bytes")
    data = stream.read(size)
    return data if len(data) == size else None


def serve(do: Callable[[Job], Done] = work) -> int:
    """Do what standard input asks for, and answer on standard output, until the input ends."""
    requests, answers = _streams()
    faulthandler.enable(_ERRORS)
    if WHERE_SIGNAL is not None:
        faulthandler.register(WHERE_SIGNAL, _ERRORS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    signal.signal(signal.SIGTERM, _told_to_end)
    jobs: SimpleQueue[Job | None] = SimpleQueue()
    at_work = threading.Event()
    try:
        _warm_up()
        gc.freeze()
        threading.Thread(target=_receive, args=(requests, jobs, at_work), daemon=True).start()
        _say(answers, Answer(None, _memory(), engine_digest()))
        while (job := jobs.get()) is not None:
            at_work.set()
            done = do(job)
            at_work.clear()
            if done.error:
                os.write(_ERRORS, END_OF_LOG)
            _say(answers, Answer(done, _memory()))
            del job, done
            gc.collect()  # a grading leaves cycles with megabytes in them, now and not later
    except KeyboardInterrupt:
        os._exit(1)  # what was under way is closed by now
    except BrokenPipeError:
        return 1  # nobody is left to hear of it
    return 0


def _streams() -> tuple[IO[bytes], IO[bytes]]:
    """Take the two pipes away from everything else that would read or print."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return requests, answers


def _receive(requests: IO[bytes], jobs: SimpleQueue[Job | None], at_work: threading.Event) -> None:
    with contextlib.suppress(ValueError, OSError):  # no language that we know: that is the end
        while (data := read_frame(requests)) is not None:
            jobs.put(decode(data, Job))
    end = threading.Timer(_GRACE_S, os._exit, (1,))
    end.daemon = True
    end.start()
    jobs.put(None)
    if not at_work.is_set():
        return  # the main thread waits for a job: it has been told
    if sys.platform == "win32":
        _thread.interrupt_main(signal.SIGTERM)
    else:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)


def _told_to_end(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _say(answers: IO[bytes], answer: Answer) -> None:
    answers.write(framed(answer))
    answers.flush()


def _memory() -> int:
    """Return how many bytes this process holds in memory (proc(5), statm); 0 where unknown."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return 0


def _warm_up() -> None:
    """Import and make what a grading needs, once for all jobs."""
    import grader.harness.lab
    import grader.harness.probe
    import grader.harness.session
    import grader.judge
    import grader.learner.delay
    import grader.sandbox  # noqa: F401

    settle()
