"""How a call or a process of a learner's ended, as a failure of the check that saw it."""

from __future__ import annotations

import re

from grader.learner.failure import CheckFailed
from grader.learner.process import LearnerProcess, Raised, signal_name
from grader.model import Location

# A limit of exercise.yaml that was reached, as the learner's process meets it.
_LIMIT_OF_SIGNAL = {"SIGXCPU": "cpu_limit", "SIGXFSZ": "disk_limit"}
_LIMIT_OF_ERRNO = {"EMFILE": "too_many_files", "EFBIG": "disk_limit", "ENOSPC": "disk_limit"}
# What says "not connected" of a connection that the peer has reset, too.
_OF_BROKEN_CONNECTIONS = re.compile(r"\b(shutdown|getpeername)\(")
_ACCEPTS = re.compile(r"\baccept\(")
_NO_NEW_THREAD = "can't start new thread"


def death_of(process: LearnerProcess) -> CheckFailed:
    """Return the failure for a learner process that has gone."""
    if process.child.overflowed:
        return CheckFailed("too_many_threads", stuck=True)
    if process.child.exhausted:
        return CheckFailed("out_of_memory", stuck=True)
    if process.child.filled:
        return CheckFailed("disk_limit", stuck=True)
    if process.end in ("garbled", "deaf"):
        return CheckFailed("control_broken")
    limit = _LIMIT_OF_SIGNAL.get(signal_name(process.end))
    if limit is not None:
        return CheckFailed(limit)
    return CheckFailed("died", values={"end": process.end})


def raised_failure(raised: object) -> CheckFailed:
    """Return the failure for an exception that nobody expected."""
    if not isinstance(raised, Raised):
        return CheckFailed("ended")
    place = None
    if raised.frames:
        line, function = raised.frames[-1]
        place = Location(line=line, function=function, state="raised", doing=raised.type)
    text = f"{raised.type}: {raised.text}" if raised.text else raised.type
    kind = "raised"
    if raised.is_a("builtins.NotImplementedError"):
        kind = "not_implemented"
    elif raised.is_a("builtins.SystemExit"):
        return CheckFailed("died", location=place, values={"end": "SystemExit"})
    elif raised.errno == "ENOTCONN" and not _OF_BROKEN_CONNECTIONS.search(raised.source):
        kind = "not_connected"
    elif raised.errno == "EINVAL" and _ACCEPTS.search(raised.source):
        kind = "not_listening"
    elif raised.is_a("builtins.MemoryError"):
        kind = "out_of_memory"
    elif raised.text == _NO_NEW_THREAD and raised.is_a("builtins.RuntimeError"):
        kind = "too_many_threads"
    else:
        kind = _LIMIT_OF_ERRNO.get(raised.errno, kind)
    return CheckFailed(kind, received=text, location=place, values={"error": text})
