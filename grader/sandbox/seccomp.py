"""The system calls that a learner process may not make, as a filter for the kernel (seccomp(2)).

A refused call fails with an error number, as it would where the kernel lacks it: nothing is
killed, and a library that tries one goes on without it.  The filter is made in the judge and
put into force by the runner, in each learner process, after its last privileged step.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterable

# x86_64 and aarch64; None where the machine has no such call.
_DENIED: dict[str, tuple[int | None, int | None]] = {
    # Looking into other processes.
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "bpf": (321, 280),
    # Calls that other calls hide behind, and memory that no limit counts.
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "execveat": (322, 281),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    # File systems and namespaces.
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "mount_setattr": (442, 442),
    "setns": (308, 268),
    "unshare": (272, 97),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    # The kernel's keys, modules, clocks, names and logs.
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "clock_settime": (227, 112),
    "settimeofday": (164, 170),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "reboot": (169, 142),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "acct": (163, 89),
    "syslog": (103, 116),
    "vhangup": (153, 58),
    "personality": (135, 92),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "uselib": (134, None),
    "ioprio_set": (251, 30),
    "lookup_dcookie": (212, 18),
}
# Calls that are looked at more closely.
_CLONE, _CLONE3, _SOCKET, _IOCTL, _PRCTL = (56, 220), (435, 435), (41, 198), (16, 29), (157, 167)
# Calls for oneself only: the first argument is a process, 0 for the caller's.
_OWN: dict[str, tuple[int, int]] = {
    "prlimit64": (302, 261),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "sched_setaffinity": (203, 122),
}
_SETPRIORITY = (141, 140)

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_X32_BIT = 0x4000_0000
# Every CLONE_NEW… but CLONE_NEWTIME, which only clone3() takes: its bit is the exit signal's.
_CLONE_NAMESPACES = 0x7E02_0000
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_PR_SET_DUMPABLE = 4
_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16

_NR, _ARCH, _ARGS = 0, 4, 16
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO = 0x7FFF_0000, 0x0005_0000


def denied(machine: str) -> dict[str, int]:
    """Return the calls that are refused whatever their arguments are, with their numbers."""
    column, _ = _MACHINES[machine]
    return {name: number for name, row in _DENIED.items() if (number := row[column]) is not None}


def program(machine: str | None = None) -> bytes:
    """Return the filter as an array of ``struct sock_filter``; b"" for an unknown machine."""
    machine = os.uname().machine if machine is None else machine
    if machine not in _MACHINES:
        return b""
    column, architecture = _MACHINES[machine]
    made: list[bytes] = []
    refuse = _ERRNO | errno.EPERM
    made += _load(_ARCH) + _unless(architecture, refuse) + _load(_NR)
    if machine == "x86_64":
        made += [_op(_JUMP_AT_LEAST, _X32_BIT, 0, 1), _op(_RETURN, refuse)]
    for number in denied(machine).values():
        made += _if(number, refuse)
    # Its flags are in memory, out of a filter's sight; the C library then uses clone().
    made += _if(_CLONE3[column], _ERRNO | errno.ENOSYS)
    made += _case(_CLONE[column], [*_argument(0), *_if_any_bit(_CLONE_NAMESPACES, refuse)])
    terminals = [*_argument(1), *_if(_TIOCSTI, refuse), *_if(_TIOCLINUX, refuse)]
    made += _case(_IOCTL[column], terminals)
    # A process that can't be looked into would hide its open sockets from the judge.
    made += _case(_PRCTL[column], [*_argument(0), *_if(_PR_SET_DUMPABLE, refuse)])
    # Who shares a user with the learner's process, such as the one that looks after it, could
    # be starved by these.
    for row in _OWN.values():
        made += _case(row[column], [*_argument(0), *_unless(0, refuse)])
    one = [*_argument(0), *_unless(0, refuse), *_argument(1), *_unless(0, refuse)]
    made += _case(_SETPRIORITY[column], one)
    made += _case(_SOCKET[column], _families())
    made.append(_op(_RETURN, _ALLOW))
    return b"".join(made)


def _families() -> list[bytes]:
    """Allow IP, UNIX and route netlink sockets; AF_VSOCK, for one, knows no namespaces."""
    no_family = _ERRNO | errno.EAFNOSUPPORT
    allowed = (_AF_UNIX, _AF_INET, _AF_INET6)
    body = _argument(0)
    for family in allowed:
        body += _if(family, _ALLOW)
    body += _unless(_AF_NETLINK, no_family)
    return body + _argument(2) + _unless(0, no_family)


def _op(code: int, k: int, on_true: int = 0, on_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, on_true, on_false, k)


def _load(offset: int) -> list[bytes]:
    return [_op(_LOAD, offset)]


def _argument(index: int) -> list[bytes]:
    """Load the lower half of an argument (both machines are little-endian)."""
    return _load(_ARGS + 8 * index)


def _if(value: int, result: int) -> list[bytes]:
    return [_op(_JUMP_EQUAL, value, 0, 1), _op(_RETURN, result)]


def _unless(value: int, result: int) -> list[bytes]:
    return [_op(_JUMP_EQUAL, value, 1, 0), _op(_RETURN, result)]


def _if_any_bit(mask: int, result: int) -> list[bytes]:
    return [_op(_JUMP_ANY_BIT, mask, 0, 1), _op(_RETURN, result)]


def _case(number: int, body: Iterable[bytes]) -> list[bytes]:
    """Run ``body`` for one call, and allow it where the body comes to its end."""
    whole = [*body, _op(_RETURN, _ALLOW)]
    return [_op(_JUMP_EQUAL, number, 0, len(whole)), *whole]
