"""The runner: the process that a learner's code lives in.  Standard library only.

It is started in one of two ways, always with a socket to the judge:

``runner.py zygote FD``
    One per submission.  It compiles the submission once, imports what the submission
    will import from the standard library, then forks a child for each check (and makes
    sockets in its network namespace for the judge).  It never runs the learner's code.

``runner.py spawned HOST PORT TOKEN``
    One per check, where there is no fork: it connects to the judge and becomes the child.

Where the zygote may make namespaces, each check gets a PID namespace and a private
folder of its own: the kernel then ends everything that a check has started, daemons too.
The child's end of the story is in ``child.py``.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.learner import child, plain, rights
else:
    # In the sandbox there is no package, only this folder's files.
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import child
    import plain
    import rights

    sys.path.pop(0)

_CLONE_NEWNS = 0x00020000
_CLONE_NEWPID = 0x20000000
_CLONE_NUMBERS = {"x86_64": 56, "aarch64": 220}
_MS_RDONLY, _MS_NOSUID = 1, 2
_MS_REMOUNT, _MS_BIND, _MS_RELATIME = 32, 4096, 1 << 21
_MS_NOSUID_NODEV = 2 | 4
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_DUMPABLE = 4
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_NET_RAW = 13

# Modules that importing cannot surprise anybody with; the rest is left to the learner's process.
_PRELOADABLE = frozenset(
    """
    array argparse asyncio base64 binascii bisect codecs collections concurrent contextlib
    contextvars copy ctypes dataclasses datetime email enum errno fcntl fnmatch functools gc
    hashlib heapq hmac html http importlib inspect io ipaddress itertools json locale
    logging math mimetypes multiprocessing operator os pathlib platform posixpath queue
    random re resource secrets select selectors shutil signal socket socketserver ssl stat
    string struct subprocess sys tempfile textwrap threading time traceback types typing
    unicodedata urllib uuid warnings weakref zlib
    """.split()
)


class Kernel:
    """The few system calls that the ``os`` module lacks, by way of ctypes."""

    def __init__(self) -> None:
        import ctypes

        self._ctypes = ctypes
        self._libc = ctypes.PyDLL(None, use_errno=True)
        self._python = ctypes.pythonapi

    def fork_in_namespaces(self) -> int:
        """Fork into new PID and mount namespaces; like ``os.fork()``, OSError if refused."""
        number = _CLONE_NUMBERS.get(os.uname().machine)
        if number is None:
            raise OSError("no clone() number for this machine")
        flags = _CLONE_NEWPID | _CLONE_NEWNS | signal.SIGCHLD
        self._python.PyOS_BeforeFork()
        pid: int = self._libc.syscall(number, flags, 0, 0, 0, 0)
        if pid == 0:
            self._python.PyOS_AfterFork_Child()
            return 0
        error = self._ctypes.get_errno()
        self._python.PyOS_AfterFork_Parent()
        if pid < 0:
            raise OSError(error, os.strerror(error))
        return pid

    def mount(
        self, kind: bytes, target: bytes, options: bytes = b"", read_only: bool = False
    ) -> bool:
        """Mount a fresh file system of ``kind``; False where the kernel refuses."""
        flags = _MS_NOSUID_NODEV | (_MS_RDONLY if read_only else 0)
        return bool(self._libc.mount(kind, target, kind, flags, options) == 0)

    def make_read_only(self, target: bytes) -> None:
        """Make one mount read-only; a device can still be written to, but not changed."""
        flags = _MS_REMOUNT | _MS_BIND | _MS_RELATIME | _MS_NOSUID | _MS_RDONLY
        self._libc.mount(None, target, None, flags, None)

    def become_subreaper(self) -> None:
        """Adopt the orphans of every descendant (prctl(2))."""
        self._libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def set_dumpable(self, flag: int) -> None:
        """Allow (1) or refuse (0) other processes of this user to look inside."""
        self._libc.prctl(_PR_SET_DUMPABLE, flag, 0, 0, 0)

    def drop_capabilities(self, keep_raw: bool) -> None:
        """Give up every capability, but for CAP_NET_RAW where ``keep_raw`` (capset(2))."""
        ctypes = self._ctypes
        self._libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
        low = 1 << _CAP_NET_RAW if keep_raw else 0
        self._libc.capset(header, (ctypes.c_uint32 * 6)(low, low, 0, 0, 0, 0))


class Channel:
    """Frames and descriptors on the zygote's UNIX socket to the judge."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def receive(self) -> tuple[object, list[int]]:
        """Return the next frame's value and the descriptors that came with it (EOFError)."""
        fds: list[int] = []
        header = rights.receive_exactly(self.sock, 4, fds)
        body = rights.receive_exactly(self.sock, plain.frame_size(header), fds)
        return plain.decode(body), fds

    def send(self, value: object, fds: tuple[int, ...] = ()) -> None:
        """Write one frame, with descriptors beside it."""
        rights.send_all(self.sock, plain.encode(value), fds)


def preload(source: bytes) -> None:
    """Import the standard modules that a submission names, so that each fork has them."""
    import ast

    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    for name in sorted(names):
        if name.partition(".")[0] in _PRELOADABLE:
            try:
                __import__(name)
            except ImportError:
                continue  # an attribute of a module, or the learner's own mistake


