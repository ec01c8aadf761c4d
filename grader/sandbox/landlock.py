"""The ``partial`` rung: a zygote in a Landlock domain (landlock(7)), perhaps as another user.

For places that allow no namespaces, such as containers.  It sees the interpreter, the
submission and a private folder; system calls that no exercise needs are refused (seccomp).
What it shares with everything else is the network: TCP is held to a window of ports, UDP
is not.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import struct
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from grader.model import Isolation, Limits
from grader.sandbox import interpreter, seccomp
from grader.sandbox.base import (
    LEARNER_FOLDER,
    Submission,
    UnavailableError,
    config_for,
    executable,
    process_limit,
    remove_tree,
)
from grader.sandbox.zygote import ZygoteSandbox

_ETC = ("hosts", "host.conf", "nsswitch.conf", "services", "protocols", "gai.conf")
_USERS = range(61184, 65520)  # free for such uses: systemd's dynamic users, UIDS-GIDS.md
_CAP_CHOWN, _CAP_DAC_READ_SEARCH, _CAP_SETGID, _CAP_SETUID, _CAP_SYS_PTRACE = 0, 2, 6, 7, 19
_SHARED_MEMORY = "/dev/shm"  # where semaphores live: multiprocessing's locks and queues
_IP_LOCAL_PORT_RANGE = 51
_WINDOW = 2048
_PORTS_ABI, _SCOPES_ABI = 4, 6
Socket = socket.socket


class LandlockSandbox(ZygoteSandbox):
    """A zygote beside the judge that can reach little of the machine."""

    def __init__(self, submission: Submission, limits: Limits) -> None:
        if sys.platform != "linux":
            raise UnavailableError("not_linux")
        self._folder = Path(tempfile.mkdtemp(prefix="dojo-"))
        work = self._folder / "work"
        super().__init__(Isolation(level="partial", backend="landlock"), limits, work)
        self.ports: range = _window()
        self.user = 0
        self._place: Socket | None = None
        try:
            self.user, self._place = _take_user() if _can_become_others() else (0, None)
            path = self._folder / "submission" / f"{submission.slug}.py"
            path.parent.mkdir()
            work.mkdir()
            path.write_bytes(submission.source)
            if self.user:
                os.chmod(self._folder, 0o711)
                os.chown(work, self.user, self.user)
            config = config_for(
                submission,
                limits,
                str(path),
                str(work),
                processes=process_limit(limits, user=self.user),
                filter=seccomp.program(),
                domain=self._domain(path.parent),
                user=self.user,
                read_all=bool(self.user) and not _interpreter_is_open(),
            )
            runner = str(LEARNER_FOLDER / "runner.py")
            command = [executable(), "-I", "-S", "-X", "utf8", runner, "zygote", "{fd}"]
            self._launch(command, config, ())
        except BaseException:
            self.close()
            raise

    def _domain(self, submission: Path) -> dict[str, object]:
        etc = [f"/etc/{name}" for name in _ETC]
        own = [*etc, str(submission)]
        return {
            "read": [*interpreter.visible(), *own],
            "list": [str(tree) for tree in interpreter.trees()],
            "inner": [*map(str, interpreter.trees()), "/etc/ld.so.cache", *own],
            "devices": [f"/dev/{name}" for name in interpreter.DEVICES],
            "shared": [_SHARED_MEMORY],
            "ports": [self.ports.start, self.ports.stop - 1],
        }

    def _take_hello(self, hello: dict[str, object]) -> None:
        version = int(str(hello.get("landlock", 0)))
        if not version:
            error = str(hello.get("error", ""))
            raise UnavailableError(f"landlock_refused: {error}" if error else "no_landlock")
        missing = ["network"]
        if version < _PORTS_ABI:
            missing.append("tcp_ports")
        if not self.user:
            missing.append("other_user")
            if version < _SCOPES_ABI:
                missing.append("signals")
        if not hello.get("seccomp"):
            missing.append("seccomp")
        self.isolation = Isolation("partial", "landlock", tuple(missing))

    def socket(self, family: int, kind: int, proto: int = 0) -> Socket:
        """Make a socket whose ephemeral port is one of those that a learner may use."""
        made = socket.socket(family, kind, proto)
        if family in (socket.AF_INET, socket.AF_INET6):
            both = struct.pack("=I", self.ports.start | (self.ports.stop - 1) << 16)
            with contextlib.suppress(OSError):  # Linux 6.3; Landlock looks at ports from 6.7 on
                made.setsockopt(socket.IPPROTO_IP, _IP_LOCAL_PORT_RANGE, both)
        return made

    @property
    def network_pid(self) -> int:
        return os.getpid()

    def close(self) -> None:
        super().close()
        remove_tree(self._folder)
        if self.user:
            _remove_all_of(self.user, _SHARED_MEMORY)
        if self._place is not None:
            self._place.close()


def _window() -> range:
    """Return ports for one sandbox, anywhere in the system's ephemeral range."""
    first, last = 32768, 60999
    with contextlib.suppress(OSError, ValueError):
        words = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()
        first, last = int(words[0]), int(words[1])
    start = random.SystemRandom().randrange(first, max(first, last - _WINDOW) + 1)
    return range(start, min(start + _WINDOW, last + 1))


def _capabilities() -> int:
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("CapEff:"):
                return int(line.split()[1], 16)
    return 0


def _can_become_others() -> bool:
    """Say whether the judge may start processes as any user, and give them what they need."""
    wanted = [_CAP_CHOWN, _CAP_SETGID, _CAP_SETUID]
    if not _interpreter_is_open():
        wanted += [_CAP_DAC_READ_SEARCH, _CAP_SYS_PTRACE]
    held = _capabilities()
    return all(held >> number & 1 for number in wanted) and all(
        any(start <= user < start + count for start, count in _mapped_users())
        for user in (_USERS[0], _USERS[-1])
    )


def _mapped_users() -> Iterator[tuple[int, int]]:
    """Yield the ranges of users that exist in this user namespace (user_namespaces(7))."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines():
            start, _, count = (int(word) for word in line.split())
            yield start, count


def _interpreter_is_open() -> bool:
    return interpreter.open_to_everybody(Path(executable())) and interpreter.open_to_everybody(
        interpreter.library() / "os.py"
    )


def _remove_all_of(user: int, folder: str) -> None:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.stat(follow_symlinks=False).st_uid == user:
                    if entry.is_dir(follow_symlinks=False):
                        remove_tree(Path(entry.path))
                    else:
                        os.unlink(entry.path)


def _take_user() -> tuple[int, Socket | None]:
    """Return a user that no other sandbox uses, and what keeps it so until it is closed."""
    for user in random.SystemRandom().sample(_USERS, 50):
        place = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            place.bind(f"\0socket-dojo-user-{user}")
        except OSError:
            place.close()
            continue
        return user, place
    return 0, None
