"""The runner: the process that a learner's code lives in.  Standard library only.

It is started in one of two ways, always with a socket to the judge:

``runner.py nursery FD``
    One per judge, in a sandbox.  It forks a zygote for each submission that is sent to it, in
    network, IPC, PID and mount namespaces of its own, and does nothing else.

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

import gc
import os
import signal
import socket
import sys
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.learner import child, kernel, plain, rights
else:
    # In the sandbox there is no package, only this folder's files.
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import child
    import plain
    import rights

    if sys.argv[1:2] in (["zygote"], ["nursery"]):
        try:
            import kernel
        except ImportError:  # an interpreter without ctypes
            kernel = None

    sys.path.pop(0)

_READ = 1 | 4 | 8  # kernel.EXECUTE, READ_FILE, READ_DIR
_LIST = 8
_USE_DEVICE = 2 | 4
_OWN = (1 << 16) - 1

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
    import ast  # `settle` has done that already

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


def settle() -> None:
    """Take what is there out of the garbage collector's sight: looking at it would copy it."""
    import ast  # noqa: F401

    gc.collect()
    gc.freeze()


class Nursery:
    """Forks one zygote per submission."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.kernel = kernel.Kernel()
        child.warm_up()
        settle()

    def serve(self) -> None:
        """Answer the judge until it hangs up."""
        while True:
            try:
                _, fds = self.channel.receive()
            except (EOFError, OSError):
                return
            try:
                pid = self.kernel.fork_in_namespaces(network=True)
            except OSError as error:
                self.channel.send({"error": error.strerror})
                continue
            finally:
                self._reap()
            if pid == 0:
                try:
                    self._become_zygote(fds[0])
                finally:
                    os._exit(70)
            os.close(fds[0])
            pidfd = os.pidfd_open(pid)
            self.channel.send({"pid": pid}, (pidfd,))
            os.close(pidfd)

    def _reap(self) -> None:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass

    def _become_zygote(self, fd: int) -> None:
        self.channel.sock.close()
        # The nursery's is one pipe for all submissions, which nobody reads before its end.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        channel = Channel(socket.socket(fileno=fd))
        zygote = Zygote(channel, self.kernel)
        try:
            self._furnish(zygote.config)
        except OSError as error:
            channel.send({"error": error.strerror or str(error)})
            return
        zygote.start()
        zygote.serve()

    def _furnish(self, config: dict[str, object]) -> None:
        """Bring up the zygote's own network and lay out the submission (OSError)."""
        self.kernel.die_with_parent()
        kernel.raise_loopback()
        path, source = str(config["path"]), config.pop("source")
        assert isinstance(source, bytes)
        folder = os.path.dirname(path).encode()
        if not self.kernel.mount(b"tmpfs", folder, b"mode=755"):
            raise OSError("no folder for the submission")
        with open(path, "wb") as file:
            file.write(source)
        self.kernel.seal(folder)


