"""The ``full`` rung: the zygote inside bubblewrap, in namespaces of its own (bwrap(1)).

It sees the interpreter, the runner, the submission and an empty folder; its network is a
loopback that nothing else is on.  CAP_SYS_ADMIN inside its own user namespace lets the
zygote give each check a PID namespace; learner processes get no capability.
"""

from __future__ import annotations

import os
import shutil
import sys

from grader.model import Isolation, Limits
from grader.sandbox import interpreter, processes, seccomp
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
from grader.sandbox.zygote import ZygoteSandbox

PRIVATE_FOLDERS = ("/work", "/tmp", "/dev/shm")
HOSTS = b"127.0.0.1 localhost\n::1 localhost\n"
_FILES = {
    "/etc/hosts": HOSTS,
    "/etc/nsswitch.conf": b"passwd: files\nhosts: files\nservices: files\n",
    "/etc/passwd": b"learner:x:1000:1000::/work:/bin/false\n",
    "/etc/services": b"",
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
    "CAP_NET_RAW",
]


def find() -> str:
    """Return the path of bubblewrap; SandboxError says that there is none."""
    path = shutil.which("bwrap")
    if sys.platform != "linux" or path is None:
        raise UnavailableError("bubblewrap_missing" if sys.platform == "linux" else "not_linux")
    return path


class BubblewrapSandbox(ZygoteSandbox):
    """A zygote in namespaces of its own."""

    def __init__(self, submission: Submission, limits: Limits) -> None:
        bwrap = find()
        super().__init__(Isolation(level="full", backend="bubblewrap"), limits)
        inside = f"/submission/{submission.slug}.py"
        fds: list[int] = []
        try:
            command = [bwrap, *_NAMESPACES, *_interpreter_mounts(), *_devices()]
            command += ["--proc", "/proc", "--remount-ro", "/proc"]
            for folder in PRIVATE_FOLDERS:
                command += ["--size", str(limits.file_mb << 20), "--tmpfs", folder]
            for name in RUNNER_FILES:
                command += ["--ro-bind", str(LEARNER_FOLDER / name), f"/dojo/{name}"]
            for path, content in {**_FILES, inside: submission.source}.items():
                fds.append(_memory_file(content))
                command += ["--ro-bind-data", str(fds[-1]), path]
            command += ["--remount-ro", "/", "--chdir", "/work"]
            command += [executable(), "-I", "-S", "-X", "utf8", "/dojo/runner.py", "zygote", "{fd}"]
            config = config_for(
                submission,
                limits,
                inside,
                "/work",
                namespaces=True,
                processes=process_limit(limits, namespace=True),
                filter=seccomp.program(),
            )
            self._launch(command, config, fds)
        except BaseException:
            self.close()
            raise
        finally:
            for fd in fds:
                os.close(fd)

    def _take_hello(self, hello: dict[str, object]) -> None:
        if not hello.get("seccomp"):
            self.isolation = Isolation("full", "bubblewrap", ("seccomp",))

    def _find_zygote(self) -> None:
        assert self._process is not None
        below = processes.descendants(self._process.pid)
        if not below:
            raise SandboxError("the zygote's process was not found")
        self._zygote_pid = below[-1]


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