class Zygote:
    """Forks one child per check and makes sockets for the judge."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        config, _ = channel.receive()
        assert isinstance(config, dict)
        self.config: dict[str, object] = config
        self.code: object = None
        self.kernel: Kernel | None = None
        self.raw = False

    def start(self) -> None:
        """Say hello, then compile the submission and tell the judge how that went."""
        self.channel.send({"hello": os.getpid()})
        report = self._compile()
        try:
            self.kernel = Kernel()
        except (ImportError, OSError, AttributeError):
            self.kernel = None
        if self.kernel is not None and self.config["namespaces"]:
            # Where the judge is root, a learner owns the system's /dev/null: chmod() must fail.
            for name in os.listdir("/dev"):
                self.kernel.make_read_only(b"/dev/" + name.encode())
        self.channel.send({"compiled": report})

    def _compile(self) -> dict[str, object]:
        path = str(self.config["path"])
        try:
            with open(path, "rb") as file:
                source = file.read()
            self.code = compile(source, path, "exec", dont_inherit=True)
            preload(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
            line = getattr(error, "lineno", None)
            text = str(getattr(error, "msg", None) or error) or type(error).__name__
            return {"error": type(error).__name__, "text": text[:500], "line": line or 0}
        return {}

    def serve(self) -> None:
        """Answer the judge until it hangs up."""
        while True:
            try:
                request, fds = self.channel.receive()
            except (EOFError, OSError):
                return
            assert isinstance(request, dict)
            if request["op"] == "fork":
                self._fork(request, fds)
            elif request["op"] == "socket":
                self._make_socket(request)
            self._reap()

    def _reap(self) -> None:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass

    def _make_socket(self, request: dict[str, object]) -> None:
        try:
            made = socket.socket(*request["spec"])  # type: ignore[misc]
        except OSError as error:
            self.channel.send({"error": error.errno or 0, "text": str(error)})
            return
        self.channel.send({}, (made.fileno(),))
        made.close()

    def _fork(self, request: dict[str, object], fds: list[int]) -> None:
        namespaces = bool(self.config["namespaces"]) and self.kernel is not None
        if namespaces:
            assert self.kernel is not None
            try:
                pid = self.kernel.fork_in_namespaces()
            except OSError:
                namespaces = False
        if not namespaces:
            pid = os.fork()
        if pid == 0:
            try:
                self._supervise(request, fds, namespaces)
            finally:
                os._exit(70)
        for fd in fds:
            os.close(fd)
        reply = {"pid": pid, "namespaces": namespaces}
        try:
            pidfd = os.pidfd_open(pid)
        except (AttributeError, OSError):
            self.channel.send(reply)
            return
        self.channel.send(reply, (pidfd,))
        os.close(pidfd)

    def _supervise(self, request: dict[str, object], fds: list[int], namespaces: bool) -> None:
        """Be the first process of one check: fork the learner's, collect what it leaves."""
        control, output, dump, status = fds
        self.channel.sock.close()
        folder = str(self.config["work"])
        if namespaces:
            assert self.kernel is not None
            size = b"size=%sm" % str(self.config["file_mb"]).encode()
            for private in (folder, "/tmp", "/dev/shm"):
                self.kernel.mount(b"tmpfs", private.encode(), size)
            # Read-only: where the judge is root, /proc/sys would be open to the learner.
            if not self.kernel.mount(b"proc", b"/proc", read_only=True):
                self.kernel.mount(b"tmpfs", b"/proc")
        elif self.kernel is not None:
            self.kernel.become_subreaper()
            folder = os.path.join(folder, str(os.getpid()))
            os.mkdir(folder, 0o700)
        if self.kernel is not None:
            self.kernel.drop_capabilities(bool(request.get("raw")))
        os.chdir(folder)
        pid = os.fork()
        if pid == 0:
            os.close(status)
            self._become_learner(control, output, dump)
        for fd in (control, output, dump):
            os.close(fd)
        self._collect(pid, status)

    def _collect(self, learner: int, status: int) -> None:
        while True:
            try:
                pid, how = os.waitpid(-1, 0)
            except ChildProcessError:
                os._exit(0)
            if pid == learner:
                word = b"signal %d" if os.WIFSIGNALED(how) else b"exit %d"
                value = os.WTERMSIG(how) if os.WIFSIGNALED(how) else os.WEXITSTATUS(how)
                os.write(status, word % value)
                os.close(status)

    def _become_learner(self, control: int, output: int, dump: int) -> None:
        os.setsid()
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        os.close(null)
        os.close(output)
        if self.kernel is not None:
            self.kernel.set_dumpable(1)
        channel = socket.socket(fileno=control)
        child.Child(channel, self.config, self.code, dump).run()


def _zygote(fd: int) -> None:
    zygote = Zygote(Channel(socket.socket(fileno=fd)))
    zygote.start()
    zygote.serve()
    os._exit(0)


def _spawned(host: str, port: int, token: str) -> None:
    control = socket.create_connection((host, port))
    control.sendall(token.encode())
    control.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config, _ = child.receive(control)
    assert isinstance(config, dict)
    os.chdir(str(config["work"]))
    child.Child(control, config, None, None).run()


if __name__ == "__main__":
    for _name in ("plain", "rights", "child"):
        sys.modules.pop(_name, None)
    if sys.argv[1] == "zygote":
        _zygote(int(sys.argv[2]))
    else:
        _spawned(sys.argv[2], int(sys.argv[3]), sys.argv[4])