class Zygote:
    """Forks one child per check and makes sockets for the judge."""

    def __init__(self, channel: Channel, calls: kernel.Kernel | None = None) -> None:
        self.channel = channel
        config, _ = channel.receive()
        assert isinstance(config, dict)
        self.config: dict[str, object] = config
        self.code: object = None
        self.kernel: kernel.Kernel | None = calls
        self.raw = False

    def start(self) -> None:
        """Say hello and what holds, then compile the submission and tell how that went."""
        if kernel is not None and self.kernel is None:
            child.warm_up()
            settle()
            try:
                self.kernel = kernel.Kernel()
            except (OSError, AttributeError):
                self.kernel = None
        if self.kernel is not None and not self.config["namespaces"]:
            # For what a learner's process leaves where it has ended the one above it.
            self.kernel.become_subreaper()
        self.channel.send({"hello": os.getpid(), **self._confine()})
        report = self._compile()
        if self.kernel is not None and self.config["namespaces"]:
            # Where the judge is root, a learner owns the system's /dev/null: chmod() must fail.
            for name in os.listdir("/dev"):
                self.kernel.make_read_only(b"/dev/" + name.encode())
        program = self.config.get("filter")
        if self.kernel is not None and isinstance(program, bytes):
            self.kernel.prepare_filter(program)
        gc.freeze()
        self.channel.send({"compiled": report})

    def _confine(self) -> dict[str, object]:
        """Become another user and enter a Landlock domain, where told to; say what was done."""
        held: dict[str, object] = {"seccomp": False, "landlock": 0, "user": 0}
        if self.kernel is None:
            return held
        held["seccomp"] = bool(self.config.get("filter")) and self.kernel.filters_work()
        if not held["seccomp"]:
            self.config["filter"] = b""
        domain = self.config.get("domain")
        if not isinstance(domain, dict):
            return held
        try:
            if self.config.get("user"):
                self.kernel.become_user(
                    int(str(self.config["user"])), bool(self.config.get("read_all"))
                )
                held["user"] = os.getuid()
            rules = [(_READ, path) for path in domain["read"]]
            rules += [(_LIST, path) for path in domain["list"]]
            rules += [(_USE_DEVICE, path) for path in domain["devices"]]
            rules += [(_OWN, path) for path in (*domain["shared"], str(self.config["work"]))]
            first, last = domain["ports"]
            held["landlock"] = self.kernel.enter_domain(rules, [0, *range(first, last + 1)])
        except OSError as error:
            held["error"] = str(error)
        return held

    def _compile(self) -> dict[str, object]:
        path = str(self.config["path"])
        try:
            with open(path, "rb") as file:
                source = file.read()
            with warnings.catch_warnings():
                # Nobody reads them here, and whoever writes more than a pipe holds is stuck.
                warnings.simplefilter("ignore")
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
                self._sweep()
                return
            assert isinstance(request, dict)
            if request["op"] == "fork":
                self._fork(request, fds)
            elif request["op"] == "socket":
                self._make_socket(request)
            self._reap()

    def _sweep(self) -> None:
        """End what is left of all checks, also where the judge itself was killed.

        Only as a user that exists for this sandbox alone may that be everybody.
        """
        if self.config.get("user") and os.getuid() == self.config["user"]:
            try:
                os.kill(-1, signal.SIGKILL)
            except OSError:
                return

    def _reap(self) -> None:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass

    def _make_socket(self, request: dict[str, object]) -> None:
        made: list[socket.socket] = []
        try:
            for _ in range(int(str(request["count"]))):
                made.append(socket.socket(*request["spec"]))  # type: ignore[misc]
        except OSError as error:
            if not made:
                self.channel.send({"error": error.errno or 0, "text": str(error)})
                return
        self.channel.send({}, tuple(sock.fileno() for sock in made))
        for sock in made:
            sock.close()

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
        if self.kernel is not None and not self.config.get("user"):
            self.kernel.keep_capabilities([kernel.CAP_NET_RAW] if request.get("raw") else [])
        if self.kernel is not None:
            self.kernel.die_with_parent()
            # What watches over the learner's process is no business of the learner's.
            self.kernel.set_dumpable(0)
        os.chdir(folder)
        pid = os.fork()
        if pid == 0:
            os.close(status)
            self._become_learner(control, output, dump, folder)
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

    def _become_learner(self, control: int, output: int, dump: int, folder: str) -> None:
        os.setsid()
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        os.close(null)
        os.close(output)
        if self.kernel is not None:
            self.kernel.set_dumpable(1)
            self.kernel.die_with_parent()
            self._shut(self.kernel, folder)
        channel = socket.socket(fileno=control)
        child.Child(channel, self.config, self.code, dump).run()

    def _shut(self, calls: kernel.Kernel, folder: str) -> None:
        """Take the last steps before a learner's code may run: they can't be taken back."""
        domain = self.config.get("domain")
        if isinstance(domain, dict):
            # The outer domain has the exact list; this one keeps the checks from each other.
            rules = [(_READ, path) for path in domain["inner"]]
            rules += [(_USE_DEVICE, path) for path in domain["devices"]]
            rules += [(_OWN, path) for path in (*domain["shared"], folder)]
            calls.enter_domain(rules)
        program = self.config.get("filter")
        if isinstance(program, bytes) and program and not calls.install_filter(program):
            os._exit(72)


def _zygote(fd: int) -> None:
    zygote = Zygote(Channel(socket.socket(fileno=fd)))
    zygote.start()
    zygote.serve()
    os._exit(0)


def _nursery(fd: int) -> None:
    Nursery(Channel(socket.socket(fileno=fd))).serve()
    os._exit(0)


def _spawned(host: str, port: int, token: str) -> None:
    control = socket.create_connection((host, port))
    control.sendall(token.encode())
    control.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = child.receive(control)
    assert isinstance(config, dict)
    os.chdir(str(config["work"]))
    child.Child(control, config, None, None).run()


if __name__ == "__main__":
    for _name in ("plain", "rights", "child", "kernel"):
        sys.modules.pop(_name, None)
    if sys.argv[1] == "zygote":
        _zygote(int(sys.argv[2]))
    elif sys.argv[1] == "nursery":
        _nursery(int(sys.argv[2]))
    else:
        _spawned(sys.argv[2], int(sys.argv[3]), sys.argv[4])
