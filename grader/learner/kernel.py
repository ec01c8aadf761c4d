"""The system calls that the runner needs and the ``os`` module lacks, by way of ctypes.

Standard library only.  Everything here makes a learner process smaller: namespaces,
capabilities, a filter of system calls (seccomp(2)), a domain of files (landlock(7)).
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
from collections.abc import Iterable, Sequence

_CLONE_NEWNS = 0x00020000
_CLONE_NEWIPC = 0x08000000
_CLONE_NEWPID = 0x20000000
_CLONE_NEWNET = 0x40000000
_CLONE_NUMBERS = {"x86_64": 56, "aarch64": 220}
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 1, 2, 4, 8
_MS_REMOUNT, _MS_BIND, _MS_RELATIME = 32, 4096, 1 << 21
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_KEEPCAPS = 8
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_SECCOMP_NUMBERS = {"x86_64": 317, "aarch64": 277}
_SECCOMP_GET_ACTION_AVAIL, _SECCOMP_RET_ERRNO = 2, 0x0005_0000
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE, _PR_CAP_AMBIENT_CLEAR_ALL = 2, 4
_CAPABILITY_VERSION_3 = 0x20080522
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
CAP_DAC_READ_SEARCH, CAP_NET_RAW = 2, 13

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_LANDLOCK_VERSION = 1
_RULE_PATH, _RULE_PORT = 1, 2
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE, IOCTL_DEV = 1, 2, 4, 8, 1 << 14, 1 << 15
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
_ALL_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_ALL_SINCE_5 = (1 << 16) - 1
_PORTS_ABI, _SCOPES_ABI = 4, 6
_BIND_TCP, _CONNECT_TCP = 1, 2
_ABSTRACT_SOCKETS, _SIGNALS = 1, 2


class Kernel:
    """System calls of this process; the methods that can be refused say so by OSError or False."""

    def __init__(self) -> None:
        self._libc = ctypes.PyDLL(None, use_errno=True)
        self._python = ctypes.pythonapi
        # Looked up and made before anything forks: each child would do so again, and every page
        # that a child writes to is copied for it.
        for name in ("mount", "prctl", "capset", "syscall"):
            getattr(self._libc, name)
        self._capability_header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
        self._capability_sets = ctypes.c_uint32 * 6
        self._filter: tuple[bytes, object, object] = (b"", None, None)

    def fork_in_namespaces(self, *, network: bool = False) -> int:
        """Fork into new PID and mount namespaces; like ``os.fork()``, OSError if refused.

        ``network``: into new network and IPC namespaces, too.
        """
        number = _CLONE_NUMBERS.get(os.uname().machine)
        if number is None:
            raise OSError("no clone() number for this machine")
        flags = _CLONE_NEWPID | _CLONE_NEWNS | signal.SIGCHLD
        if network:
            flags |= _CLONE_NEWNET | _CLONE_NEWIPC
        self._python.PyOS_BeforeFork()
        pid: int = self._libc.syscall(number, flags, 0, 0, 0, 0)
        if pid == 0:
            self._python.PyOS_AfterFork_Child()
            return 0
        error = ctypes.get_errno()
        self._python.PyOS_AfterFork_Parent()
        if pid < 0:
            raise OSError(error, os.strerror(error))
        return pid

    def mount(
        self, kind: bytes, target: bytes, options: bytes = b"", read_only: bool = False
    ) -> bool:
        """Mount a fresh file system of ``kind``; False where the kernel refuses."""
        flags = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC | (_MS_RDONLY if read_only else 0)
        return bool(self._libc.mount(kind, target, kind, flags, options) == 0)

    def make_read_only(self, target: bytes) -> None:
        """Make one mount read-only; a device can still be written to, but not changed."""
        flags = _MS_REMOUNT | _MS_BIND | _MS_RELATIME | _MS_NOSUID | _MS_RDONLY
        self._libc.mount(None, target, None, flags, None)

    def seal(self, target: bytes) -> None:
        """Make a file system of one's own read-only (OSError)."""
        flags = _MS_REMOUNT | _MS_NOSUID | _MS_NODEV | _MS_NOEXEC | _MS_RDONLY
        if self._libc.mount(None, target, None, flags, None):
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))

    def become_subreaper(self) -> None:
        """Adopt the orphans of every descendant (prctl(2))."""
        self._libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def die_with_parent(self) -> None:
        """Have this process killed when the one that forked it ends (prctl(2))."""
        self._libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)

    def set_dumpable(self, flag: int) -> None:
        """Allow (1) or refuse (0) other processes of this user to look inside."""
        self._libc.prctl(_PR_SET_DUMPABLE, flag, 0, 0, 0)

    def keep_capabilities(self, kept: Iterable[int] = ()) -> None:
        """Give up every capability but those in ``kept`` (capset(2))."""
        self._libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
        low = sum(1 << number for number in kept)
        self._libc.capset(self._capability_header, self._capability_sets(low, low, 0, 0, 0, 0))

    def become_user(self, user: int, read_all: bool) -> None:
        """Become another user for good (OSError); ``read_all`` keeps CAP_DAC_READ_SEARCH.

        That is for an interpreter in a folder closed to other users: which files can be
        opened at all is then up to the Landlock domain.  It goes on through exec.
        """
        if read_all:
            self._libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        if read_all:
            low = 1 << CAP_DAC_READ_SEARCH
            sets = self._capability_sets(low, low, low, 0, 0, 0)
            self._libc.capset(self._capability_header, sets)
            self._libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0)
        self.set_dumpable(1)

    def no_new_privileges(self) -> None:
        """Make set-user-id programs ordinary ones, for this process and what it starts."""
        self._libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)

    def filters_work(self) -> bool:
        """Say whether a filter that answers with error numbers can be installed."""
        number = _SECCOMP_NUMBERS.get(os.uname().machine, -1)
        action = ctypes.c_uint32(_SECCOMP_RET_ERRNO)
        asked = self._libc.syscall(number, _SECCOMP_GET_ACTION_AVAIL, 0, ctypes.byref(action))
        return bool(asked == 0)

    def prepare_filter(self, program: bytes) -> None:
        """Make what `install_filter` hands to the kernel, once for all children."""
        buffer = ctypes.create_string_buffer(program, len(program))
        header = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
        self._filter = (program, ctypes.create_string_buffer(header), buffer)

    def install_filter(self, program: bytes) -> bool:
        """Put a filter of system calls into force (seccomp(2)); False where refused."""
        self.no_new_privileges()
        if self._filter[0] != program:
            self.prepare_filter(program)
        done = self._libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, self._filter[1], 0, 0)
        return bool(done == 0)

    def landlock_version(self) -> int:
        """Return the ABI of Landlock; 0 where this kernel has none."""
        return max(0, int(self._libc.syscall(_LANDLOCK_CREATE, None, 0, _LANDLOCK_VERSION)))

    def enter_domain(
        self, rules: Sequence[tuple[int, str]], ports: Iterable[int] | None = None
    ) -> int:
        """Confine this process and its children by Landlock; return the ABI (OSError: none).

        ``rules`` are (access bits, path): what is below a path may be used so, nothing
        else.  ``ports``: the TCP ports to bind and connect to (None: not looked at).
        Signals and abstract UNIX sockets stay inside, where the kernel can do that.
        """
        version = self.landlock_version()
        if not version:
            raise OSError("this kernel has no Landlock")
        handled = _ALL_BY_ABI.get(version, _ALL_SINCE_5)
        net = _BIND_TCP | _CONNECT_TCP if ports is not None and version >= _PORTS_ABI else 0
        scoped = _ABSTRACT_SOCKETS | _SIGNALS if version >= _SCOPES_ABI else 0
        words = (handled, net, scoped) if scoped else (handled, net) if net else (handled,)
        attribute = struct.pack(f"={len(words)}Q", *words)
        ruleset = self._landlock(_LANDLOCK_CREATE, attribute, len(attribute), 0)
        try:
            for access, path in rules:
                self._allow(ruleset, handled & access, path)
            if net:
                for port in ports or ():
                    rule = struct.pack("=QQ", net, port)
                    self._landlock(_LANDLOCK_ADD, ruleset, _RULE_PORT, rule, 0)
            self.no_new_privileges()
            self._landlock(_LANDLOCK_RESTRICT, ruleset, 0)
        finally:
            os.close(ruleset)
        return version

    def _allow(self, ruleset: int, access: int, path: str) -> None:
        try:
            fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            return  # what isn't there, or can't be entered, needs no leave
        try:
            if not os.path.isdir(path):
                access &= _OF_FILES
            if access:
                rule = struct.pack("=Qi", access, fd)
                self._landlock(_LANDLOCK_ADD, ruleset, _RULE_PATH, rule, 0)
        finally:
            os.close(fd)

    def _landlock(self, number: int, *arguments: object) -> int:
        result = int(self._libc.syscall(number, *arguments))
        if result < 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
        return result


def raise_loopback() -> None:
    """Bring up this network namespace's loopback, 127.0.0.1 and ::1 (netdevice(7), OSError)."""
    import fcntl
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        flags = struct.unpack_from("16xh", fcntl.ioctl(sock, _SIOCGIFFLAGS, b"lo".ljust(40, b"\0")))
        request = struct.pack("16sh22x", b"lo", flags[0] | _IFF_UP)
        fcntl.ioctl(sock, _SIOCSIFFLAGS, request)
