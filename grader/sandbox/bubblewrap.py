"""The ``full`` rung: the zygote inside bubblewrap, in namespaces of its own (bwrap(1)).

It sees the interpreter, the runner, the submission and an empty folder; its network is a
loopback that nothing else is on.  CAP_SYS_ADMIN inside its own user namespace lets the nursery
give each zygote, and the zygote each check, further namespaces (CAP_NET_ADMIN: bring up their
loopback); learner processes get no capability.
"""

from __future__ import annotations

import os
import shutil
import sys

from grader.model import Isolation, Limits
from grader.sandbox import interpreter, seccomp
from grader.sandbox.base import (
    LEARNER_FOLDER,
    RUNNER_FILES,
    SandboxError,
    Submission,
    UnavailableError,
    config_for,
    executable,
    process_limit,
)
from grader.sandbox.nursery import Nursery, await_end
from grader.sandbox.zygote import END_BOUND, ZygoteSandbox, pid_of

PRIVATE_FOLDERS = ("/work", "/tmp", "/dev/shm")
_SUBMISSION = "/submission"
HOSTS = b"127.0.0.1 localhost\n::1 localhost\n"
_FILES = {
    "/etc/hosts": HOSTS,
    "/etc/nsswitch.conf": b"passwd: files\nhosts: files\nservices: files\n",
    "/etc/passwd": b"learner:x:1000:1000::/work:/bin/false\n",
    "/etc/services": b"",
}
_ENVIRONMENT = {
    "MALLOC_ARENA_MAX": "4",
    # Names are looked up once, before any fork (ld.so(8)), not in each child.
    "LD_BIND_NOW": "1",
}
_NAMESPACES = [
    "--unshare-user",
    "--unshare-pid",
    "--unshare-net",
    "--unshare-ipc",
    "--unshare-uts",
    "--unshare-cgroup-try",
    "--die-with-parent",
    "--new-session",
    "--uid",
    "1000",
    "--gid",
    "1000",
    "--hostname",
    "dojo",
    "--clearenv",
    "--cap-drop",
    "ALL",
    "--cap-add",
    "CAP_SYS_ADMIN",
    "--cap-add",
    "CAP_NET_ADMIN",
    "--cap-add",
    "CAP_NET_RAW",
]


def find() -> str:
    """Return the path of bubblewrap; SandboxError says that there is none."""
    path = shutil.which("bwrap")
    if sys.platform != "linux" or path is None:
        raise UnavailableError("bubblewrap_missing" if sys.platform == "linux" else "not_linux")
    return path


class BubblewrapSandbox(ZygoteSandbox):
    """A zygote in namespaces of its own; from ``nursery``, where the judge keeps one."""

    def __init__(
        self, submission: Submission, limits: Limits, nursery: Nursery | None = None
    ) -> None:
        self._kept = nursery is not None
        self._nursery = nursery or make_nursery()
        self._pidfd = -1
        super().__init__(Isolation(level="full", backend="bubblewrap"), limits)
        try:
            self._order(submission)
        except BaseException:
            self.close()
            raise

    def _order(self, submission: Submission) -> None:
        try:
            self._nursery.start()
        except OSError as error:
            raise self._refusal(str(error)) from None
        self._process = self._nursery.process
        self._nursery.order(self._remote)
        self._remote.close()
        config = config_for(
            submission,
            self.limits,
            f"{_SUBMISSION}/{submission.slug}.py",
            "/work",
            namespaces=True,
            processes=process_limit(self.limits, namespace=True),
            filter=seccomp.program(),
            source=submission.source,
        )
        self._hand_over(config)

    def _await_hello(self) -> None:
        if not self._alive and self._pidfd < 0:
            self._pidfd = self._nursery.born()
        super()._await_hello()

    def _take_hello(self, hello: dict[str, object]) -> None:
        if "error" in hello:
            raise SandboxError(f"no zygote: {hello['error']}")
        if not hello.get("seccomp"):
            self.isolation = Isolation("full", "bubblewrap", ("seccomp",))

    def _find_zygote(self) -> None:
        self._zygote_pid = pid_of(self._pidfd)

    def complaint(self) -> str:
        return self._nursery.complaint()

    def _end(self) -> None:
        if self._pidfd >= 0:
            await_end(self._pidfd, END_BOUND)
            os.close(self._pidfd)
            self._pidfd = -1
        elif not self._alive:
            self._nursery.close()  # it still owes a zygote to a sandbox that is no more
        if not self._kept:
            self._nursery.close()


def make_nursery() -> Nursery:
    """Return a nursery inside bubblewrap; it starts when it is needed (UnavailableError: none)."""
    find()
    return Nursery(_command)


def _command() -> tuple[list[str], list[int]]:
    """Return the command that starts a nursery, and the descriptors that it names."""
    command = [find(), *_NAMESPACES, *_interpreter_mounts(), *_devices()]
    command += ["--proc", "/proc", "--remount-ro", "/proc"]
    for folder in (*PRIVATE_FOLDERS, _SUBMISSION):
        command += ["--size", str(1 << 20), "--tmpfs", folder]
    for name in RUNNER_FILES:
        command += ["--ro-bind", str(LEARNER_FOLDER / name), f"/dojo/{name}"]
    fds: list[int] = []
    for path, content in _FILES.items():
        fds.append(_memory_file(content))
        command += ["--ro-bind-data", str(fds[-1]), path]
    command += ["--remount-ro", "/", "--chdir", "/work"]
    for name, value in _ENVIRONMENT.items():
        command += ["--setenv", name, value]
    command += [executable(), "-I", "-S", "-X", "utf8", "/dojo/runner.py", "nursery", "{fd}"]
    return command, fds


def _memory_file(content: bytes) -> int:
    fd = os.memfd_create("content", os.MFD_CLOEXEC)
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _devices() -> list[str]:
    """Return the mounts for ``/dev``.

    Not ``--dev``: for its terminals bubblewrap makes a second user namespace, and what is
    inside that one may neither mount a ``/proc`` of its own nor open raw sockets.
    """
    words = ["--size", str(1 << 20), "--tmpfs", "/dev", "--dir", "/dev/shm"]
    for name in interpreter.DEVICES:
        words += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    return [*words, "--symlink", "/proc/self/fd", "/dev/fd", "--remount-ro", "/dev"]


def _interpreter_mounts() -> list[str]:
    """Return the mounts that the interpreter needs: itself, its library, shared objects."""
    words: list[str] = []
    for link, target in interpreter.links().items():
        words += ["--symlink", target, link]
    for tree in interpreter.trees():
        words += ["--ro-bind", str(tree), str(tree)]
    words += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    for folder in interpreter.hidden():
        words += ["--tmpfs", str(folder), "--remount-ro", str(folder)]
    return words
