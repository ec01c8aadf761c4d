"""The filter of system calls: what it refuses, what it leaves alone, that Python lives with it."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Callable
from typing import Any

import pytest

from grader.harness.lab import Lab
from grader.sandbox import IsolationChoice, seccomp

MACHINE = os.uname().machine if hasattr(os, "uname") else ""
RUNGS = [
    pytest.param("full", marks=pytest.mark.needs_bwrap),
    pytest.param("partial", marks=pytest.mark.needs_landlock),
]
CLONE, PRCTL, IOCTL = {"x86_64": (56, 157, 16), "aarch64": (220, 167, 29)}.get(MACHINE, (0, 0, 0))
CLONE3 = 435


@pytest.fixture(params=RUNGS)
def lab(request: pytest.FixtureRequest, open_lab: Callable[..., Lab], spy: str) -> Lab:
    rung: IsolationChoice = request.param
    return open_lab(spy, rung)


def ask(lab: Lab, function: str, *arguments: object) -> Any:
    return lab.call(function, *arguments).returns()


def test_refuses_each_call_that_no_exercise_needs(lab: Lab) -> None:
    denied = seccomp.denied(MACHINE)
    answers = ask(lab, "system_calls", list(denied.values()))
    # The arguments are nonsense: without the filter the errors would be all kinds of others.
    answered = zip(denied, answers, strict=True)
    assert [name for name, error in answered if error != errno.EPERM] == []


def test_no_namespace_by_either_clone(lab: Lab) -> None:
    new_user, new_network = 0x10000000, 0x40000000
    assert ask(lab, "system_call", CLONE, new_user | 17, 0, 0, 0, 0) == errno.EPERM
    assert ask(lab, "system_call", CLONE, new_network | 17, 0, 0, 0, 0) == errno.EPERM
    assert ask(lab, "system_call", CLONE3, 0, 0) == errno.ENOSYS


def test_stays_visible_and_off_the_terminal(lab: Lab) -> None:
    set_dumpable, tiocsti = 4, 0x5412
    assert ask(lab, "system_call", PRCTL, set_dumpable, 0, 0, 0, 0) == errno.EPERM
    assert ask(lab, "system_call", IOCTL, 0, tiocsti, 0) == errno.EPERM
    get_dumpable = 3
    assert ask(lab, "system_call", PRCTL, get_dumpable, 0, 0, 0, 0) == 0


def test_limits_and_priorities_of_others_are_not_its_to_set(lab: Lab) -> None:
    parent, zero = ask(lab, "parent"), 0
    for numbers in seccomp._OWN.values():
        number = numbers[0 if MACHINE == "x86_64" else 1]
        assert ask(lab, "system_call", number, parent, 0, 0, 0) == errno.EPERM
        assert ask(lab, "system_call", number, zero, 0, 0, 0) != errno.EPERM
    number = seccomp._SETPRIORITY[0 if MACHINE == "x86_64" else 1]
    process, group, user = 0, 1, 2
    assert ask(lab, "system_call", number, process, parent, 5) == errno.EPERM
    assert ask(lab, "system_call", number, group, 0, 5) == errno.EPERM
    assert ask(lab, "system_call", number, user, 0, 5) == errno.EPERM
    assert ask(lab, "system_call", number, process, 0, 5) == 0


@pytest.mark.parametrize("family", [38, 40, 17, 29, 31, 44])
def test_only_families_that_namespaces_hold(lab: Lab, family: int) -> None:
    """Such as AF_VSOCK (40), which reaches the host of a virtual machine, and AF_ALG (38)."""
    assert ask(lab, "opens", family, int(socket.SOCK_DGRAM), 0) == errno.EAFNOSUPPORT


def test_netlink_for_interfaces_alone(lab: Lab) -> None:
    netlink, route, sock_diag = 16, 0, 4
    assert ask(lab, "opens", netlink, int(socket.SOCK_RAW), route) == "opened"
    assert ask(lab, "opens", netlink, int(socket.SOCK_RAW), sock_diag) == errno.EAFNOSUPPORT
    assert "lo" in ask(lab, "interfaces")


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX])
def test_ordinary_sockets_open(lab: Lab, family: int) -> None:
    assert ask(lab, "opens", int(family), int(socket.SOCK_STREAM), 0) == "opened"


def test_threads_processes_and_interpreters_start(lab: Lab) -> None:
    assert ask(lab, "counts_together", 3) == [0, 1, 2]
    assert str(ask(lab, "ids")[0]) in ask(lab, "starts_an_interpreter")


def test_none_where_the_machine_is_unknown() -> None:
    assert seccomp.program("sparc64") == b""


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_jump_lands_inside(machine: str) -> None:
    """Each path ends in a return; the program is small enough for the kernel (4096)."""
    program = seccomp.program(machine)
    steps = list(struct.iter_unpack("=HBBI", program))
    assert 50 < len(steps) < 4096
    assert steps[-1][0] & 7 == 6
    for index, (code, on_true, on_false, _) in enumerate(steps):
        if code & 7 == 5:
            assert index + 1 + max(on_true, on_false) < len(steps)
    assert len(set(seccomp.denied(machine).values())) == len(seccomp.denied(machine))


def test_other_architectures_calls_are_refused_too() -> None:
    """Run the program by hand: i386 and x32 numbers mean other calls (seccomp(2))."""
    program = seccomp.program("x86_64")
    eperm = 0x50000 | errno.EPERM
    assert run(program, nr=0, arch=0xC000003E) == 0x7FFF0000
    assert run(program, nr=26, arch=0x40000003) == eperm
    assert run(program, nr=0x40000000 | 521, arch=0xC000003E) == eperm
    assert run(program, nr=41, arch=0xC000003E, args=(2,)) == 0x7FFF0000
    assert run(program, nr=41, arch=0xC000003E, args=(40,)) == 0x50000 | errno.EAFNOSUPPORT
    assert run(program, nr=101, arch=0xC000003E) == eperm


def run(program: bytes, nr: int, arch: int, args: tuple[int, ...] = ()) -> int:
    """Return what a filter answers to one call (the few instructions that are used here)."""
    data = struct.pack("=IIQ6Q", nr, arch, 0, *(*args, 0, 0, 0, 0, 0, 0)[:6])
    steps = list(struct.iter_unpack("=HBBI", program))
    at, accumulator = 0, 0
    while True:
        code, on_true, on_false, k = steps[at]
        at += 1
        if code == 0x06:
            return int(k)
        if code == 0x20:
            accumulator = struct.unpack_from("=I", data, k)[0]
            continue
        held = {0x15: accumulator == k, 0x35: accumulator >= k, 0x45: bool(accumulator & k)}[code]
        at += on_true if held else on_false
